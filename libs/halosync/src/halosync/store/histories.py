"""Why a licence or a line is as it is: what each run did to it, from which lines, for whom (spec section 11)."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from halosync.domain.plan import ItemHead
from halosync.ports.histories import Step
from halosync.store.item_views import item_head, licence_state
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES

MOST = 500
"""The most steps of a history that are shown: one a month for forty years."""


class Histories:
    """Reads histories."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of_licence(self, partner_id: str, halo_licence_id: int) -> Sequence[Step]:
        """Return what runs did to a licence, oldest first; empty if none ever touched it."""
        return await self._steps(partner_id, halo_licence_id=halo_licence_id, item_ids=[])

    async def of_line(self, partner_id: str, invoice_id: str, line_id: str) -> Sequence[Step] | None:
        """Return what became of a line in every run, oldest first; None if the invoice has no such line."""
        of = {"partner_id": partner_id, "invoice_id": invoice_id, "line_id": line_id}
        if not await QUERIES.line_exists(self._pool, **of):
            return None
        item_ids = [row["item_id"] async for row in QUERIES.items_of_line(self._pool, **of, most=MOST)]
        return await self._steps(partner_id, halo_licence_id=None, item_ids=item_ids)

    async def _steps(self, partner_id: str, **which: Any) -> Sequence[Step]:
        rows = QUERIES.history_steps(self._pool, partner_id=partner_id, **which, most=MOST)
        return [_step(row) async for row in rows]


_AS_THEY_ARE = tuple(
    name
    for name in Step.__dataclass_fields__
    if name not in {*ItemHead.__dataclass_fields__, "before", "after", "lines"}
)


def _step(row: asyncpg.Record) -> Step:
    return Step(
        **{name: row[name] for name in _AS_THEY_ARE},
        **item_head(row),
        before=licence_state(row, "before"),
        after=licence_state(row, "after"),
        lines=row["lines"] or (),
    )
