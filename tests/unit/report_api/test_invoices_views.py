"""What the report page asks of the store, and what it offers for each line."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from halosync.contracts.run import RunCounters
from halosync.domain.line_outcome import LineOutcome, line_outcome
from halosync.domain.model import Action, LineKind, Outcome, Reason
from halosync.domain.remedy import REMEDIES, Remedy
from halosync.domain.states import RunState
from halosync.ports.invoice_report import CustomerLines, LineChoice, LineCounts, LineSort, ReportedInvoice, ReportedRun
from halosync.ports.invoice_views import LoadedInvoice
from halosync.ports.line_views import LineView
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from report_api.invoices.pages import SORTS, ReportQuery
from report_api.invoices.views import PossibleRemedies, RemedyButton, ShownLine, shown_customers
from report_api.runs import sentences

RUN = UUID(int=1)
AT = datetime(2026, 11, 5, tzinfo=UTC)
INVOICE = LoadedInvoice(1, "INV-1", 1, "2026-11", "AUD", 1, Decimal(1), AT, AT)
SYNCED = ReportedInvoice(INVOICE, is_newest=True, run=ReportedRun(RUN, RunState.PARTIAL, AT, RunCounters()))
EARLIER = ReportedInvoice(INVOICE, is_newest=False, run=SYNCED.run)
NOT_YET = ReportedInvoice(INVOICE, is_newest=True, run=None)
LINE = LineView(
    line_no=1,
    line_id="1",
    customer_id="C-1",
    customer_name="A & B",
    product_code="P/1",
    product_name="Product",
    kind=LineKind.RECURRING,
    quantity=Decimal(3),
    unit_price=Decimal("0.335"),
    billing_cycle="Monthly",
    outcome=Outcome.FAILED,
    action=Action.NONE,
    reason=None,
    detail=None,
    item_id=7,
    run_id=RUN,
)


def shown(
    of: ReportedInvoice = SYNCED, *, connection: str = "connected", idle: bool = True, **changed: Any
) -> ShownLine:
    customer = CustomerLines("C-1", "A & B", LineCounts(*[1] * 8), [], [replace(LINE, **changed)])
    [made] = shown_customers([customer], of, PossibleRemedies("p 1", connection, idle=idle))
    return made.lines[0]


def test_every_act_is_a_page_a_run_or_nothing() -> None:
    begins = {Remedy.APPROVE_REMOVALS, Remedy.APPROVE_REVIEW, Remedy.APPROVE_CHANGES, Remedy.RETRY}
    assert set(sentences.REMEDY_PAGES) | begins | {Remedy.NONE, Remedy.CORRECT, Remedy.SYNC} == set(Remedy)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words_and_the_button_of_its_act(reason: Reason) -> None:
    expected = {
        Remedy.LINK_CUSTOMER: RemedyButton("Link the customer", "/portal/p%201/customers?q=A+%26+B"),
        Remedy.INCLUDE_CUSTOMER: RemedyButton("Open Customers", "/portal/p%201/customers?q=A+%26+B"),
        Remedy.LINK_LICENCE: RemedyButton("Link the licence", "/portal/p%201/licences?q=P%2F1"),
        Remedy.RECONNECT: RemedyButton("Reconnect Halo", "/portal/p%201/halo-psa"),
        Remedy.APPROVE_REMOVALS: RemedyButton("Look at the removals", f"/portal/p%201/runs/{RUN}/removals"),
        Remedy.APPROVE_REVIEW: RemedyButton("Look at the first review", f"/portal/p%201/runs/{RUN}/review"),
        Remedy.APPROVE_CHANGES: RemedyButton("Look at the edits", f"/portal/p%201/runs/{RUN}/held"),
        Remedy.RETRY: RemedyButton("Try again", f"/portal/p%201/runs/{RUN}/retry", posts=True),
        Remedy.SYNC: None,  # the Sync button stands above the lines
        Remedy.CORRECT: None,  # trying again does not help; the detail says what does
        Remedy.NONE: None,
    }
    line = shown(reason=reason)
    assert line.remedy == expected[REMEDIES[reason]]
    assert line.note == sentences.REASONS[reason]


@pytest.mark.parametrize("reason", Reason)
def test_nothing_that_begins_a_run_is_offered_when_none_can_begin(reason: Reason) -> None:
    approvals = {Remedy.APPROVE_REMOVALS, Remedy.APPROVE_REVIEW, Remedy.APPROVE_CHANGES}
    begins = REMEDIES[reason] in {Remedy.RETRY, *approvals}
    earlier, going_on = shown(EARLIER, reason=reason), shown(idle=False, reason=reason)
    for line in (earlier, going_on, shown(connection="broken", reason=reason)):
        assert (line.remedy is None) == (begins or REMEDIES[reason] in {Remedy.NONE, Remedy.CORRECT, Remedy.SYNC})
    assert (shown(connection="disconnected", reason=reason).remedy is not None) == (
        REMEDIES[reason] is Remedy.RECONNECT
    )


def test_a_line_that_is_fine_says_what_was_done() -> None:
    line = shown(outcome="synced", action="update")
    assert (line.meaning.label, line.note, line.remedy) == ("Synced", "Updated in Halo", None)
    assert line.total == Decimal("1.01")  # half a cent rounds up, as in the invoice's total


def test_a_line_without_an_outcome_is_not_synchronised_yet() -> None:
    line = shown(NOT_YET, outcome=None, action=None, item_id=None)
    assert (line.meaning, line.note, line.remedy) == (sentences.NOT_YET, None, None)


def test_a_line_that_does_not_recur_is_skipped_whatever_became_of_its_product() -> None:
    became = line_outcome(LineKind.CREDIT, LineOutcome(Outcome.FAILED, Action.UPDATE, "halo_rejected"))
    line = shown(
        kind=LineKind.CREDIT,
        outcome=became.outcome,
        action=became.action,
        reason=became.reason,
        detail=became.detail,
    )
    assert (line.meaning.label, line.note, line.remedy) == ("Skipped", "Not a recurring charge", None)


def test_what_is_skipped_and_should_not_be_is_marked() -> None:
    assert shown(outcome="skipped", reason="customer_not_found").meaning.tone == "warn"
    assert shown(outcome="skipped", reason="customer_excluded").meaning.tone == "none"


def test_every_order_can_be_chosen_both_ways() -> None:
    assert set(SORTS) == {f"{sign}{sort}" for sort in LineSort for sign in ("", "-")}
    for name in SORTS:
        choice = ReportQuery(sort=name).choice
        assert f"{'-' if choice.order.descending else ''}{choice.order.sort}" == name


def test_a_query_that_asks_for_nothing_narrows_nothing() -> None:
    for query in (ReportQuery(), ReportQuery(invoice="INV-1", q="  ", sort="customer", page=3)):
        assert not query.narrowed
        assert query.choice == LineChoice()
    assert not any(ReportQuery(sort="customer").filters.values())


@given(
    status=st.sampled_from(["", "attention", *Outcome]),
    kind=st.sampled_from(["", *LineKind]),
    q=st.text(st.characters(exclude_characters="\0"), max_size=20),
    sort=st.sampled_from(["", *SORTS]),
)
def test_the_filters_of_a_query_ask_for_the_same_again(status: object, kind: object, q: str, sort: str) -> None:
    query = ReportQuery(status=status, kind=kind, q=q, sort=sort)
    again = ReportQuery.model_validate({name: value for name, value in query.filters.items() if value})
    assert again.choice == query.choice
    everything = LineChoice(order=query.choice.order)
    assert again.narrowed == query.narrowed == (query.choice != everything)


@pytest.mark.parametrize("wrong", [{"status": "fine"}, {"sort": "--total"}, {"page": 0}, {"q": "\0"}, {"kind": "x"}])
def test_a_query_that_no_form_of_ours_makes_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ReportQuery.model_validate(wrong)
