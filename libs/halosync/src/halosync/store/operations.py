"""How everything stands, for operators: figures, runs that are stuck, and what always holds and does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from halosync.store.notices import missing_since
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES

LATE_S = 300.0
"""A run or batch that nobody has worked on for so long after it was due is stuck: a sweeper comes every ten seconds."""

MOST_BROKEN = 100
"""The most rows that break an invariant reported at a time."""


INVARIANTS = (
    *("counters_equal_rows", "ended_runs_have_nothing_pending", "succeeded_is_true_of_every_item"),
    *("every_action_has_an_owner", "no_licence_twice", "no_permit_beyond_the_window", "months_add_up"),
)
"""What always holds, by name: all but the last are those of the view `broken_invariant`."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How much of everything there is.

    Attributes:
        paused: partners whose runs may not start.
        connected, broken: connections to Halo in these states.
        open_runs: runs that have not ended; the oldest was asked for `oldest_open_run_s` seconds ago, 0 without one.
        issued_batches: batches that writers were asked to work on; `planned_batches` wait for their turn.
        items_held: items that the newest run of each partner holds.
        invoices_missing: partners whose invoice was expected and has not arrived by the end of the next business day.
        outbox: messages that are still to be published, the oldest for `oldest_outbox_s` seconds.
        dead_letters: those that nobody has replayed or discarded.
    """

    partners: int
    paused: int
    connected: int
    broken: int
    open_runs: int
    oldest_open_run_s: float
    issued_batches: int
    planned_batches: int
    items_held: int
    invoices_missing: int
    outbox: int
    oldest_outbox_s: float
    dead_letters: int


@dataclass(frozen=True, slots=True)
class StuckRun:
    """A run that goes on, and on which nobody works although it is due."""

    run_id: UUID
    partner_id: str
    state: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class BrokenInvariant:
    """Something that always holds, and does not: a defect of ours. `subject` is the id of a run, item or tenant."""

    invariant: str
    partner_id: str | None
    subject: str
    detail: str


class OperationsStore:
    """Reads how everything stands."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def figures(self) -> Figures:
        """Return how much of everything there is."""
        today = datetime.now(UTC).date()
        rows = [row async for row in QUERIES.when_invoices_are_expected(self._pool)]
        missing = sum(missing_since(row, today) is not None for row in rows)
        return Figures(invoices_missing=missing, **await QUERIES.figures(self._pool))

    async def stuck_runs(self, late_s: float = LATE_S) -> Sequence[StuckRun]:
        """Return the runs on which nobody works, `late_s` seconds after they were due; the oldest first."""
        return [StuckRun(**row) async for row in QUERIES.stuck_runs(self._pool, late_s=late_s)]

    async def broken_invariants(self) -> Sequence[BrokenInvariant] | None:
        """Return what breaks an invariant; nothing, unless something is wrong. None: somebody else is looking.

        It may take seconds, so one looks at a time, whoever it is.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            if not await QUERIES.look_alone(connection):
                return None
            return [BrokenInvariant(**row) async for row in QUERIES.broken_invariants(connection, most=MOST_BROKEN)]

    async def months_that_do_not_add_up(self) -> Sequence[BrokenInvariant]:
        """Return the month of one of the runs that ended lately if a part of it has no reason (spec section 11)."""
        return [BrokenInvariant(**row) async for row in QUERIES.months_that_do_not_add_up(self._pool)]

    async def clock(self) -> datetime:
        """Return what time it is in Postgres."""
        now: datetime = await QUERIES.database_clock(self._pool)
        return now
