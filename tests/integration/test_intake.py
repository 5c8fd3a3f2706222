"""Taking in invoices on real Postgres: once, newest revision, all of it or nothing, and an answer to each."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio
from devstack.wait import until
from halosync.contracts.invoice import InvoiceAccepted, InvoiceRejected
from halosync.contracts.invoice_checks import InvalidInvoiceError
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.invoice_choice import MonthInvoices
from halosync.store.invoices import InvoiceStore
from halosync.store.month_choices import MonthChoices
from halosync.store.partners import PartnerStore
from halosync.store.queries import QUERIES
from halosync.store.runs import RunStore
from planner.intake import CROWDED_WAIT_S, Intake
from planner.lines_fetcher import LinesFetcher
from planner.planning_slots import SMALL_BYTES, PlanningSlots
from structlog.contextvars import bound_contextvars
from structlog.testing import capture_logs

from tests.invoices import HEADER, line

from .invoice_host import Answer, InvoiceHost, running_invoice_host

pytestmark = pytest.mark.integration

PARTNER = "acme-msp"


def event(**values: Any) -> dict[str, Any]:
    return {**HEADER, "event_id": str(uuid4()), "lines": [line()], **values}


@dataclass
class Desk:
    """The intake of one planner."""

    pool: "asyncpg.Pool[Any]"
    host: InvoiceHost
    runs: RunStore
    intake: Intake

    async def take_in(self, **values: Any) -> None:
        await self.intake.take_in(json.dumps(event(**values)).encode())

    async def refused(self, **values: Any) -> list[tuple[int | None, str]]:
        """Take in what cannot be taken in; return line and field of each problem."""
        with pytest.raises(InvalidInvoiceError) as error:
            await self.take_in(**values)
        return [(problem.line, problem.field) for problem in error.value.problems]

    async def standing(self) -> dict[tuple[str, int], bool]:
        """Which revisions of which invoices are stored, and whether they still count."""
        rows = await self.pool.fetch("SELECT invoice_id, revision, superseded_by FROM invoice")
        return {(row["invoice_id"], row["revision"]): row["superseded_by"] is None for row in rows}

    async def lines(self) -> list[tuple[int, str]]:
        rows = await self.pool.fetch("SELECT line_no, product_code FROM invoice_line ORDER BY invoice_pk, line_no")
        return [(row["line_no"], row["product_code"]) for row in rows]

    async def answers(self) -> list[str]:
        """The types of what is to be published, in order."""
        rows = await self.pool.fetch("SELECT message_type FROM outbox ORDER BY outbox_id")
        return [row["message_type"] for row in rows]

    async def connect(self) -> None:
        await self.pool.execute(
            "INSERT INTO connection (partner_id, state, tenant) VALUES ($1, 'connected', 'acme')", PARTNER
        )

    async def auto_sync(self, *, on: bool) -> None:
        await self.pool.execute("UPDATE partner SET auto_sync = $2 WHERE partner_id = $1", PARTNER, on)

    async def runs_of(self) -> list[tuple[str, int, str]]:
        rows = await self.pool.fetch(
            "SELECT invoice_id, revision, state FROM run JOIN invoice USING (invoice_pk) ORDER BY run.created_at"
        )
        return [tuple(row) for row in rows]

    async def end_run(self) -> None:
        """End the run that goes on."""
        await self.pool.execute("UPDATE run SET state = 'succeeded' WHERE state = 'queued'")


@pytest_asyncio.fixture(loop_scope="session")
async def desk(pool: "asyncpg.Pool[Any]") -> AsyncIterator[Desk]:
    await PartnerStore(pool).add(PARTNER, "Acme MSP")
    runs = RunStore(pool)
    async with running_invoice_host() as host, httpx.AsyncClient(trust_env=False) as http:
        fetcher = LinesFetcher(http, frozenset({host.name}))
        yield Desk(pool, host, runs, Intake(InvoiceStore(pool), runs, fetcher, PlanningSlots()))


async def test_an_invoice_is_stored_with_its_lines_and_answered(desk: Desk) -> None:
    await desk.take_in(lines=[line(1), line(2, product_code="P-2", kind="credit", quantity="-0.5")])
    assert await desk.standing() == {("INV-1", 1): True}
    assert await desk.lines() == [(1, "P-1"), (2, "P-2")]
    assert await desk.pool.fetchrow("SELECT line_count, total::text FROM invoice") == (2, "15.00")
    assert await desk.answers() == ["invoice.accepted.v1"]
    answer = InvoiceAccepted.model_validate_json(await desk.pool.fetchval("SELECT body FROM outbox"))
    assert (answer.partner_id, answer.invoice_id, answer.revision, answer.line_count, str(answer.total)) == (
        *(PARTNER, "INV-1", 1, 2),
        "15.00",
    )


async def test_redelivery_changes_nothing_and_is_not_answered_again(desk: Desk) -> None:
    body = json.dumps(event()).encode()
    await asyncio.gather(*(desk.intake.take_in(body) for _ in range(8)))
    await desk.intake.take_in(body)
    assert await desk.lines() == [(1, "P-1")]
    assert await desk.answers() == ["invoice.accepted.v1"]


@pytest.mark.parametrize("changed", [{"period": "2026-12"}, {"lines": [line(quantity="3")]}, {"invoice_id": "INV-2"}])
async def test_another_content_under_the_same_event_id_is_answered(desk: Desk, changed: dict[str, Any]) -> None:
    sent = event()
    await desk.take_in(**sent)
    with pytest.raises(InvalidInvoiceError, match="event_id: another invoice, or another content, came under this"):
        await desk.take_in(**sent | changed)
    await desk.take_in(**sent | {"unknown": 1})
    assert await desk.answers() == ["invoice.accepted.v1", "invoice.rejected.v1"]
    assert await desk.standing() == {("INV-1", 1): True}


async def test_a_line_without_customer_is_stored_and_nothing_is_planned_for_it(desk: Desk) -> None:
    """Nobody's line must not lead to a client in Halo that has no name."""
    usage = {"line_id": "2", "product_code": "AZ", "kind": "usage", "quantity": "0.0159369774", "unit_price": "1.28"}
    await desk.take_in(lines=[line(1), usage])
    assert await desk.pool.fetchval("SELECT quantity::text FROM invoice_line WHERE line_no = 2") == "0.0159369774"
    invoice_pk = await desk.pool.fetchval("SELECT invoice_pk FROM invoice")
    planned = QUERIES.lines_of(desk.pool, invoice_pk=invoice_pk, run_id=uuid4())
    assert [row["line_no"] async for row in planned] == [1]


