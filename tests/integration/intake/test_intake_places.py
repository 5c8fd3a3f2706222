"""Large invoices, large plans and files that are fetched: who waits for whom."""

import asyncio
import json
from uuid import uuid4

import pytest
from devstack.wait import until
from halosync.store.invoices import InvoiceStore
from planner.intake import CROWDED_WAIT_S, Intake
from planner.planning_slots import SMALL_BYTES, PlanningSlots
from structlog.contextvars import bound_contextvars
from structlog.testing import capture_logs

from tests.integration.invoice_host import Answer

from .desk import Desk, event

pytestmark = pytest.mark.integration


async def test_a_large_invoice_waits_while_a_large_plan_needs_the_memory(desk: Desk) -> None:
    slots = PlanningSlots()
    intake = Intake(InvoiceStore(desk.pool), desk.runs, desk.intake._lines, slots)

    async def waits() -> bool:
        return slots.crowded

    async with slots.take(large=True):
        with bound_contextvars(event_id=(event_id := str(uuid4()))), capture_logs() as logs:
            taking = asyncio.create_task(intake.take_in(json.dumps(event()).encode() + b" " * SMALL_BYTES))
            await until(waits, what="waiting for the memory", timeout_s=10)
        assert [(line["why"], line["event_id"]) for line in logs] == [
            ("another large plan or invoice is at work", event_id)
        ]
        assert await desk.standing() == {}
    await taking
    assert await desk.standing() == {("INV-1", 1): True}


async def test_a_large_invoice_comes_back_later_instead_of_standing_in_line(desk: Desk) -> None:
    slots = PlanningSlots()
    intake = Intake(InvoiceStore(desk.pool), desk.runs, desk.intake._lines, slots)
    body = json.dumps(event()).encode() + b" " * SMALL_BYTES

    async def waits() -> bool:
        return slots.crowded

    async with slots.take(large=True):
        taking = asyncio.create_task(intake.take_in(body))
        await until(waits, what="waiting for the memory", timeout_s=10)
        with bound_contextvars(event_id=str(uuid4())), capture_logs() as logs:
            assert await intake.take_in(body) == CROWDED_WAIT_S
        assert [(line["waits_for"], line["wait_s"]) for line in logs] == [("a slot to work in", CROWDED_WAIT_S)]
        assert await intake.take_in(json.dumps(event(invoice_id="small")).encode()) is None
    assert await taking is None


async def test_a_small_invoice_is_taken_in_beside_a_large_plan(desk: Desk) -> None:
    slots = PlanningSlots()
    intake = Intake(InvoiceStore(desk.pool), desk.runs, desk.intake._lines, slots)
    async with slots.take(large=True):
        await intake.take_in(json.dumps(event()).encode())
        assert await desk.standing() == {("INV-1", 1): True}


async def test_a_plan_does_not_wait_for_a_file_that_is_still_fetched(desk: Desk) -> None:
    slots = PlanningSlots()
    intake = Intake(InvoiceStore(desk.pool), desk.runs, desk.intake._lines, slots)
    desk.host.answers(Answer(b"{", promised=1000, stalls=True))
    by_url = event(lines=None, lines_url=desk.host.url("/lines"))

    async def fetches() -> bool:
        return bool(desk.host.asked)

    taking = asyncio.create_task(intake.take_in(json.dumps(by_url).encode()))
    await until(fetches, what="fetching", timeout_s=10)
    async with asyncio.timeout(5), slots.take(large=True):
        assert not taking.done()
    taking.cancel()
    await asyncio.wait([taking])
