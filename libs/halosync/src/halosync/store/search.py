"""Searching for a text that a person typed."""

import asyncio

import asyncpg

from halosync.domain.run_order import RunMode
from halosync.domain.states import RunState
from halosync.ports.found import Found, FoundCustomer, FoundInvoice, FoundLicence, FoundProduct, FoundRun
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES, RowsQuery


def pattern(q: str | None) -> str | None:
    r"""Return a LIKE pattern for texts that contain `q` literally: `%`, `_` and `\` stand for themselves."""
    if not q:
        return None
    return f"%{_literal(q)}%"


def _literal(q: str) -> str:
    return q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


class SearchStore:
    """Finds a partner's things by what a person typed."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, partner_id: str, q: str, *, most: int) -> Found:
        """Return at most `most` hits of each kind for `q`, which is not blank."""

        async def rows(query: RowsQuery, **more: str) -> list[asyncpg.Record]:
            of = {"partner_id": partner_id, "pattern": pattern(q), "most": most}
            return [row async for row in query(self._pool, **of, **more)]

        customers, products, licences, invoices, runs = await asyncio.gather(
            rows(QUERIES.found_customers),
            rows(QUERIES.found_products),
            rows(QUERIES.found_licences, q=q),
            rows(QUERIES.found_invoices),
            rows(QUERIES.found_runs, q=_literal(q)),
        )
        return Found(
            customers=[FoundCustomer(**row) for row in customers],
            products=[FoundProduct(**row) for row in products],
            licences=[FoundLicence(**row) for row in licences],
            invoices=[FoundInvoice(**row) for row in invoices],
            runs=[FoundRun(**{**row, "mode": RunMode(row["mode"]), "state": RunState(row["state"])}) for row in runs],
        )
