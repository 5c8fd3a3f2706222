"""The lines of an invoice, each with what became of it in a run (reads only)."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from halosync.domain.line_outcome import LineOutcome, line_outcome, told_by
from halosync.domain.model import Action, LineKind, Outcome, Undone
from halosync.ports.line_views import LineFilter, LinesOfRun, LineView
from halosync.store.item_views import MOST_ROWS, licence_state
from halosync.store.pool import Connection, Pool
from halosync.store.queries import QUERIES
from halosync.store.search import pattern

_FEW = 5000
"""Up to so many lines whose items fit it is faster to begin with them; else one is never far on a walk."""

_WITH_REASONS = [Outcome.SKIPPED, Outcome.HELD, Outcome.FAILED, Outcome.PENDING]
"""Outcomes that may have a reason; what was synchronised has none."""


def parameters_of(of: LinesOfRun) -> dict[str, object]:
    """Return what the queries take of it."""
    return {"invoice_pk": of.invoice_pk, "run_id": of.run_id, "line_offset": of.line_offset}


class LineViews:
    """Reads the lines of an invoice, in its order.

    Arguments and errors: the Protocol `report_api.stores.invoices.LineViews`.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(self, of: LinesOfRun, wanted: LineFilter, *, after: int, most: int) -> Sequence[LineView]:
        """Return at most `most` lines that fit, those behind the line number `after`."""
        if wanted.outcome is not None and of.run_id is None:
            return []
        arguments: dict[str, object] = {
            **parameters_of(of),
            "outcome": wanted.outcome,
            "line_no": after,
            "customer_id": wanted.customer_id,
            "pattern": pattern(wanted.q),
            "told": told_by(wanted.q) if wanted.q else [],
            "most": most,
        }
        if wanted.outcome is not None or wanted.q:
            found = QUERIES.line_numbers(
                self._pool,
                run_id=of.run_id,
                line_offset=of.line_offset,
                outcomes=_WITH_REASONS if wanted.outcome is None else [wanted.outcome],
                pattern=pattern(wanted.q) if wanted.outcome is None else None,
                told=arguments["told"],
                most=_FEW + 1,
            )
            numbers = [row["line_no"] async for row in found]
            if len(numbers) <= _FEW:
                rows = QUERIES.line_views_among(self._pool, numbers=numbers, **arguments)
                return [_line(row, of.run_id) async for row in rows]
        if wanted == LineFilter():  # every line fits, and lines are numbered without gaps
            rows = QUERIES.line_views(self._pool, upto=min(after + most, MOST_ROWS), **arguments)
            page = [_line(row, of.run_id) async for row in rows]
            if len(page) == most:
                return page
        rows = QUERIES.line_views(self._pool, upto=MOST_ROWS, **arguments)
        return [_line(row, of.run_id) async for row in rows]


async def lines_of(connection: Connection, of: LinesOfRun, line_nos: Sequence[int]) -> Sequence[LineView]:
    """Return the lines of these numbers, in their order, as the caller's transaction sees them."""
    rows = QUERIES.line_views_of(connection, line_nos=line_nos, **parameters_of(of))
    return [_line(row, of.run_id) async for row in rows]


def _line(row: asyncpg.Record, run_id: UUID | None) -> LineView:
    kind, outcome, action = LineKind(row["kind"]), row["outcome"], row["action"]
    item = LineOutcome(
        None if outcome is None else Outcome(outcome),
        None if action is None else Action(action),
        row["reason"],
        row["detail"],
        None if row["undone"] is None else Undone(row["undone"]),
    )
    line = item if run_id is None else line_outcome(kind, item)
    sets_licence = kind is LineKind.RECURRING
    before = licence_state(row, "before") if sets_licence else None
    after = licence_state(row, "after") if sets_licence else None
    return LineView(
        line_no=row["line_no"],
        line_id=row["line_id"],
        customer_id=row["customer_id"],
        customer_name=row["customer_name"],
        product_code=row["product_code"],
        product_name=row["product_name"],
        kind=kind,
        quantity=row["quantity"],
        unit_price=row["unit_price"],
        billing_cycle=row["billing_cycle"],
        outcome=line.outcome,
        action=line.action,
        reason=line.reason,
        detail=line.detail,
        item_id=row["item_id"],
        run_id=run_id,
        before=before,
        after=before if item.undone is Undone.UNDONE else after,
    )
