"""A customer as its page shows it: its lines of a month, its months, and who linked it (reads only)."""

from collections.abc import Sequence

import asyncpg

from halosync.domain.model import LineKind, Outcome
from halosync.ports.audit import Entry
from halosync.ports.customers import CustomerLine, CustomerMonth
from halosync.store.audit import entry_of
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES

MOST_LINES = 2_000
"""The most lines of a customer that are shown."""
MOST_MONTHS = 12
MOST_ACTS = 10


class CustomerViews:
    """Reads customers."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def lines(self, partner_id: str, period: str, customer_id: str) -> Sequence[CustomerLine]:
        """Return a customer's lines of a month, by product, at most `MOST_LINES`."""
        of = {"partner_id": partner_id, "period": period, "customer_id": customer_id}
        return [_line(row) async for row in QUERIES.customer_lines(self._pool, **of, most=MOST_LINES)]

    async def months(self, partner_id: str, customer_id: str) -> Sequence[CustomerMonth]:
        """Return what a customer was billed in the last months that have an invoice, newest first."""
        rows = QUERIES.customer_months(self._pool, partner_id=partner_id, customer_id=customer_id, most=MOST_MONTHS)
        return [CustomerMonth(**row) async for row in rows]

    async def link_acts(self, partner_id: str, customer_id: str) -> Sequence[Entry]:
        """Return who linked or excluded a customer, newest first."""
        rows = QUERIES.customer_acts(self._pool, partner_id=partner_id, customer_id=customer_id, most=MOST_ACTS)
        return [entry_of(row) async for row in rows]


def _line(row: asyncpg.Record) -> CustomerLine:
    outcome = None if row["outcome"] is None else Outcome(row["outcome"])
    return CustomerLine(**{**row, "kind": LineKind(row["kind"]), "outcome": outcome})
