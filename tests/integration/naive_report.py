"""The report of an invoice as a naive computation makes it, and invoices to compare it by."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from devstack.fields import Fields
from halosync.domain.item_sentences import LINE_NOT_RECURRING, PERHAPS_UNDONE, UNDONE
from halosync.domain.model import LineKind, Outcome, Reason
from halosync.domain.natural_order import natural_key
from halosync.domain.remedy import needs_attention
from halosync.ports.invoice_report import LineChoice, LineCounts, LineSort
from hypothesis import strategies as st

ACME = "acme-msp"
CYCLES = ("Monthly", "Yearly")
CENT = Decimal("0.01")
IDS = itertools.count()
RANKS = {Outcome.FAILED: 1, Outcome.HELD: 2, Outcome.PENDING: 4, Outcome.SYNCED: 6, None: 7}


@dataclass(frozen=True)
class Made:
    """An invoice of columns and, if it was synchronised, the items of its products."""

    lines: list[Fields]
    items: list[Fields] | None

    def rows(self) -> list[Fields]:
        """Return what the API shows of the lines, in the invoice's order."""
        item_of = {line_no: standing(item) for item in self.items or () for line_no in item["line_nos"]}
        nothing = {"outcome": None, "action": None, "reason": None, "detail": None}
        skipped = {"outcome": "skipped", "action": "none", "reason": "not_recurring", "detail": LINE_NOT_RECURRING}
        not_recurring = nothing if self.items is None else skipped
        return [
            {**line, **(item_of.get(line["line_no"], nothing) if line["kind"] == LineKind.RECURRING else not_recurring)}
            for line in self.lines
        ]


def standing(item: Fields) -> Fields:
    """Return an item as the API shows it: what was undone has another outcome and another sentence."""
    outcome, detail = {"undone": ("skipped", UNDONE), "unsure": ("failed", PERHAPS_UNDONE)}.get(
        item["undone"], (item["outcome"], item["detail"])
    )
    return {**item, "outcome": outcome, "detail": detail, "reason": "undone" if item["undone"] else item["reason"]}


@st.composite
def invoices(draw: st.DrawFn) -> Made:
    lines: list[Fields] = [
        {
            "line_no": line_no,
            "line_id": str(line_no),
            "customer_id": f"c{customer}",
            "customer_name": draw(st.sampled_from(["Alpha 9", "alpha 10", "Beta"])) if customer else "Gamma",
            "product_code": draw(st.sampled_from(["p10", "Ptwo", "p9"])),
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


def total(row: Fields) -> Decimal:
    exact: Decimal = row["quantity"] * row["unit_price"]
    return exact.quantize(CENT, ROUND_HALF_UP)


def needs(row: Fields) -> bool:
    return needs_attention(row["outcome"], row["reason"])


def fits(row: Fields, wanted: LineChoice) -> bool:
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


def ordered(rows: list[Fields], wanted: LineChoice, names: Mapping[str, str]) -> Iterator[Fields]:
    """Yield lines in the order wanted: each customer's together, customers by their first line."""

    def number(row: Fields) -> Decimal:
        value = {
            LineSort.QUANTITY: row["quantity"],
            LineSort.UNIT_PRICE: row["unit_price"],
            LineSort.TOTAL: total(row),
            LineSort.STATUS: Decimal(RANKS.get(row["outcome"], 3 if needs(row) else 5)),
        }.get(wanted.order.sort, Decimal(0))
        return Decimal(-value if wanted.order.descending else value)

    def by_word(sequence: list[Any], word: Any) -> None:
        sequence.sort(key=word, reverse=wanted.order.descending)

    word = {LineSort.PRODUCT: "product_code", LineSort.CYCLE: "billing_cycle"}.get(wanted.order.sort)

    # Stable sorts, the least significant key first.
    for_customer: dict[str, list[Fields]] = {}
    for row in rows:
        for_customer.setdefault(row["customer_id"], []).append(row)
    for lines in for_customer.values():
        lines.sort(key=lambda row: row["line_no"])
        if word:
            by_word(lines, lambda row: natural_key(row[word]))
        lines.sort(key=number)
    customers = sorted(for_customer, key=lambda customer: (natural_key(names[customer]), customer))
    if wanted.order.sort is LineSort.CUSTOMER:
        by_word(customers, lambda customer: natural_key(names[customer]))
    if word:
        by_word(customers, lambda customer: natural_key(for_customer[customer][0][word]))
    customers.sort(key=lambda customer: number(for_customer[customer][0]))
    for customer in customers:
        yield from for_customer[customer]


def counts(rows: list[Fields], wanted: LineChoice) -> LineCounts:
    outcomes = {str(outcome): sum(row["outcome"] == outcome for row in rows) for outcome in Outcome}
    fitting = sum(fits(row, wanted) for row in rows)
    return LineCounts(lines=len(rows), fitting=fitting, needing_attention=sum(map(needs, rows)), **outcomes)


def money(rows: list[Fields]) -> dict[str | None, Decimal]:
    amounts: dict[str | None, Decimal] = {}
    for row in rows:
        cycle = row["billing_cycle"] if row["kind"] == LineKind.RECURRING else None
        amounts[cycle] = amounts.get(cycle, Decimal(0)) + total(row)
    return amounts
