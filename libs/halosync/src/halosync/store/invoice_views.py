"""Invoices as people and programs look at them: those that count, each with a run (reads only)."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

import asyncpg

from halosync.domain.model import Outcome
from halosync.domain.states import RunState
from halosync.ports.invoice_views import Expectation, InvoiceView, LoadedInvoice, SyncedInvoice
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES

MOST_INVOICES = 240
"""The most invoices that the month picker offers: twenty years of one a month."""


class InvoiceViews:
    """Reads the invoices of a partner that nothing supersedes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(
        self, partner_id: str, *, after: tuple[str, datetime, int] | None = None, most: int
    ) -> Sequence[InvoiceView]:
        """Return invoices with their newest runs, newest first; `after`: a `period`, `issued_at` and `invoice_pk`."""
        period, issued_at, invoice_pk = after or (None, None, None)
        rows = QUERIES.invoice_views(
            self._pool, partner_id=partner_id, period=period, issued_at=issued_at, invoice_pk=invoice_pk, most=most
        )
        return [InvoiceView(loaded_invoice(row), row["run_id"], _state(row["run_state"])) async for row in rows]

    async def newest(self, partner_id: str) -> InvoiceView | None:
        """Return the newest invoice; None before the first."""
        return next(iter(await self.page(partner_id, most=1)), None)

    async def expectation(self, partner_id: str) -> Expectation:
        """Return by what the next invoice is expected, of a partner that there is."""
        return Expectation(**await QUERIES.invoice_expectation(self._pool, partner_id=partner_id))

    async def by_month(self, partner_id: str) -> Sequence[LoadedInvoice]:
        """Return the invoices to choose from, newest month first, and within a month newest first."""
        rows = QUERIES.invoices_by_month(self._pool, partner_id=partner_id, most=MOST_INVOICES)
        return [loaded_invoice(row) async for row in rows]

    async def synced(self, partner_id: str, *, most: int) -> Sequence[SyncedInvoice]:
        """Return the newest invoices with what became of them, newest first."""
        rows = QUERIES.synced_invoices(self._pool, partner_id=partner_id, most=most)
        return [
            SyncedInvoice(
                invoice_id=row["invoice_id"],
                revision=row["revision"],
                period=row["period"],
                issued_at=row["issued_at"],
                line_count=row["line_count"],
                replaced_by=row["replaced_by"],
                run_id=row["run_id"],
                state=_state(row["state"]),
                counts=None if row["run_id"] is None else {outcome: row[outcome] for outcome in Outcome},
            )
            async for row in rows
        ]


def loaded_invoice(row: asyncpg.Record) -> LoadedInvoice:
    """Return the invoice of a row that has its columns."""
    return LoadedInvoice(**{field.name: row[field.name] for field in fields(LoadedInvoice)})


def _state(state: str | None) -> RunState | None:
    return None if state is None else RunState(state)
