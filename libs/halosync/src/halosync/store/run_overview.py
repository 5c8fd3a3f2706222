"""Runs as the operator's command shows them: of any partner, with their counters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from halosync.contracts.run import RunCounters
from halosync.domain.states import RunState
from halosync.store.queries import QUERIES


@dataclass(frozen=True)
class RunOverview:
    """A run and where it stands. `error` is for people; it is None unless reading or planning failed."""

    run_id: UUID
    partner_id: str
    invoice_id: str
    revision: int
    mode: str
    state: RunState
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error_code: str | None
    error: str | None
    halo_requests: int
    counters: RunCounters


class RunOverviews:
    """Reads runs from Postgres."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def get(self, run_id: UUID) -> RunOverview | None:
        """Return a run; None if there is none of that id."""
        row = await QUERIES.run_overview(self._pool, run_id=run_id)
        return None if row is None else _from_row(row)

    async def newest(self, partner_id: str | None, most: int) -> Sequence[RunOverview]:
        """Return the newest runs of a partner, or of all, newest first."""
        rows = QUERIES.newest_run_overviews(self._pool, partner_id=partner_id, most=most)
        return [_from_row(row) async for row in rows]


def _from_row(row: asyncpg.Record) -> RunOverview:
    columns = dict(row)
    counters = RunCounters(**{name: columns.pop(name) for name in RunCounters.model_fields})
    return RunOverview(**{**columns, "state": RunState(columns["state"])}, counters=counters)
