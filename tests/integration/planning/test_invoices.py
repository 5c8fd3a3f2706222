"""One suite for the store of invoices and its double: which of them count (spec section 9, "Which invoice")."""

from uuid import UUID

import pytest
from halosync.contracts.invoice_checks import InvalidInvoiceError
from halosync.domain.invoice_choice import MonthInvoices
from halosync.domain.plan import Plan

from .stages import PARTNER, Stage, read

FIRST = UUID(int=101)
REQUESTED = "run.requested.v1"
MAY = {"period": "2026-05", "issued_at": "2026-05-05T02:00:00Z"}
LATER = {"period": "2026-05", "issued_at": "2026-05-06T02:00:00Z"}


async def started(stage: Stage) -> list[list[str]]:
    """Return the invoices of each run that has begun, and end it before it has planned."""
    found = []
    for run_id in await stage.messages(REQUESTED):
        found.append(await stage.invoices_of(run_id))
        await stage.runs.claim(run_id, FIRST)
        await stage.runs.fail(run_id, FIRST, "internal_error", "No.")
    return found


async def test_a_higher_revision_counts_and_a_lower_one_is_refused(stage: Stage) -> None:
    await stage.publish(invoice_id="A", **MAY)
    await stage.publish(invoice_id="A", revision=3, **MAY)
    assert await started(stage) == [["A/1"]]  # while it went on, the revision had to wait
    with pytest.raises(InvalidInvoiceError, match="revision"):
        await stage.publish(invoice_id="A", revision=2, **MAY)
    assert await stage.start() is not None
    assert await started(stage) == [["A/3"]]


@pytest.mark.parametrize("order", ["ABC", "CBA", "BCA", "CAB"])
async def test_what_was_replaced_does_not_count_in_whatever_order_they_come(stage: Stage, order: str) -> None:
    replaces = {"A": None, "B": "A", "C": "B"}
    for name in order:
        await stage.publish(invoice_id=name, replaces=replaces[name], **MAY)
    await started(stage)
    assert await stage.start() is not None
    assert await started(stage) == [["C/1"]]


async def test_of_several_invoices_of_a_month_none_is_taken_until_somebody_says_which_count(stage: Stage) -> None:
    await stage.publish(invoice_id="A", **MAY)
    assert await started(stage) == [["A/1"]]
    await stage.publish(invoice_id="B", **LATER)
    assert await started(stage) == []
    await stage.choose("2026-05", MonthInvoices.TOGETHER)
    await stage.publish(invoice_id="B", revision=2, **LATER)
    assert await started(stage) == [["B/2", "A/1"]]
    await stage.choose("2026-05", MonthInvoices.NEWEST)
    assert await stage.start() is not None
    assert await started(stage) == [["B/2"]]


async def test_an_older_month_starts_nothing_once_a_newer_one_was_written(stage: Stage) -> None:
    await stage.publish(invoice_id="A", **MAY)
    [run_id] = await stage.messages(REQUESTED)
    await stage.runs.claim(run_id, FIRST)
    progress = await read(stage, run_id, [], [])
    await stage.runs.planning(run_id, FIRST)
    await stage.plans.store(progress, FIRST, await stage.plans.settings(PARTNER), Plan([], 0, 0), [], apply=True)
    await stage.publish(invoice_id="B", period="2026-04", issued_at="2026-05-09T02:00:00Z")
    assert await started(stage) == []


async def test_an_event_that_says_something_else_than_before_is_refused(stage: Stage) -> None:
    event_id = str(UUID(int=77))
    await stage.publish(event_id=event_id, invoice_id="A", **MAY)
    await stage.publish(event_id=event_id, invoice_id="A", **MAY)
    with pytest.raises(InvalidInvoiceError, match="under this event_id before"):
        await stage.publish(event_id=event_id, invoice_id="A", revision=2, **MAY)
    assert await started(stage) == [["A/1"]]
