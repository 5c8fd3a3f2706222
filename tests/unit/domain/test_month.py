"""The sums of a month: whatever the groups are, they add up, and what keeps a month open is told."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from devstack.fields import Fields
from halosync.domain.model import Outcome, Reason
from halosync.domain.month import CustomerSum, MonthGroup, MonthReason, MonthState, ReasonSum, not_recurring, reconcile
from hypothesis import given
from hypothesis import strategies as st

AMOUNTS = st.decimals(min_value=-1000, max_value=1000, places=2)
GROUPS = st.builds(
    MonthGroup,
    customer_id=st.sampled_from(["C-1", "C-2"]),
    customer_name=st.just("Contoso"),
    halo_client_id=st.none() | st.integers(1, 3),
    billing_cycle=st.sampled_from([None, "Monthly", " monthly", "Annual"]),
    outcome=st.none() | st.sampled_from(Outcome),
    reason=st.none() | st.sampled_from([*MonthReason, Reason.HALO_REJECTED, Reason.QUANTITY_ZERO]),
    things=st.integers(1, 5),
    accepted=st.integers(0, 1),
    billed=AMOUNTS,
    in_halo=AMOUNTS,
)


def total(values: Iterable[Decimal]) -> Decimal:
    return sum(values, Decimal(0))


@given(st.lists(GROUPS, max_size=12))
def test_every_sum_adds_up(groups: list[MonthGroup]) -> None:
    month = reconcile(groups)
    for total_of in month.totals:
        assert total_of.billed == total_of.in_halo + total_of.explained + total_of.unexplained
    for name in ("billed", "in_halo"):
        sums = {total([getattr(each, name) for each in every]) for every in (groups, month.totals, month.customers)}
        assert len(sums) == 1
    assert total([each.difference for each in month.customers]) == total([group.difference for group in groups])
    assert total([each.amount for each in month.reasons]) == total([each.explained for each in month.totals])
    assert sum(each.keeps_open for each in month.customers) == month.open_things
    assert len({(each.billing_cycle or "").strip().casefold() for each in month.totals}) == len(month.totals)


SYNCED = MonthGroup("C-1", "Contoso", 7, "Monthly", Outcome.SYNCED, None, 1, 0, Decimal(10), Decimal(10))


def group(**changed: Any) -> MonthGroup:
    return replace(SYNCED, **changed)


def state(*groups: MonthGroup, closed: bool = False) -> MonthState:
    return reconcile(groups).state(closed=closed)


def test_a_month_is_ready_when_nothing_is_left_or_all_of_it_is_accepted() -> None:
    failed: Fields = {"outcome": Outcome.FAILED, "reason": Reason.HALO_REJECTED, "in_halo": Decimal(0)}
    assert state() is MonthState.READY
    assert state(group()) is MonthState.READY
    assert state(group(**failed)) is MonthState.OPEN
    assert state(group(**failed, accepted=1)) is MonthState.READY
    assert state(group(outcome=Outcome.SKIPPED, reason=Reason.CUSTOMER_EXCLUDED)) is MonthState.READY
    assert state(group(outcome=Outcome.SKIPPED, reason=Reason.CUSTOMER_NOT_FOUND)) is MonthState.OPEN
    assert state(group(outcome=None, reason=MonthReason.NOT_SYNCHRONISED)) is MonthState.OPEN
    assert state(group(in_halo=Decimal(9))) is MonthState.OPEN  # nothing explains it
    assert state(group(**failed), closed=True) is MonthState.CLOSED


def test_a_customer_has_its_own_sums_and_reasons() -> None:
    failed: Fields = {"outcome": Outcome.FAILED, "reason": Reason.HALO_REJECTED, "in_halo": Decimal(4)}
    month = reconcile(
        [
            group(halo_client_id=None),
            group(**failed, things=2, accepted=1, halo_client_id=9),
            group(**failed, things=3, accepted=1, billing_cycle="Annual"),
            group(customer_id="C-2", customer_name="Fabrikam", halo_client_id=None, accepted=1),
        ]
    )
    reasons = [ReasonSum(Reason.HALO_REJECTED, 5, Decimal(12), 3, held=0, accepted=2)]
    assert month.customers == [
        CustomerSum("C-1", "Contoso", 7, Decimal(30), Decimal(18), Decimal(12), 3, reasons),
        CustomerSum("C-2", "Fabrikam", None, Decimal(10), Decimal(10), Decimal(0), 0, []),
    ]
    assert (month.reasons, month.accepted, month.open_things) == (reasons, 3, 3)


def test_what_differs_and_needs_nothing_is_told_apart() -> None:
    failed: Fields = {"outcome": Outcome.FAILED, "reason": Reason.HALO_REJECTED, "in_halo": Decimal(4)}
    excluded: Fields = {"outcome": Outcome.SKIPPED, "reason": Reason.CUSTOMER_EXCLUDED, "in_halo": Decimal(0)}
    month = reconcile([group(), group(**failed), group(**excluded), group(**excluded, billing_cycle="Yearly")])
    assert (month.not_synchronised, month.needs_nothing) == (Decimal(6), Decimal(20))
    month = reconcile([group(**failed), group(billed=Decimal(13))])
    assert month.needs_nothing == 0, "what nobody explains is not told to need nothing"


def test_a_reason_says_how_much_of_it_is_held() -> None:
    edited: Fields = {"reason": Reason.EDITED_IN_HALO, "in_halo": Decimal(0)}
    month = reconcile([group(**edited, outcome=Outcome.HELD, things=2), group(**edited, things=3)])
    assert [(each.count, each.held) for each in month.reasons] == [(5, 2)]


def test_what_has_no_billing_cycle_comes_first() -> None:
    month = reconcile([group(), group(billing_cycle=None), group(billing_cycle="Yearly")])
    assert [each.billing_cycle for each in month.totals] == [None, "Monthly", "Yearly"]


def test_what_has_no_amounts_makes_no_billing_cycle() -> None:
    month = reconcile([group(billing_cycle="Yearly", billed=Decimal(0), in_halo=Decimal(0)), group()])
    assert [each.billing_cycle for each in month.totals] == ["Monthly"]


def test_a_sum_of_nothing_is_money_too() -> None:
    month = reconcile([group()])
    assert isinstance(month.not_synchronised, Decimal)
    assert isinstance(month.totals[0].explained, Decimal)


def test_what_is_not_synchronised_is_what_keeps_the_month_open() -> None:
    month = reconcile(
        [
            group(outcome=Outcome.FAILED, reason=Reason.HALO_REJECTED, in_halo=Decimal(4)),
            group(outcome=Outcome.SYNCED, reason=MonthReason.ROUNDING, in_halo=Decimal("10.01")),
        ]
    )
    assert (month.not_synchronised, month.open_things) == (Decimal(6), 1)
    assert [(each.reason, each.amount) for each in month.reasons] == [
        (Reason.HALO_REJECTED, Decimal(6)),
        (MonthReason.ROUNDING, Decimal("-0.01")),
    ]


def test_what_halo_holds_is_known_once_a_run_has_looked() -> None:
    before: Fields = {"outcome": None, "reason": MonthReason.NOT_SYNCHRONISED, "in_halo": Decimal(0)}
    assert not reconcile([group(**before)]).compared
    assert reconcile([group(**before), group()]).compared
    assert reconcile([]).compared
    left_out = {**before, "outcome": Outcome.SKIPPED}
    assert reconcile([group(**left_out)]).compared, "a run has looked, though it left all of it out"
    assert reconcile([group(**{**before, "in_halo": Decimal(4)})]).compared, "what an earlier month has left"


def test_what_does_not_recur_is_what_invoices_bill_besides() -> None:
    assert not_recurring([Decimal("756.00"), Decimal("-10.00")], [Decimal("378.00"), Decimal("60.50")]) == Decimal(
        "307.50"
    )
    assert isinstance(nothing := not_recurring([], []), Decimal), "an amount, as others are"
    assert not nothing