async def test_a_higher_revision_supersedes_the_lower_ones(desk: Desk) -> None:
    for revision in (1, 2, 7):
        await desk.take_in(revision=revision)
    assert await desk.standing() == {("INV-1", 1): False, ("INV-1", 2): False, ("INV-1", 7): True}


@pytest.mark.parametrize("late", [1, 2])
async def test_a_lower_or_equal_revision_changes_nothing_and_is_rejected(desk: Desk, late: int) -> None:
    await desk.take_in(revision=2)
    assert await desk.refused(revision=late) == [(None, "revision")]
    assert await desk.standing() == {("INV-1", 2): True}
    assert await desk.answers() == ["invoice.accepted.v1", "invoice.rejected.v1"]


async def test_revisions_that_arrive_at_once_leave_the_highest(desk: Desk) -> None:
    bodies = [json.dumps(event(revision=revision)).encode() for revision in (3, 1, 4, 2, 5)]
    await asyncio.gather(*(desk.intake.take_in(body) for body in bodies), return_exceptions=True)
    standing = await desk.standing()
    assert [revision for (_, revision), counts in standing.items() if counts] == [5]
    assert len(await desk.answers()) == len(bodies)


async def test_the_same_invoice_id_of_another_partner_is_another_invoice(desk: Desk) -> None:
    await PartnerStore(desk.pool).add("other-msp", "Other")
    await desk.take_in(revision=2)
    await desk.take_in(partner_id="other-msp", revision=1, replaces="INV-1")
    rows = await desk.pool.fetch("SELECT partner_id FROM invoice WHERE superseded_by IS NULL ORDER BY partner_id")
    assert [row["partner_id"] for row in rows] == [PARTNER, "other-msp"]


@pytest.mark.parametrize("order", [("INV-1", "INV-2"), ("INV-2", "INV-1")], ids=["in order", "replacement first"])
async def test_an_invoice_that_is_replaced_does_not_count(desk: Desk, order: tuple[str, str]) -> None:
    for invoice_id in order:
        await desk.take_in(invoice_id=invoice_id, replaces="INV-1" if invoice_id == "INV-2" else None)
    assert await desk.standing() == {("INV-1", 1): False, ("INV-2", 1): True}


async def test_a_late_revision_of_a_replaced_invoice_stays_replaced(desk: Desk) -> None:
    await desk.take_in()
    await desk.take_in(invoice_id="INV-2", replaces="INV-1")
    await desk.take_in(revision=2)
    assert await desk.standing() == {("INV-1", 1): False, ("INV-1", 2): False, ("INV-2", 1): True}


async def test_an_invoice_cannot_replace_itself_away(desk: Desk) -> None:
    await desk.take_in(replaces="INV-1")
    await desk.take_in(revision=2, replaces="INV-1")
    assert await desk.standing() == {("INV-1", 1): False, ("INV-1", 2): True}


