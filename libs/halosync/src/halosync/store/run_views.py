"""Runs as people and programs look at them: one value, whoever asks (reads only)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from uuid import UUID

import asyncpg

from halosync.contracts.run import RunCounters
from halosync.domain.model import Removal
from halosync.domain.run_order import RunMode
from halosync.domain.states import RunState
from halosync.ports.run_views import Cost, RunEffort, RunSort, RunView
from halosync.ports.sort_order import SortOrder
from halosync.store.pool import Connection, Pool
from halosync.store.queries import QUERIES


class RunViews:
    """Reads runs, newest first where there are several.

    Arguments and errors: the Protocol `report_api.stores.runs.RunViews`.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def get(self, run_id: UUID, partner_id: str | None = None) -> RunView | None:
        """Return a run; None if there is none of that id, or it is not this partner's."""
        return await run_view(self._pool, run_id, partner_id)

    async def is_purged(self, run_id: UUID) -> bool:
        """Tell whether a run is so old that its items are no longer kept; its counters are."""
        return bool(await QUERIES.run_is_purged(self._pool, run_id=run_id))

    async def of_partner(
        self,
        partner_id: str,
        *,
        mode: RunMode | None = None,
        after: tuple[datetime, UUID] | None = None,
        skip: int = 0,
        most: int,
    ) -> Sequence[RunView]:
        """Return runs, mode None: of both modes. `after` is a `created_at` and `run_id`, `skip` a number of runs."""
        created_at, run_id = after or (None, None)
        rows = QUERIES.run_views_of_partner(
            self._pool, partner_id=partner_id, mode=mode, created_at=created_at, run_id=run_id, skip=skip, most=most
        )
        return [_run(row) async for row in rows]

    async def sorted(
        self, partner_id: str, order: SortOrder[RunSort], *, mode: RunMode | None = None, skip: int = 0, most: int
    ) -> Sequence[RunView]:
        """Return runs in an order, behind `skip` others; those that are equal there stand newest first."""
        rows = QUERIES.sorted_run_views(
            self._pool,
            partner_id=partner_id,
            mode=mode,
            sort=order.sort.value,
            down=order.descending,
            skip=skip,
            most=most,
        )
        return [_run(row) async for row in rows]

    async def newest(self, partner_id: str, mode: RunMode | None = None) -> RunView | None:
        """Return the newest run; None before the first."""
        row = await QUERIES.newest_run_view(self._pool, partner_id=partner_id, mode=mode)
        return None if row is None else _run(row)

    async def of_all(self, most: int) -> Sequence[RunView]:
        """Return the newest runs of all partners."""
        return [_run(row) async for row in QUERIES.run_views_of_all(self._pool, most=most)]

    async def open(self) -> Sequence[RunView]:
        """Return the runs of all partners that have not ended, oldest first."""
        return [_run(row) async for row in QUERIES.open_run_views(self._pool)]

    async def mode_counts(self, partner_id: str) -> Mapping[RunMode, int]:
        """Return how many runs of each mode there are; a mode without runs counts 0."""
        rows = QUERIES.run_mode_counts(self._pool, partner_id=partner_id)
        return Counter({RunMode(row["mode"]): row["runs"] async for row in rows})

    async def costs(self, run_ids: Iterable[UUID]) -> Mapping[UUID, Sequence[Cost]]:
        """Return what each run's licences cost before and after it, by billing cycle, rounded to cents."""
        costs: dict[UUID, list[Cost]] = defaultdict(list)
        async for row in QUERIES.run_costs(self._pool, run_ids=list(run_ids)):
            costs[row["run_id"]].append(Cost(row["billing_cycle"], row["before"], row["after"]))
        return costs

    async def effort(self, run_id: UUID) -> RunEffort | None:
        """Return what is left of a run and what limits it; None if there is none of that id."""
        row = await QUERIES.run_effort(self._pool, run_id=run_id)
        return None if row is None else RunEffort(**row)

    async def undone_by(self, run_id: UUID) -> UUID | None:
        """Return the undo that has put back what a run did; None: none has, or it was undone itself."""
        found: UUID | None = await QUERIES.undone_by(self._pool, run_id=run_id)
        return found


async def run_view(connection: "Connection | Pool", run_id: UUID, partner_id: str | None = None) -> RunView | None:
    """Return a run as the caller's transaction sees it; see `RunViews.get`."""
    row = await QUERIES.run_view(connection, run_id=run_id, partner_id=partner_id)
    return None if row is None else _run(row)


_COLUMNS = {*RunCounters.model_fields, *(field.name for field in fields(RunView))}
"""What is read of a row: the view of a newer version may have more."""


def _run(row: asyncpg.Record) -> RunView:
    columns = {name: value for name, value in row.items() if name in _COLUMNS}
    counters = RunCounters.model_construct(**{name: columns.pop(name) for name in RunCounters.model_fields})
    removal = columns["removal"]
    columns |= {
        "mode": RunMode(columns["mode"]),
        "state": RunState(columns["state"]),
        "removal": None if removal is None else Removal(removal),
    }
    return RunView(**columns, counters=counters)
