"""Which invoices a run would be for, as the rows say (spec section 9, "Which invoice")."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from halosync.domain.invoice_choice import InvoiceCandidate, MonthInvoices, MonthOfCandidates, choose_invoices
from halosync.domain.run_sentences import NoRun
from halosync.store.pool import Connection
from halosync.store.queries import QUERIES


@dataclass(frozen=True, slots=True)
class InvoicesOfMonth:
    """The month of an invoice that is meant.

    Attributes:
        month: what the choice depends on.
        rows: its invoices, the newest first: invoice_pk, invoice_id, revision, line_count.
        meant: the one of them that is meant.
    """

    month: MonthOfCandidates
    rows: Sequence[asyncpg.Record]
    meant: asyncpg.Record

    def chosen(self, *, allow_older: bool) -> Sequence[asyncpg.Record] | NoRun:
        """Return the invoices that a run is for, the newest first, or why there is none."""
        places = choose_invoices(self.month, allow_older=allow_older)
        return places if isinstance(places, NoRun) else [self.rows[place] for place in places]


async def month_of_run(
    connection: "Connection | asyncpg.Pool", partner_id: str, invoice_id: str | None
) -> InvoicesOfMonth | None:
    """Return the month of an invoice that none supersedes, without an id of the newest; None if there is none."""
    rows = [row async for row in QUERIES.month_of_run(connection, partner_id=partner_id, invoice_id=invoice_id)]
    meant = next((row for row in rows if row["is_meant"]), None)
    if meant is None:
        return None
    choice = None if meant["choice"] is None else MonthInvoices(meant["choice"])
    invoices = [InvoiceCandidate(row["is_meant"], row["currency"]) for row in rows]
    return InvoicesOfMonth(MonthOfCandidates(meant["period"], invoices, choice, meant["last_synced"]), rows, meant)
