"""What the report API shows of invoices, runs and items: reads only, page by page (spec section 7)."""

from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from halosync.store.queries import QUERIES

Row: TypeAlias = Mapping[str, Any]
"""The columns of a row by name."""

_FEW = 5000
"""Up to so many lines whose items fit it is faster to begin with them; else one is never far on a walk."""

_WITH_REASONS = ["skipped", "held", "failed", "pending"]
"""Outcomes that may have a reason; what was synchronised has none."""


@dataclass(frozen=True)
class LineFilter:
    """Which lines: with this outcome, of this customer, with this text in a name, code or reason. None: any."""

    outcome: str | None = None
    customer_id: str | None = None
    q: str | None = None


@dataclass(frozen=True)
class ItemFilter:
    """Which items: with this outcome, with this action, with this text in a name, code or reason. None: any."""

    outcome: str | None = None
    action: str | None = None
    q: str | None = None


def pattern(q: str | None) -> str | None:
    r"""Return a LIKE pattern for texts that contain `q` literally: `%`, `_` and `\` stand for themselves."""
    if not q:
        return None
    escaped = q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


class ReportStore:
    """Answers questions about one partner's invoices and runs. Pages hold at most `most` rows."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def invoices(self, partner_id: str, *, after: tuple[datetime, int] | None, most: int) -> Sequence[Row]:
        """Return invoices with their newest runs, newest first; `after` is an `issued_at` and `invoice_pk`."""
        issued_at, invoice_pk = after or (None, None)
        return await rows_of(
            QUERIES.report_invoices(
                self._pool, partner_id=partner_id, issued_at=issued_at, invoice_pk=invoice_pk, most=most
            )
        )

    async def invoice(self, partner_id: str, invoice_id: str) -> Row | None:
        """Return the `invoice_pk` of the revision that counts and the `run_id` of its newest run that applied."""
        return await _one(QUERIES.report_invoice(self._pool, partner_id=partner_id, invoice_id=invoice_id))

    async def lines(
        self, invoice_pk: int, run_id: UUID | None, *, wanted: LineFilter, after: int, most: int
    ) -> Sequence[Row]:
        """Return lines with what became of them in the run, by number, those behind the line number `after`.

        No line has an outcome before there is a run.
        """
        if wanted.outcome is not None and run_id is None:
            return []
        arguments: dict[str, Any] = {
            "invoice_pk": invoice_pk,
            "run_id": run_id,
            "outcome": wanted.outcome,
            "line_no": after,
            "customer_id": wanted.customer_id,
            "pattern": pattern(wanted.q),
            "most": most,
        }
        if wanted.outcome is not None or wanted.q:
            found = QUERIES.report_numbers(
                self._pool,
                run_id=run_id,
                outcomes=_WITH_REASONS if wanted.outcome is None else [wanted.outcome],
                pattern=pattern(wanted.q) if wanted.outcome is None else None,
                most=_FEW + 1,
            )
            numbers = [row["line_no"] async for row in found]
            if len(numbers) <= _FEW:
                return await rows_of(QUERIES.report_lines_among(self._pool, numbers=numbers, **arguments))
        return await rows_of(QUERIES.report_lines(self._pool, **arguments))

    async def runs(self, partner_id: str, *, after: tuple[datetime, UUID] | None, most: int) -> Sequence[Row]:
        """Return runs with their invoices, newest first; `after` is a `created_at` and `run_id`."""
        created_at, run_id = after or (None, None)
        return await rows_of(
            QUERIES.report_runs(self._pool, partner_id=partner_id, created_at=created_at, run_id=run_id, most=most)
        )

    async def run(self, partner_id: str, run_id: UUID) -> Row | None:
        """Return one run with its invoice; None if the partner has no such run."""
        return await _one(QUERIES.report_run(self._pool, partner_id=partner_id, run_id=run_id))

    async def newest_apply(self, partner_id: str) -> Row | None:
        """Return the numbers `synced` and `failed` of the newest run that applied."""
        return await _one(QUERIES.report_newest_apply(self._pool, partner_id=partner_id))

    async def standing(self, partner_id: str, run_id: UUID) -> Row | None:
        """Return the state and the counters of a run; None if the partner has no such run."""
        return await _one(QUERIES.report_standing(self._pool, partner_id=partner_id, run_id=run_id))

    async def newest_standing(self, partner_id: str) -> Row | None:
        """Return the state and the counters of the newest run; None before the first."""
        return await _one(QUERIES.report_newest_standing(self._pool, partner_id=partner_id))

    async def money(self, run_ids: Iterable[UUID]) -> Sequence[Row]:
        """Return what each run's licences cost before and after it: `run_id`, `billing_cycle`, `before`, `after`.

        Amounts are in the currency of the run's invoice, rounded to cents.
        """
        return await rows_of(QUERIES.report_money(self._pool, run_ids=list(run_ids)))

    async def effort(self, run_id: UUID) -> Row | None:
        """Return what a run still has to send, how much it has sent, and what its tenant's limiter allows it.

        `remaining` and `done` are requests, `in_use` and `allowed` permits of the window of `window_s` seconds,
        `elapsed_s` and `wait_s` seconds. `in_use`, `allowed` and `window_s` are None when the tenant never had a
        permit; `rate_requests` and `rate_window_s` when the partner has the services' default limit.
        """
        return await _one(QUERIES.report_effort(self._pool, run_id=run_id))

    async def items(self, run_id: UUID, *, wanted: ItemFilter, after: int, most: int) -> Sequence[Row]:
        """Return items in the plan's order, those behind the sequence number `after`."""
        return await rows_of(
            QUERIES.report_items(
                self._pool,
                run_id=run_id,
                seq=after,
                outcome=wanted.outcome,
                action=wanted.action,
                pattern=pattern(wanted.q),
                most=most,
            )
        )


async def rows_of(rows: AsyncIterator[asyncpg.Record]) -> Sequence[Row]:
    """Return all rows of a query."""
    return [dict(row) async for row in rows]


async def _one(query: Awaitable[asyncpg.Record | None]) -> Row | None:
    row = await query
    return None if row is None else dict(row)
