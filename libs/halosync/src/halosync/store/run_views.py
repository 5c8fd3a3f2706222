"""Runs as people and programs look at them: one value, whoever asks (reads only)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from halosync.contracts.run import RunCounters
from halosync.domain.model import Removal
from halosync.domain.run_order import RunMode
from halosync.domain.states import RunState
from halosync.store.queries import QUERIES, Connection


@dataclass(frozen=True, slots=True)
class RunView:
    """A run, where it stands, and its invoice.

    Attributes:
        period: the month that the invoice bills, YYYY-MM.
        before_currency: the currency of what the licences cost before: that of the invoice which was synchronised then.
        superseded: a newer invoice has replaced the run's.
        requested_by: name of the API key, or `auto_sync`.
        removal: what a removal does to the licence, as the run planned it; None before it has a plan.
        cancel_requested_at: when somebody cancelled it; None: nobody has.
        error_code: why reading, planning or writing failed, for programs; None: it did not.
        error: the same for people.
        halo_requests: how many requests to Halo it has used.
    """

    run_id: UUID
    partner_id: str
    invoice_pk: int
    invoice_id: str
    revision: int
    period: str
    currency: str
    before_currency: str
    superseded: bool
    mode: RunMode
    state: RunState
    requested_by: str
    approve_removals: int | None
    approve_review: int | None
    accept_shrunk_read: bool
    removal: Removal | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    error_code: str | None
    error: str | None
    halo_requests: int
    counters: RunCounters


@dataclass(frozen=True, slots=True)
class Cost:
    """What licences cost in one billing cycle, before and after; None: Halo has no cycle. Cycles are never mixed."""

    billing_cycle: str | None
    before: Decimal
    after: Decimal

    @property
    def change(self) -> Decimal:
        """After less before."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class RunEffort:
    """What a run still has to send, how much it has sent, and what its tenant's limiter allows batch work.

    Attributes:
        remaining: requests still to be sent.
        done: requests that were sent, in `elapsed_s` seconds of writing; None: it does not write yet.
        in_use: permits of the window of `window_s` seconds that are used now; None: the tenant never had a permit.
        allowed: how many may be; None likewise.
        rate_requests: the partner's own limit in `rate_window_s` seconds; None: it has the services' default.
        wait_s: seconds until the next request may be sent, 0 if one may now.
    """

    remaining: int
    done: int
    elapsed_s: float | None
    in_use: int | None
    allowed: int | None
    window_s: float | None
    rate_requests: int | None
    rate_window_s: float | None
    wait_s: float


class RunViews:
    """Reads runs, newest first where there are several."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def get(self, run_id: UUID, partner_id: str | None = None) -> RunView | None:
        """Return a run; None if there is none of that id, or it is not this partner's."""
        return await run_view(self._pool, run_id, partner_id)

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

    async def newest(self, partner_id: str, mode: RunMode | None = None) -> RunView | None:
        """Return the newest run; None before the first."""
        row = await QUERIES.newest_run_view(self._pool, partner_id=partner_id, mode=mode)
        return None if row is None else _run(row)

    async def of_all(self, most: int) -> Sequence[RunView]:
        """Return the newest runs of all partners."""
        return [_run(row) async for row in QUERIES.run_views_of_all(self._pool, most=most)]

    async def mode_counts(self, partner_id: str) -> Mapping[RunMode, int]:
        """Return how many runs of each mode there are; a mode without runs counts 0."""
        rows = QUERIES.run_mode_counts(self._pool, partner_id=partner_id)
        return Counter({RunMode(row["mode"]): row["runs"] async for row in rows})

    async def costs(self, run_ids: Iterable[UUID]) -> Mapping[UUID, Sequence[Cost]]:
        """Return what each run's licences cost before and after it, by billing cycle, rounded to cents.

        Amounts after it are in the currency of the run's invoice, those before in its `before_currency`. A run that is
        not named has none.
        """
        costs: dict[UUID, list[Cost]] = defaultdict(list)
        async for row in QUERIES.run_costs(self._pool, run_ids=list(run_ids)):
            costs[row["run_id"]].append(Cost(row["billing_cycle"], row["before"], row["after"]))
        return costs

    async def effort(self, run_id: UUID) -> RunEffort | None:
        """Return what is left of a run and what limits it; None if there is none of that id."""
        row = await QUERIES.run_effort(self._pool, run_id=run_id)
        return None if row is None else RunEffort(**row)


async def run_view(
    connection: "Connection | asyncpg.Pool[Any]", run_id: UUID, partner_id: str | None = None
) -> RunView | None:
    """Return a run as the caller's transaction sees it; see `RunViews.get`."""
    row = await QUERIES.run_view(connection, run_id=run_id, partner_id=partner_id)
    return None if row is None else _run(row)


def _run(row: asyncpg.Record) -> RunView:
    columns = dict(row)
    counters = RunCounters.model_construct(**{name: columns.pop(name) for name in RunCounters.model_fields})
    removal = columns["removal"]
    columns |= {
        "mode": RunMode(columns["mode"]),
        "state": RunState(columns["state"]),
        "removal": None if removal is None else Removal(removal),
    }
    return RunView(**columns, counters=counters)
