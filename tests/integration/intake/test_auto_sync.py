"""Runs that an invoice starts by itself: when, and for which revision."""

import json

import httpx
import pytest
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.invoice_choice import MonthInvoices
from halosync.store.invoices import InvoiceStore
from halosync.store.month_choices import MonthChoices
from planner.intake import Intake
from planner.lines_fetcher import LinesFetcher
from planner.planning_slots import PlanningSlots

from .desk import PARTNER, Desk, event

pytestmark = pytest.mark.integration


async def test_without_auto_sync_no_run_is_started(desk: Desk) -> None:
    await desk.connect()
    await desk.take_in()
    await desk.auto_sync(on=True)
    assert await desk.runs.start_wanted(PARTNER) is None
    assert await desk.runs_of() == []


async def test_auto_sync_starts_a_run_when_the_invoice_arrives(desk: Desk) -> None:
    await desk.connect()
    await desk.auto_sync(on=True)
    body = json.dumps(event()).encode()
    await desk.intake.take_in(body)
    await desk.intake.take_in(body)
    assert await desk.runs_of() == [("INV-1", 1, "queued")]
    assert await desk.answers() == ["invoice.accepted.v1", "run.requested.v1"]


async def test_auto_sync_waits_for_the_connection(desk: Desk) -> None:
    await desk.auto_sync(on=True)
    await desk.take_in()
    assert await desk.runs_of() == []
    await desk.connect()
    assert await desk.runs.start_wanted(PARTNER) is not None
    assert await desk.runs.start_wanted(PARTNER) is None
    assert await desk.runs_of() == [("INV-1", 1, "queued")]


async def test_auto_sync_waits_for_the_run_that_goes_on(desk: Desk) -> None:
    await desk.connect()
    await desk.auto_sync(on=True)
    await desk.take_in()
    await desk.take_in(revision=2)
    assert await desk.runs_of() == [("INV-1", 1, "queued")]
    await desk.end_run()
    await desk.runs.start_all_wanted()
    assert await desk.runs_of() == [("INV-1", 1, "succeeded"), ("INV-1", 2, "queued")]
    await desk.end_run()
    await desk.runs.start_all_wanted()
    assert len(await desk.runs_of()) == 2


async def test_auto_sync_is_owed_for_the_revision_that_counts_only(desk: Desk) -> None:
    await desk.auto_sync(on=True)
    for revision in (1, 2):
        await desk.take_in(revision=revision)
    await desk.take_in(invoice_id="INV-2", replaces="INV-1")
    await desk.connect()
    await desk.runs.start_all_wanted()
    await desk.end_run()
    await desk.runs.start_all_wanted()
    assert await desk.runs_of() == [("INV-2", 1, "succeeded")]


async def test_auto_sync_that_was_switched_off_owes_nothing(desk: Desk) -> None:
    await desk.auto_sync(on=True)
    await desk.take_in()
    await desk.auto_sync(on=False)
    await desk.connect()
    await desk.runs.start_all_wanted()
    assert await desk.runs_of() == []


async def test_a_run_that_cannot_start_does_not_lose_the_invoice(desk: Desk) -> None:
    """The invoice is stored before its run is started: if that fails, the second delivery starts it."""
    await desk.connect()
    await desk.auto_sync(on=True)
    body = json.dumps(event()).encode()

    class Broken:
        async def start_wanted(self, partner_id: str) -> None:
            raise TimeoutError(partner_id)

    async with httpx.AsyncClient() as http:
        broken = Intake(InvoiceStore(desk.pool), Broken(), LinesFetcher(http, frozenset()), PlanningSlots())
        with pytest.raises(TimeoutError):
            await broken.take_in(body)
    assert await desk.runs_of() == []
    await desk.intake.take_in(body)
    assert await desk.runs_of() == [("INV-1", 1, "queued")]


async def test_auto_sync_leaves_an_older_month_alone(desk: Desk) -> None:
    """A correction of October that comes after November would bring October's quantities back."""
    await desk.connect()
    await desk.auto_sync(on=True)
    await desk.take_in(invoice_id="INV-NOV", period="2026-11")
    await desk.pool.execute("UPDATE run SET writing_at = now()")
    await desk.end_run()
    await desk.take_in(invoice_id="INV-OCT", period="2026-10", issued_at="2026-11-09T02:00:00Z")
    await desk.take_in(invoice_id="INV-OCT-2", period="2026-10", replaces="INV-NOV")
    await desk.runs.start_all_wanted()
    assert await desk.runs_of() == [("INV-NOV", 1, "succeeded")]


async def test_auto_sync_waits_until_somebody_says_which_of_several_invoices_count(desk: Desk) -> None:
    await desk.connect()
    await desk.auto_sync(on=True)
    await desk.take_in(invoice_id="INV-A")
    await desk.end_run()
    await desk.take_in(invoice_id="INV-B")
    await desk.runs.start_all_wanted()
    assert await desk.runs_of() == [("INV-A", 1, "succeeded")]
    months = MonthChoices(desk.pool)
    await months.choose_invoices(PARTNER, "2026-11", MonthInvoices.TOGETHER, by=COMMAND_LINE)
    await desk.runs.start_all_wanted()
    assert await desk.runs_of() == [("INV-A", 1, "succeeded"), ("INV-B", 1, "queued")]
    assert await desk.pool.fetchval("SELECT count(*) FROM run_further_invoice") == 1
    await desk.end_run()
    await desk.runs.start_all_wanted()
    assert len(await desk.runs_of()) == 2


async def test_an_invoice_that_joins_the_others_of_its_month_late_is_owed_a_run_too(desk: Desk) -> None:
    """It is not the newest of the month: it was issued before the one that came first."""
    await desk.connect()
    await desk.auto_sync(on=True)
    await desk.take_in(invoice_id="INV-A")
    await desk.end_run()
    months = MonthChoices(desk.pool)
    await months.choose_invoices(PARTNER, "2026-11", MonthInvoices.TOGETHER, by=COMMAND_LINE)
    await desk.take_in(invoice_id="INV-0", issued_at="2026-11-04T02:00:00Z")
    assert await desk.runs_of() == [("INV-A", 1, "succeeded"), ("INV-A", 1, "queued")]
