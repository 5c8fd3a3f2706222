"""The report of an invoice: filters, order, pages and counts are those of a naive computation."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import pytest
from halosync.domain.item_sentences import LINE_NOT_RECURRING, PERHAPS_UNDONE, UNDONE
from halosync.domain.model import LineKind, Outcome, Reason
from halosync.domain.remedy import needs_attention
from halosync.ports.invoice_report import LineChoice, LineCounts, LineSort, ReportedInvoice
from halosync.store.invoice_report import InvoiceReports
from halosync.store.invoice_views import InvoiceViews
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

ACME = "acme-msp"
CYCLES = ("Monthly", "Yearly")
CENT = Decimal("0.01")
IDS = itertools.count()
RANKS = {Outcome.FAILED: 1, Outcome.HELD: 2, Outcome.PENDING: 4, Outcome.SYNCED: 6, None: 7}


def reports(world: "World") -> InvoiceReports:
    return InvoiceReports(world.pool)


async def found(world: "World", invoice_id: str | None = None) -> ReportedInvoice:
    invoice = await reports(world).find(ACME, invoice_id)
    assert invoice is not None
    return invoice


@dataclass(frozen=True)
class Made:
    """An invoice of columns and, if it was synchronised, the items of its products."""

    lines: list[dict[str, Any]]
    items: list[dict[str, Any]] | None

    def rows(self) -> list[dict[str, Any]]:
        """Return what the API shows of the lines, in the invoice's order."""
        item_of = {line_no: standing(item) for item in self.items or () for line_no in item["line_nos"]}
        nothing = {"outcome": None, "action": None, "reason": None, "detail": None}
        skipped = {"outcome": "skipped", "action": "none", "reason": "not_recurring", "detail": LINE_NOT_RECURRING}
        not_recurring = nothing if self.items is None else skipped
        return [
            {**line, **(item_of.get(line["line_no"], nothing) if line["kind"] == LineKind.RECURRING else not_recurring)}
            for line in self.lines
        ]


def standing(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item as the API shows it: what was undone has another outcome and another sentence."""
    outcome, detail = {"undone": ("skipped", UNDONE), "unsure": ("failed", PERHAPS_UNDONE)}.get(
        item["undone"], (item["outcome"], item["detail"])
    )
    return {**item, "outcome": outcome, "detail": detail, "reason": "undone" if item["undone"] else item["reason"]}


@st.composite
def invoices(draw: st.DrawFn) -> Made:
    lines: list[dict[str, Any]] = [
        {
            "line_no": line_no,
            "line_id": str(line_no),
            "customer_id": f"c{customer}",
            "customer_name": draw(st.sampled_from(["Alpha", "alpha", "Beta"])) if customer else "Gamma",
            "product_code": draw(st.sampled_from(["pone", "Ptwo", "pthree"])),
            "product_name": draw(st.sampled_from(["Mail", "Phone_"])),
            "kind": draw(st.sampled_from([LineKind.RECURRING, LineKind.RECURRING, LineKind.CREDIT])),
            "quantity": Decimal(draw(st.integers(-2, 9))),
            "unit_price": draw(st.decimals("-3", "9", places=3)),
            "billing_cycle": draw(st.sampled_from(CYCLES)),
        }
        for line_no, customer in enumerate(draw(st.lists(st.integers(0, 4), max_size=30)), start=1)
    ]
    if not lines or draw(st.booleans()):
        return Made(lines, None)
    of_product: dict[tuple[str, str], list[int]] = {}
    for line in lines:
        of_product.setdefault((line["customer_id"], line["product_code"]), []).append(line["line_no"])
    outcomes = st.sampled_from(list(Outcome))
    reasons = st.one_of(st.none(), st.sampled_from([*Reason, "a_reason_of_tomorrow"]))
    details = st.sampled_from([None, "Link it.", "50 % is Too much"])
    items = [
        {"outcome": draw(outcomes), "action": "none", "reason": draw(reasons), "detail": draw(details), "line_nos": nos}
        | {"undone": draw(st.sampled_from([None, None, "undone", "unsure"]))}
        for nos in [*of_product.values(), *draw(st.lists(st.just([]), max_size=2))]
    ]
    return Made(lines, items)


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
    sort=st.sampled_from(list(LineSort)),
    descending=st.booleans(),
)


def total(row: Mapping[str, Any]) -> Decimal:
    exact: Decimal = row["quantity"] * row["unit_price"]
    return exact.quantize(CENT, ROUND_HALF_UP)


def needs(row: Mapping[str, Any]) -> bool:
    return needs_attention(row["outcome"], row["reason"])


def fits(row: Mapping[str, Any], wanted: LineChoice) -> bool:
    told = [row["reason"], row["detail"]]
    names = [row[name] for name in ("customer_name", "product_code", "product_name", "customer_id", "line_id")]
    return (
        wanted.outcome in {None, row["outcome"]}
        and (needs(row) or not wanted.needing_attention)
        and wanted.kind in {None, row["kind"]}
        and wanted.customer_id in {None, row["customer_id"]}
        and wanted.billing_cycle in {None, row["billing_cycle"]}
        and (not wanted.q or any(wanted.q.lower() in text.lower() for text in [*names, *told] if text))
    )


def ordered(rows: list[dict[str, Any]], wanted: LineChoice, names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield lines in the order wanted: each customer's together, customers by their first line."""

    def number(row: Mapping[str, Any]) -> Decimal:
        value = {
            LineSort.QUANTITY: row["quantity"],
            LineSort.UNIT_PRICE: row["unit_price"],
            LineSort.TOTAL: total(row),
            LineSort.STATUS: Decimal(RANKS.get(row["outcome"], 3 if needs(row) else 5)),
        }.get(wanted.sort, Decimal(0))
        return Decimal(-value if wanted.descending else value)

    def by_word(sequence: list[Any], word: Any) -> None:
        sequence.sort(key=word, reverse=wanted.descending)

    # Stable sorts, the least significant key first.
    for_customer: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        for_customer.setdefault(row["customer_id"], []).append(row)
    for lines in for_customer.values():
        lines.sort(key=lambda row: row["line_no"])
        if wanted.sort is LineSort.PRODUCT:
            by_word(lines, lambda row: row["product_code"].lower())
        lines.sort(key=number)
    customers = sorted(for_customer, key=lambda customer: (names[customer].lower(), customer))
    if wanted.sort is LineSort.CUSTOMER:
        by_word(customers, lambda customer: names[customer].lower())
    if wanted.sort is LineSort.PRODUCT:
        by_word(customers, lambda customer: for_customer[customer][0]["product_code"].lower())
    customers.sort(key=lambda customer: number(for_customer[customer][0]))
    for customer in customers:
        yield from for_customer[customer]


def counts(rows: list[dict[str, Any]], wanted: LineChoice) -> LineCounts:
    outcomes = {str(outcome): sum(row["outcome"] == outcome for row in rows) for outcome in Outcome}
    fitting = sum(fits(row, wanted) for row in rows)
    return LineCounts(lines=len(rows), fitting=fitting, needing_attention=sum(map(needs, rows)), **outcomes)


def money(rows: list[dict[str, Any]]) -> dict[str | None, Decimal]:
    amounts: dict[str | None, Decimal] = {}
    for row in rows:
        cycle = row["billing_cycle"] if row["kind"] == LineKind.RECURRING else None
        amounts[cycle] = amounts.get(cycle, Decimal(0)) + total(row)
    return amounts


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
    gone: dict[str, Any] = {"action": "delete", "product_code": None}
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
