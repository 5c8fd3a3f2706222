"""The report of an invoice: filters, order, pages and counts are those of a naive computation."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from devstack.fields import Fields
from halosync.domain.model import LineKind, Outcome
from halosync.ports.invoice_report import LineChoice, LineCounts, LineSort, ReportedInvoice
from halosync.ports.sort_order import SortOrder
from halosync.store.invoice_report import InvoiceReports
from halosync.store.invoice_views import InvoiceViews
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.integration.conftest import World
from .naive_report import ACME, CYCLES, IDS, Made, counts, fits, invoices, money, ordered

pytestmark = pytest.mark.integration


def reports(world: "World") -> InvoiceReports:
    return InvoiceReports(world.pool)


async def found(world: "World", invoice_id: str | None = None) -> ReportedInvoice:
    invoice = await reports(world).find(ACME, invoice_id)
    assert invoice is not None
    return invoice


choices = st.builds(
    LineChoice,
    outcome=st.one_of(st.none(), st.sampled_from(list(Outcome))),
    needing_attention=st.sampled_from([False, False, True]),
    kind=st.sampled_from([None, None, *LineKind]),
    customer_id=st.sampled_from([None, None, "c1", "c9"]),
    billing_cycle=st.sampled_from([None, None, *CYCLES]),
    q=st.sampled_from(
        [
            None,
            None,
            "",
            "LPHA",
            "ptw",
            "_",
            "link",
            "%",
            "not_rec",
            "customer_",
            "c3",
            "zzz",
            "has UNDONE that",
            "never sync",
            "halo did not",
        ]
    ),
    order=st.builds(SortOrder, st.sampled_from(list(LineSort)), st.booleans()),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=invoices(), wanted=st.lists(choices, min_size=1, max_size=8), most=st.integers(1, 12))
async def test_a_page_is_what_a_naive_computation_makes_of_the_invoice(
    world: "World", made: Made, wanted: list[LineChoice], most: int
) -> None:
    invoice_id = f"R-{next(IDS)}"
    invoice_pk = await world.invoice(invoice_id, [tuple(line.values()) for line in made.lines])
    if made.items is not None:
        await world.finish(await world.run(invoice_pk, [world.item(**item) for item in made.items]))
    of, rows = await found(world, invoice_id), made.rows()
    names: dict[str, str] = {}
    for row in rows:
        names[row["customer_id"]] = min(row["customer_name"], names.get(row["customer_id"], row["customer_name"]))
    for choice in wanted:
        expected = list(ordered([row for row in rows if fits(row, choice)], choice, names))
        shown = []
        for first in range(0, len(expected) + 1, most):
            page = await reports(world).page(of, choice, first=first, most=most)
            assert page.counts == counts(rows, choice)
            assert sum(len(customer.lines) for customer in page.customers) <= most
            if page.first == first:
                shown += [line.line_no for customer in page.customers for line in customer.lines]
            for customer in page.customers:
                whole = [row for row in rows if row["customer_id"] == customer.customer_id]
                assert customer.lines
                assert {line.customer_id for line in customer.lines} == {customer.customer_id}
                assert customer.customer_name == names[customer.customer_id]
                assert customer.counts == counts(whole, choice)
                assert {each.billing_cycle: each.amount for each in customer.money} == money(whole)
        assert shown == [row["line_no"] for row in expected]
        chunked = [line.line_no async for rows in reports(world).chunks(of, choice, 7) for line in rows]
        assert chunked == shown


async def test_a_page_behind_the_end_is_the_last_page(world: "World") -> None:
    await world.invoice(lines=[world.line(n) for n in range(1, 8)])
    page = await reports(world).page(await found(world), LineChoice(), first=1000, most=3)
    assert page.first == 6
    assert [line.line_no for line in page.customers[0].lines] == [7]


async def test_an_empty_invoice_has_an_empty_page(world: "World") -> None:
    await world.invoice()
    page = await reports(world).page(await found(world), LineChoice(), first=0, most=10)
    assert page.customers == []
    assert page.counts == LineCounts(*[0] * 8)


async def test_the_choice_is_every_invoice_that_counts_by_month(world: "World") -> None:
    newer = await world.invoice("INV-1", revision=2, period="2026-10", issued_at=world.issued - timedelta(days=30))
    await world.invoice("INV-1", revision=1, period="2026-10", superseded_by=newer)
    await world.invoice("INV-2")
    await world.invoice("INV-3", issued_at=world.issued + timedelta(hours=1))
    await world.invoice("INV-9", partner="rival-msp")
    shown = [(each.period, each.invoice_id, each.revision) for each in await InvoiceViews(world.pool).by_month(ACME)]
    assert shown == [("2026-11", "INV-3", 1), ("2026-11", "INV-2", 1), ("2026-10", "INV-1", 2)]


async def test_the_newest_invoice_is_found_without_an_id(world: "World") -> None:
    assert await reports(world).find(ACME, None) is None
    await world.invoice("INV-2", period="2026-12", issued_at=world.issued + timedelta(days=30))
    await world.invoice("INV-1")
    assert (newest := await found(world)).invoice.invoice_id == "INV-2"
    assert newest.is_newest
    assert not (await found(world, "INV-1")).is_newest


async def test_another_partners_invoice_is_not_found(world: "World") -> None:
    await world.invoice("INV-1", partner="rival-msp")
    assert await reports(world).find(ACME, "INV-1") is None
    assert await reports(world).find(ACME, None) is None


async def test_an_invoice_that_another_replaced_can_still_be_looked_at(world: "World") -> None:
    other = await world.invoice("INV-2")
    await world.invoice("INV-1", [world.line(1)], superseded_by=other)
    replaced = await found(world, "INV-1")
    assert (replaced.invoice.line_count, replaced.is_newest) == (1, False)


async def test_statuses_stay_while_the_next_run_reads_and_when_it_cannot(world: "World") -> None:
    invoice_pk = await world.invoice("INV-1", [world.line(1)])
    assert (await found(world)).run is None
    first = await world.run(invoice_pk, [world.item(outcome="synced", action="unchanged", line_nos=[1])])
    await world.finish(first)
    preview = await world.run(invoice_pk, [world.item(line_nos=[1])], mode="preview")
    await world.finish(preview, "previewed")
    second = await world.run(invoice_pk, state="reading")
    for _ in range(2):
        run = (await found(world)).run
        assert run is not None
        assert run.run_id == first
        assert (run.state, run.counters.total, run.counters.unchanged) == ("succeeded", 1, 1)
        await world.finish(second, "failed")


async def test_cleanups_and_cycles(world: "World") -> None:
    invoice_pk = await world.invoice(lines=[world.line(1, billing_cycle="Yearly"), world.line(2), world.line(3)])
    gone: Fields = {"action": "delete", "product_code": None}
    run_id = await world.run(
        invoice_pk,
        [
            world.item(outcome="held", **gone),
            world.item(outcome="held", **gone),
            world.item(outcome="failed", **gone),
            world.item(outcome="held", line_nos=[1, 2]),
        ],
    )
    assert await reports(world).cleanups(run_id) == {Outcome.HELD: 2, Outcome.FAILED: 1}
    assert await reports(world).cycles(invoice_pk) == ["Monthly", "Yearly"]
