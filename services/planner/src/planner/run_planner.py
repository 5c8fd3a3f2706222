"""A run from `queued` to `writing`: read Halo in turns, check the read, plan, store (spec sections 2.4 and 2.5)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID, uuid4

import structlog
from halosync.domain.batching import Batch, batches
from halosync.domain.completeness import IncompleteReadError
from halosync.domain.guard import Comparison, shrunk
from halosync.domain.model import Plan, PlanInput, PlanSettings, Reason
from halosync.domain.planning import make_plan
from halosync.domain.retry import Again, FailureClass, GiveUp, next_step
from halosync.messaging.delivery import PASSING
from halosync.ports.failures import ConnectionLostError, HaloFailure, TokenUnavailableError
from halosync.ports.permits import NoPermit, Rate
from halosync.ports.reads import ReadProgress, ReadTakenOverError
from halosync.ports.run_claim import ClaimedRun, LostClaimError
from halosync.runtime.read_access import Caller

from planner.halo_read import HaloRead
from planner.planning_slots import SMALL_ROWS, PlanningSlots
from planner.sentences import internal_error, permission_problem, read_failed, read_incomplete

log = structlog.get_logger(__name__)

CROWDED_WAIT_S = 5.0
"""How long a large plan stays away when another stands in line already: a message that waits in a handler keeps a place
that the runs of others need."""


class Runs(Protocol):
    """A planner's hold on runs."""

    async def claim(self, run_id: UUID, lease: UUID) -> ClaimedRun | None:
        """Claim a run."""

    async def release(self, run_id: UUID, lease: UUID, *, attempts: int, wait_s: float) -> None:
        """Give it back."""

    async def planning(self, run_id: UUID, lease: UUID) -> bool:
        """Say that the read is complete."""

    async def fail(self, run_id: UUID, lease: UUID, code: str, error: str) -> None:
        """End it as failed."""


class Plans(Protocol):
    """Where plans come from and go to."""

    async def settings(self, partner_id: str) -> PlanSettings:
        """Return the partner's settings."""

    async def rows(self, read: ReadProgress, invoice_pk: int) -> int:
        """Return how many rows a plan is made from."""

    async def inputs(self, read: ReadProgress, invoice_pk: int, approve_removals: int | None) -> PlanInput:
        """Load what a plan depends on."""

    async def store(
        self,
        read: ReadProgress,
        lease: UUID,
        settings: PlanSettings,
        plan: Plan,
        batches: Sequence[Batch],
        *,
        apply: bool,
    ) -> None:
        """Store a plan."""


class Snapshots(Protocol):
    """What is known of Halo from before."""

    async def compare(self, progress: ReadProgress) -> Comparison:
        """Compare a complete read with it."""


@dataclass(frozen=True)
class Limits:
    """Numbers from the settings: the default rate, the size of a batch, and how failures are retried."""

    rate: Rate
    batch_size: int
    retry_delays_s: Sequence[float]
    retry_max_attempts: int


