"""Doubles of the stores of runs, plans and invoices. Simpler than theirs: one partner, and runs that apply."""

from collections.abc import Sequence
from uuid import UUID

from halosync.domain.batching import Batch as PlannedBatch
from halosync.domain.model import Plan, PlanInput, PlanSettings
from halosync.domain.states import CLAIMABLE_RUNS, LIVING_RUNS, RunState
from halosync.ports.reads import ReadProgress
from halosync.ports.run_claim import ClaimedRun, LostClaimError
from halosync.store.run_work import LEASE_S

from simulation.clock import now
from simulation.database import Database, Read, Run, Step

REDELIVER_S = 30.0
SETTINGS = PlanSettings(delete_guard=None)


class MemoryRuns:
    """As `RunWork` and `RunStore`."""

    def __init__(self, database: Database, step: Step) -> None:
        self._db = database
        self._step = step

    async def take_in(self, event_id: int) -> None:
        """Take an invoice in, and start a run for it, once however often the event comes (inbox)."""

        def effect() -> None:
            if event_id not in self._db.inbox:
                self._db.inbox.add(event_id)
                start(self._db, event_id)

        await self._step(effect)

    async def claim(self, run_id: UUID, lease: UUID) -> ClaimedRun | None:
        """As `RunWork.claim`."""

        def effect() -> ClaimedRun | None:
            run = self._db.runs[run_id]
            free = run.lease is None or run.claimed_until <= now() or run.lease == lease
            if run.state not in CLAIMABLE_RUNS or not free:
                return None
            run.lease, run.claimed_until, run.redeliver_at = lease, now() + LEASE_S, now() + LEASE_S
            if run.state is RunState.QUEUED:
                self._db.move_run(run, RunState.READING)
            return ClaimedRun(
                run_id=run_id,
                partner_id=self._db.partner_id,
                invoice_pk=run.invoice_pk,
                tenant=self._db.tenant,
                mode="apply",
                approve_removals=None,
                accept_shrunk_read=run.accept_shrunk_read,
                attempts=run.attempts,
                rate=None,
                settle_wait_s=max(self._db.settled_at - now(), 0.0),
            )

        return await self._step(effect)

    async def release(self, run_id: UUID, lease: UUID, *, attempts: int, wait_s: float) -> None:
        """As `RunWork.release`."""

        def effect() -> None:
            run = self._db.runs[run_id]
            if run.lease == lease:
                run.lease, run.attempts, run.redeliver_at = None, attempts, now() + wait_s + REDELIVER_S

        await self._step(effect)

    async def planning(self, run_id: UUID, lease: UUID) -> bool:
        """As `RunWork.planning`."""

        def effect() -> bool:
            run = self._db.runs[run_id]
            if run.lease != lease:
                return False
            self._db.move_run(run, RunState.PLANNING)
            return True

        return await self._step(effect)

    async def fail(self, run_id: UUID, lease: UUID, code: str, error: str) -> None:
        """As `RunWork.fail`."""

        def effect() -> None:
            if self._db.runs[run_id].lease == lease:
                self._db.end(run_id, RunState.FAILED, code, error)
                self._db.reads.pop(run_id, None)

        await self._step(effect)

    async def redeliver_due(self) -> None:
        """As `RunStore.redeliver_due`."""

        def effect() -> None:
            for run in self._db.runs.values():
                if run.state in CLAIMABLE_RUNS and run.redeliver_at <= now():
                    run.redeliver_at = now() + REDELIVER_S
                    self._db.emit("run.requested.v1", run.run_id)

        await self._step(effect)


def start(database: Database, invoice_pk: int, *, accept_shrunk_read: bool = False) -> UUID | None:
    """Start a run for an invoice, unless one is going on; as `start_run`."""
    if any(run.state in LIVING_RUNS for run in database.runs.values()):
        return None
    run_id = UUID(int=len(database.runs) + 1)
    database.runs[run_id] = Run(
        run_id, invoice_pk, redeliver_at=now() + REDELIVER_S, accept_shrunk_read=accept_shrunk_read
    )
    database.emit("run.requested.v1", run_id)
    return run_id


class MemoryPlans:
    """As `PlanStore`."""

    def __init__(self, database: Database, step: Step) -> None:
        self._db = database
        self._step = step

    async def settings(self, _partner_id: str) -> PlanSettings:
        """As `PlanStore.settings`."""
        return SETTINGS

    async def rows(self, read: ReadProgress, invoice_pk: int) -> int:
        """As `PlanStore.rows`."""

        def effect() -> int:
            rows = self._db.reads.get(read.read_id, Read())
            return len(self._db.invoices[invoice_pk]) + len(rows.clients) + len(rows.licences)

        return await self._step(effect)

    async def inputs(self, read: ReadProgress, invoice_pk: int, approve_removals: int | None) -> PlanInput:
        """As `PlanStore.inputs`."""

        def effect() -> PlanInput:
            rows = self._db.reads.get(read.read_id, Read())
            return PlanInput(
                lines=self._db.invoices[invoice_pk],
                clients=list(rows.clients.values()),
                licences=[seen.licence for seen in rows.licences.values()],
                settings=SETTINGS,
                approve_removals=approve_removals,
            )

        return await self._step(effect)

    async def store(
        self,
        read: ReadProgress,
        lease: UUID,
        settings: PlanSettings,  # noqa: ARG002 - the name is the protocol's
        plan: Plan,
        batches: Sequence[PlannedBatch],
        *,
        apply: bool,
    ) -> None:
        """As `PlanStore.store`.

        Raises:
            ValueError: for a preview; no simulated run asks for one.
        """
        if not apply:
            raise ValueError("a simulated run applies")

        def effect() -> None:
            run = self._db.runs[read.read_id]
            if run.lease != lease or run.state is not RunState.PLANNING:
                raise LostClaimError(str(run.run_id))
            self._db.move_run(run, RunState.WRITING)
            run.lease = None
            batch_of = {}
            for planned in batches:
                batch = self._db.new_batch(run.run_id, planned.kind)
                batch_of.update(dict.fromkeys(planned.indexes, batch.batch_id))
            for seq, item in enumerate(plan.items):
                self._db.new_item(run.run_id, item, batch_of.get(seq))
            rows = self._db.reads.pop(read.read_id)
            self._db.clients_known = len(rows.clients)
            self._db.known = {i: (seen.licence.client_id, False) for i, seen in rows.licences.items()}
            self._db.on_planned()
            self._db.issue(run.run_id)
            self._db.finish_if_done(run.run_id)

        await self._step(effect)
