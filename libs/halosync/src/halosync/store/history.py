"""What the portal's history shows: the last invoices, all runs, and the items of one, page by page (reads only)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from halosync.domain.model import Action, Outcome
from halosync.domain.run_order import RunMode
from halosync.domain.states import RunState
from halosync.store.queries import QUERIES
from halosync.store.reports import ItemFilter, Row, pattern, rows_of


@dataclass(frozen=True)
class SyncedInvoice:
    """An invoice and what its run made of it.

    Attributes:
        period: the month that is billed, YYYY-MM.
        run_id: the newest run that applied it and made a plan, else the newest that applied it; None before the first.
        state: the state of that run.
        counts: how many of its items have each outcome; None before the first run. All zero: the run made no plan.
    """

    invoice_id: str
    revision: int
    period: str
    issued_at: datetime
    line_count: int
    run_id: UUID | None
    state: RunState | None
    counts: Mapping[str, int] | None


@dataclass(frozen=True)
class ItemCounts:
    """How many items of a run have each outcome and action, of those that fit a text."""

    by_both: Mapping[tuple[Outcome, Action], int]

    def of(self, outcome: str | None = None, action: str | None = None) -> int:
        """Return how many have this outcome and this action; None stands for any."""
        return sum(
            items
            for (of_outcome, of_action), items in self.by_both.items()
            if outcome in (None, of_outcome) and action in (None, of_action)
        )


class HistoryStore:
    """Answers questions about a partner's past. Pages begin behind `skip` rows and hold at most `most`."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def invoices(self, partner_id: str, *, most: int) -> Sequence[SyncedInvoice]:
        """Return the newest invoices that nothing supersedes, newest first."""
        rows = QUERIES.history_invoices(self._pool, partner_id=partner_id, most=most)
        return [_synced_invoice(row) async for row in rows]

    async def run_counts(self, partner_id: str) -> Mapping[str, int]:
        """Return how many runs of each mode there are; a mode without runs counts 0."""
        rows = QUERIES.history_run_counts(self._pool, partner_id=partner_id)
        return Counter({row["mode"]: row["runs"] async for row in rows})

    async def runs(self, partner_id: str, *, mode: RunMode | None, skip: int, most: int) -> Sequence[Row]:
        """Return runs with their invoices, newest first; mode None: of both modes."""
        return await rows_of(QUERIES.history_runs(self._pool, partner_id=partner_id, mode=mode, skip=skip, most=most))

    async def run(self, partner_id: str, run_id: UUID) -> Row | None:
        """Return one run with its invoice; None if the partner has no such run."""
        row = await QUERIES.history_run(self._pool, partner_id=partner_id, run_id=run_id)
        return None if row is None else dict(row)

    async def item_counts(self, run_id: UUID, q: str | None) -> ItemCounts:
        """Return how many items have each outcome and action, of those with `q` in a name, code or reason."""
        rows = QUERIES.history_item_counts(self._pool, run_id=run_id, pattern=pattern(q))
        return ItemCounts({(Outcome(row["outcome"]), Action(row["action"])): row["items"] async for row in rows})

    async def items(self, run_id: UUID, *, wanted: ItemFilter, skip: int, most: int) -> Sequence[Row]:
        """Return items in the plan's order."""
        return await rows_of(
            QUERIES.history_items(
                self._pool,
                run_id=run_id,
                outcome=wanted.outcome,
                action=wanted.action,
                pattern=pattern(wanted.q),
                skip=skip,
                most=most,
            )
        )


def _synced_invoice(row: asyncpg.Record) -> SyncedInvoice:
    ran = row["run_id"] is not None
    return SyncedInvoice(
        invoice_id=row["invoice_id"],
        revision=row["revision"],
        period=row["period"],
        issued_at=row["issued_at"],
        line_count=row["line_count"],
        run_id=row["run_id"],
        state=RunState(row["state"]) if ran else None,
        counts={outcome: row[outcome] for outcome in Outcome} if ran else None,
    )
