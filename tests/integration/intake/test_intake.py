"""Taking in invoices on real Postgres: once, newest revision, all of it or nothing, and an answer to each."""

import asyncio
import json
from uuid import uuid4

import pytest
from halosync.contracts.invoice import InvoiceAccepted, InvoiceRejected
from halosync.contracts.invoice_checks import InvalidInvoiceError
from halosync.store.partners import PartnerStore
from halosync.store.queries import QUERIES

from tests.invoices import line

from .desk import PARTNER, Desk, event

pytestmark = pytest.mark.integration


async def test_an_invoice_is_stored_with_its_lines_and_answered(desk: Desk) -> None:
    await desk.take_in(lines=[line(1), line(2, product_code="P-2", kind="credit", quantity="-0.5")])
    assert await desk.standing() == {("INV-1", 1): True}
    assert await desk.lines() == [(1, "P-1"), (2, "P-2")]
    [invoice] = await desk.pool.fetch("SELECT line_count, total::text FROM invoice")
    assert tuple(invoice) == (2, "15.00")
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
async def test_another_content_under_the_same_event_id_is_answered(desk: Desk, changed: dict[str, object]) -> None:
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
