"""One invoice as the report page shows it: what became of its lines, by customer, one page at a time."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from halosync.contracts.run import RunCounters
from halosync.domain.line_outcome import told_by
from halosync.domain.model import Outcome
from halosync.domain.remedy import SKIPS_NEEDING_ATTENTION
from halosync.domain.states import RunState
from halosync.ports.invoice_report import (
    CustomerLines,
    CycleMoney,
    LineChoice,
    LineCounts,
    LinesPage,
    ReportedInvoice,
    ReportedRun,
)
from halosync.ports.line_views import LineView
from halosync.store.invoice_views import loaded_invoice
from halosync.store.line_views import lines_of, parameters_of
from halosync.store.pool import Connection, Pool
from halosync.store.queries import QUERIES
from halosync.store.search import pattern

_EVERY = 2**30
"""More lines than any invoice has."""


class InvoiceReports:
    """Reads only. What is on one page was true at one moment, also while a run goes on."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, partner_id: str, invoice_id: str | None) -> ReportedInvoice | None:
        """Return an invoice, without an id the newest; None if the partner has none."""
        row = await QUERIES.invoice_report_head(self._pool, partner_id=partner_id, invoice_id=invoice_id)
        if row is None:
            return None
        run = None if row["run_id"] is None else _run(row)
        return ReportedInvoice(loaded_invoice(row), row["is_newest"], run, row["is_purged"])

    async def cycles(self, invoice_pk: int) -> Sequence[str]:
        """Return the billing cycles of an invoice."""
        return [row["billing_cycle"] async for row in QUERIES.invoice_report_cycles(self._pool, invoice_pk=invoice_pk)]

    async def cleanups(self, run_id: UUID) -> Mapping[Outcome, int]:
        """Return how many items of a run answer for no line, by outcome; an outcome without any counts 0."""
        rows = QUERIES.invoice_report_cleanups(self._pool, run_id=run_id)
        return Counter({Outcome(row["outcome"]): row["items"] async for row in rows})

    async def page(self, of: ReportedInvoice, wanted: LineChoice, *, first: int, most: int) -> LinesPage:
        """Return a page of at most `most` lines, those after the `first` that fit; behind the end the last page."""
        async with self._pool.acquire() as connection, _moment(connection):
            total, places = await _places(connection, of, wanted, first, most)
            if not places and total.fitting:
                first = (total.fitting - 1) // most * most
                total, places = await _places(connection, of, wanted, first, most)
            numbers = [line_no for place in places for line_no in place["line_nos"]]
            lines = iter(await lines_of(connection, of.lines, numbers))
            money = await _money(connection, of, [place["customer_id"] for place in places])
        customers = [
            CustomerLines(
                place["customer_id"],
                place["customer_name"],
                _counts(place),
                money[place["customer_id"]],
                [next(lines) for _ in place["line_nos"]],
            )
            for place in places
        ]
        return LinesPage(first, total, customers)

    async def chunks(self, of: ReportedInvoice, wanted: LineChoice, size: int) -> AsyncIterator[Sequence[LineView]]:
        """Yield all lines that fit, in their order, at most `size` at a time; no connection is held in between."""
        async with self._pool.acquire() as connection:
            _, places = await _places(connection, of, wanted, 0, _EVERY)
        numbers = [line_no for place in places for line_no in place["line_nos"]]
        for begin in range(0, len(numbers), size):
            async with self._pool.acquire() as connection:
                lines = await lines_of(connection, of.lines, numbers[begin : begin + size])
            yield lines


def _moment(connection: Connection) -> Any:
    return connection.transaction(isolation="repeatable_read", readonly=True)


async def _places(
    connection: Connection, of: ReportedInvoice, wanted: LineChoice, first: int, most: int
) -> tuple[LineCounts, Sequence[asyncpg.Record]]:
    total, *places = [
        row
        async for row in QUERIES.invoice_report_places(
            connection,
            **parameters_of(of.lines),
            outcome=wanted.outcome,
            needing_attention=wanted.needing_attention,
            skips_needing_attention=list(SKIPS_NEEDING_ATTENTION),
            kind=wanted.kind,
            customer_id=wanted.customer_id,
            billing_cycle=wanted.billing_cycle,
            pattern=pattern(wanted.q),
            told=told_by(wanted.q) if wanted.q else [],
            sort=wanted.order.sort,
            down=wanted.order.descending,
            first=first,
            most=most,
        )
    ]
    return _counts(total), places


async def _money(
    connection: Connection, of: ReportedInvoice, customer_ids: Sequence[str]
) -> Mapping[str, Sequence[CycleMoney]]:
    money: dict[str, list[CycleMoney]] = {customer_id: [] for customer_id in customer_ids}
    rows = QUERIES.invoice_report_money(connection, invoice_pk=of.invoice.invoice_pk, customer_ids=customer_ids)
    async for row in rows:
        money[row["customer_id"]].append(CycleMoney(row["billing_cycle"], row["amount"]))
    return money


def _run(row: asyncpg.Record) -> ReportedRun:
    counters = {name: row["items" if name == "total" else name] for name in RunCounters.model_fields}
    later_end = None if row["later_end"] is None else RunState(row["later_end"])
    return ReportedRun(
        row["run_id"],
        RunState(row["state"]),
        row["finished_at"],
        RunCounters(**counters),
        later_end,
        row["line_offset"],
        row["undone_by"],
    )


def _counts(row: asyncpg.Record) -> LineCounts:
    return LineCounts(**{name: row[name] for name in LineCounts.__dataclass_fields__})