async def test_an_empty_invoice_is_accepted_and_starts_no_run(desk: Desk) -> None:
    await desk.connect()
    await desk.auto_sync(on=True)
    await desk.take_in(lines=[], line_count=0, total="0")
    assert await desk.standing() == {("INV-1", 1): True}
    assert await desk.answers() == ["invoice.accepted.v1"]
    assert await desk.runs_of() == []


async def test_an_unknown_partners_invoice_is_rejected_and_can_be_replayed(desk: Desk) -> None:
    body = json.dumps(event(partner_id="new-msp")).encode()
    with pytest.raises(InvalidInvoiceError, match="partner_id: no such partner"):
        await desk.intake.take_in(body)
    await PartnerStore(desk.pool).add("new-msp", "New")
    await desk.intake.take_in(body)
    assert await desk.standing() == {("INV-1", 1): True}
    assert await desk.answers() == ["invoice.rejected.v1", "invoice.accepted.v1"]


async def test_a_bad_line_in_the_middle_stores_nothing_and_can_be_mended(desk: Desk) -> None:
    bad = event(lines=[*map(line, range(500)), line(quantity="x"), *map(line, range(500))])
    assert await desk.refused(**bad) == [(501, "quantity")]
    assert (await desk.standing(), await desk.lines()) == ({}, [])
    await desk.take_in(**bad | {"lines": [line()]})
    assert await desk.standing() == {("INV-1", 1): True}


async def test_a_rejection_is_answered_once_with_everything_that_is_wrong(desk: Desk) -> None:
    bad = event(lines=[line(kind="?"), line(), line(quantity="NaN")])
    assert await desk.refused(**bad) == [(1, "kind"), (3, "quantity")]
    assert await desk.answers() == ["invoice.rejected.v1"]
    answer = InvoiceRejected.model_validate_json(await desk.pool.fetchval("SELECT body FROM outbox"))
    assert (answer.invoice_event_id, answer.partner_id, answer.invoice_id, answer.revision) == (
        *(bad["event_id"], PARTNER, "INV-1"),
        1,
    )
    assert [(problem.line, problem.field) for problem in answer.problems] == [(1, "kind"), (3, "quantity")]
    assert "line 3, quantity" in answer.reason


async def test_a_rejection_that_is_delivered_again_is_told_under_the_same_event_id(desk: Desk) -> None:
    """A planner may die after the answer and before the acknowledgement; another reason is another rejection."""
    body = json.dumps(event(partner_id="new-msp", lines=[line(kind="?")])).encode()
    for _ in range(2):
        with pytest.raises(InvalidInvoiceError, match="no such partner"):
            await desk.intake.take_in(body)
    await PartnerStore(desk.pool).add("new-msp", "New")
    with pytest.raises(InvalidInvoiceError, match="kind"):
        await desk.intake.take_in(body)
    rows = await desk.pool.fetch("SELECT body FROM outbox ORDER BY outbox_id")
    first, again, other = (InvoiceRejected.model_validate_json(row["body"]).event_id for row in rows)
    assert first == again
    assert first != other


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


@pytest.mark.parametrize("body", [b"\xff\0", b"{}", b'{"partner_id": "\\u0000", "revision": 1e999}', b"[" * 10_000])
async def test_whatever_is_rejected_is_answered(desk: Desk, body: bytes) -> None:
    with pytest.raises(InvalidInvoiceError):
        await desk.intake.take_in(body)
    assert await desk.answers() == ["invoice.rejected.v1"]


async def test_the_oddest_invoice_that_passes_the_check_can_be_stored(desk: Desk) -> None:
    odd = {"customer_name": "\u202e\U0001f600\x85é", "product_name": "\u2028\ufeff", "billing_cycle": "'; --"}
    numbers = {"quantity": "-999999999.999999", "unit_price": "0E-6", "line_id": "\\N"}
    await desk.take_in(
        invoice_id="\\.\U0001f600",
        revision=2_000_000_000,
        issued_at="2199-12-31T23:59:59.999999+14:00",
        lines=[line(1, **odd, **numbers), line(2, quantity="1E+3", unit_price="0e400")],
    )
    assert len(await desk.lines()) == 2


async def test_fetched_lines_are_stored_and_a_bad_one_stores_nothing(desk: Desk) -> None:
    by_url = {"lines": None, "lines_url": desk.host.url("/lines")}
    desk.host.answers(b"{broken\n", b"".join(json.dumps(line(number)).encode() + b"\n" for number in (1, 2)))
    assert await desk.refused(**by_url) == [(1, "")]
    await desk.take_in(**by_url, line_count=2)
    assert [number for number, _ in await desk.lines()] == [1, 2]
    assert await desk.answers() == ["invoice.rejected.v1", "invoice.accepted.v1"]


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