class RunPlanner:
    """Carries runs from `queued` to `writing`, a turn at a time."""

    def __init__(
        self,
        *,
        runs: Runs,
        plans: Plans,
        snapshots: Snapshots,
        reading: HaloRead,
        limits: Limits,
        slots: PlanningSlots | None = None,
    ) -> None:
        self._runs = runs
        self._plans = plans
        self._snapshots = snapshots
        self._reading = reading
        self._limits = limits
        self._slots = slots or PlanningSlots()  # shared with the intake of invoices
        self._held: dict[UUID, UUID] = {}

    async def advance(self, run_id: UUID) -> float | None:
        """Work on a run for a turn; return in how many seconds it wants its next turn, None if it wants none."""
        lease = self._held.get(run_id) or uuid4()
        run = await self._runs.claim(run_id, lease)
        self._held.pop(run_id, None)
        if run is None:
            return None
        try:
            return await self._guarded_turn(run, lease)
        except PASSING:  # the lease could not be given back: the next turn here goes on under it
            self._held[run_id] = lease
            raise
        except asyncio.CancelledError:
            # The connection to the broker is lost, and the message goes to somebody else by now: without this, they
            # would find the run taken until the lease has run out, three minutes later.
            await asyncio.shield(self._give_back(run, lease))
            raise

    async def _give_back(self, run: ClaimedRun, lease: UUID) -> None:
        try:
            await self._runs.release(run.run_id, lease, attempts=run.attempts, wait_s=0.0)
        except PASSING as error:
            self._held[run.run_id] = lease
            log.warning("a run was not given back", run_id=str(run.run_id), error=f"{type(error).__name__}: {error}")

    async def _guarded_turn(self, run: ClaimedRun, lease: UUID) -> float | None:
        """Work for a turn, and decide what follows if it fails."""
        try:
            return await self._turn(run, lease)
        except NoPermit as limit:
            return await self._later(run, lease, limit.wait_s)
        except HaloFailure as failure:
            return await self._after_failure(run, lease, failure.failure, failure.words, failure.status)
        except TokenUnavailableError as unavailable:
            return await self._after_failure(run, lease, FailureClass.TRANSIENT, str(unavailable), None)
        except ConnectionLostError as lost:
            await self._fail(run, lease, lost.code, lost.detail)
        except IncompleteReadError as incomplete:
            await self._fail(run, lease, "read_incomplete", read_incomplete(str(incomplete)))
        except (LostClaimError, ReadTakenOverError):
            log.info("run was taken over", run_id=str(run.run_id))
        except Exception as error:
            if not isinstance(error, PASSING):  # a fault of ours: the run says so instead of being tried for ever
                await self._fail(run, lease, "internal_error", internal_error())
            raise
        return None

    async def _turn(self, run: ClaimedRun, lease: UUID) -> float | None:
        if run.settle_wait_s > 0:  # Halo may still be applying writes of a run that ended without knowing their outcome
            return await self._later(run, lease, run.settle_wait_s)
        who = Caller(run.partner_id, run.tenant, run.rate or self._limits.rate, run.run_id)
        progress = await self._reading.turn(run.run_id, who)
        if progress.list != "complete":
            return await self._later(run, lease, 0.0)
        large = await self._plans.rows(progress, run.invoice_pk) > SMALL_ROWS
        if large and self._slots.crowded:
            return await self._later(run, lease, CROWDED_WAIT_S)
        async with self._slots.take(large=large):
            # The wait for other plans may have been long: hold the run anew, or leave it to who has it by now.
            if await self._runs.claim(run.run_id, lease) is None:
                raise LostClaimError(str(run.run_id))
            await self._check_and_plan(run, lease, progress)
        return None

    async def _check_and_plan(self, run: ClaimedRun, lease: UUID, progress: ReadProgress) -> None:
        if not await self._runs.planning(run.run_id, lease):
            raise LostClaimError(str(run.run_id))
        settings = await self._plans.settings(run.partner_id)
        why = shrunk(await self._snapshots.compare(progress), settings.delete_guard)
        if why is not None and not run.accept_shrunk_read:
            await self._fail(run, lease, "read_shrunk", why)
            return
        await self._plan(run, lease, progress)

    async def _plan(self, run: ClaimedRun, lease: UUID, progress: ReadProgress) -> None:
        inputs = await self._plans.inputs(progress, run.invoice_pk, run.approve_removals)
        # In a thread: seconds of arithmetic must not stop the heartbeats.
        plan = await asyncio.to_thread(make_plan, inputs)
        settings = inputs.settings
        del inputs
        parts = batches(plan.items, self._limits.batch_size, settings.removal)
        await self._plans.store(progress, lease, settings, plan, parts, apply=run.mode == "apply")
        log.info("planned", run_id=str(run.run_id), items=len(plan.items), batches=len(parts), mode=run.mode)

    async def _after_failure(
        self, run: ClaimedRun, lease: UUID, failure: FailureClass, words: str, status: int | None
    ) -> float | None:
        attempts = run.attempts + 1
        step = next_step(
            failure,
            attempts=attempts,
            max_attempts=self._limits.retry_max_attempts,
            delays_s=self._limits.retry_delays_s,
            wait_s=None,
            token_refreshed=True,
        )
        log.warning("reading failed", run_id=str(run.run_id), words=words, status=status, attempts=attempts)
        if isinstance(step, Again):
            return await self._later(run, lease, step.delay_s, attempts=attempts)
        reason = step.reason if isinstance(step, GiveUp) else Reason.HALO_UNAVAILABLE
        if status == 403 or reason is Reason.PERMISSION_DENIED:
            await self._fail(run, lease, Reason.PERMISSION_DENIED, permission_problem(words))
        else:
            await self._fail(run, lease, reason, read_failed(words))
        return None

    async def _later(self, run: ClaimedRun, lease: UUID, wait_s: float, *, attempts: int | None = None) -> float:
        kept = run.attempts if attempts is None else attempts
        await self._runs.release(run.run_id, lease, attempts=kept, wait_s=wait_s)
        return wait_s

    async def _fail(self, run: ClaimedRun, lease: UUID, code: str, error: str) -> None:
        log.error("run failed", run_id=str(run.run_id), code=code, error=error)
        await self._runs.fail(run.run_id, lease, code, error)
