"""Doubles of the stores of runs, under the same suite (tests/integration/planning)."""

from uuid import UUID

from halosync.domain.run_order import RunMode
from halosync.domain.states import CLAIMABLE_RUNS, RunState
from halosync.ports.run_claim import ClaimedRun
from halosync.store.run_work import CLAIM_S

from simulation.clock import now
from simulation.database import Database, Step
from simulation.invoices import REDELIVER_S
from simulation.rows import Run


class MemoryRuns:
    """As `RunWork` and `RunStore`."""

    def __init__(self, database: Database, step: Step) -> None:
        self._db = database
        self._step = step

    async def claim(self, run_id: UUID, claim: UUID) -> ClaimedRun | None:
        """As `RunWork.claim`."""

        def effect() -> ClaimedRun | None:
            run = self._db.runs[run_id]
            free = run.claim is None or run.claimed_until <= now() or run.claim == claim
            if run.state not in CLAIMABLE_RUNS or not free:
                return None
            run.claim, run.claimed_until, run.redeliver_at = claim, now() + CLAIM_S, now() + CLAIM_S
            if run.state is RunState.QUEUED:
                self._db.move_run(run, RunState.READING)
            return ClaimedRun(
                run_id=run_id,
                partner_id=self._db.partner_id,
                invoice_pk=run.invoice_pk,
                tenant=self._db.tenant,
                mode=RunMode.APPLY if run.undoes is None else RunMode.UNDO,
                approve_removals=None,
                approve_review=run.approve_review,
                accept_shrunk_read=run.accept_shrunk_read,
                seen_missing=self._seen_missing(run_id),
                attempts=run.attempts,
                rate=None,
                settle_wait_s=max(self._db.settled_at - now(), 0.0),
            )

        return await self._step(effect)

    def _seen_missing(self, run_id: UUID) -> int | None:
        earlier = (run for run in self._db.runs.values() if run.run_id.int < run_id.int)
        telling = [run for run in earlier if run.missing is not None or run.wrote]
        return max(telling, key=lambda run: run.run_id.int).missing if telling else None

    async def release(self, run_id: UUID, claim: UUID, *, attempts: int, wait_s: float) -> None:
        """As `RunWork.release`."""

        def effect() -> None:
            run = self._db.runs[run_id]
            if run.claim == claim:
                run.claim, run.attempts, run.redeliver_at = None, attempts, now() + wait_s + REDELIVER_S

        await self._step(effect)

    async def planning(self, run_id: UUID, claim: UUID) -> bool:
        """As `RunWork.planning`."""

        def effect() -> bool:
            run = self._db.runs[run_id]
            if run.claim != claim:
                return False
            run.claimed_until, run.redeliver_at = now() + CLAIM_S, now() + CLAIM_S
            self._db.move_run(run, RunState.PLANNING)
            return True

        return await self._step(effect)

    async def fail(self, run_id: UUID, claim: UUID, code: str, error: str, *, missing: int | None = None) -> None:
        """As `RunWork.fail`."""

        def effect() -> None:
            if self._db.runs[run_id].claim == claim:
                self._db.runs[run_id].missing = missing
                self._db.end(run_id, RunState.FAILED, code, error)
                self._db.reads.pop(run_id, None)

        await self._step(effect)

    def is_due(self) -> bool:
        """Tell whether a run waits for a planner and has been silent for too long."""
        return bool(self._due())

    def _due(self) -> list[Run]:
        unplanned = [run for run in self._db.runs.values() if run.state in CLAIMABLE_RUNS]
        return [run for run in unplanned if run.redeliver_at <= now()]

    async def redeliver_due(self) -> int:
        """As `RunStore.redeliver_due`."""

        def effect() -> int:
            due = self._due()
            for run in due:
                run.redeliver_at = now() + REDELIVER_S
                self._db.emit("run.requested.v1", run.run_id)
            return len(due)

        return await self._step(effect)


class MemoryRequestCounter:
    """As `RequestCounter`."""

    def __init__(self, database: Database, step: Step) -> None:
        self._db = database
        self._step = step

    async def count(self, run_id: UUID, requests: int) -> None:
        """As `RequestCounter.count`."""

        def effect() -> None:
            self._db.runs[run_id].halo_requests += requests

        await self._step(effect)
