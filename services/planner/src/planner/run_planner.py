"""A run from `queued` to `writing`: read Halo in turns, check the read, plan, store (spec sections 2.4 and 2.5)."""

import asyncio
from contextlib import nullcontext
from uuid import UUID, uuid4

import structlog
from halosync.domain.batching import batches
from halosync.domain.completeness import IncompleteReadError
from halosync.domain.guard import shrunk, within_accepted
from halosync.domain.model import Reason
from halosync.domain.planning import make_plan
from halosync.domain.retry import Again, FailureClass, GiveUp, next_step
from halosync.domain.review_choices import outlooks
from halosync.domain.run_sentences import (
    internal_error,
    permission_problem,
    read_failed,
    read_incomplete,
    row_unreadable,
)
from halosync.observability.waiting import Waiting
from halosync.ports.failures import HaloFailure, UnreadableRowError
from halosync.ports.permits import NoPermit
from halosync.ports.reads import ReadProgress, ReadTakenOverError
from halosync.ports.run_claim import ClaimedRun, LostClaimError
from halosync.ports.tokens import AuthAwayError, ConnectionLostError, TokenUnavailableError
from halosync.runtime.garbage import garbage_left
from halosync.runtime.read_access import Caller

from planner.environment import PlannerRules
from planner.halo_read import HaloRead
from planner.planning_slots import SMALL_ROWS, PlanningSlots
from planner.ports import Plans, Runs, Snapshots

log = structlog.get_logger(__name__)
waits = Waiting(log)

CROWDED_WAIT_S = 5.0
"""How long a large plan stays away when another stands in line already: a message that waits in a handler keeps a place
that the runs of others need."""


class RunPlanner:
    """Carries runs from `queued` to `writing`, a turn at a time."""

    def __init__(
        self,
        *,
        runs: Runs,
        plans: Plans,
        snapshots: Snapshots,
        halo_read: HaloRead,
        slots: PlanningSlots,
        rules: PlannerRules,
        passing: tuple[type[Exception], ...],
    ) -> None:
        self._runs = runs
        self._plans = plans
        self._snapshots = snapshots
        self._halo_read = halo_read
        self._slots = slots  # shared with the intake of invoices
        self._rules = rules
        self._passing = passing
        self._claims: dict[UUID, UUID] = {}

    async def advance(self, run_id: UUID) -> float | None:
        """Work on a run for a turn; return in how many seconds it wants its next turn, None if it wants none."""
        claim = self._claims.get(run_id) or uuid4()
        run = await self._runs.claim(run_id, claim)
        self._claims.pop(run_id, None)
        if run is None:
            return None
        try:
            return await self._guarded_turn(run, claim)
        except self._passing:  # the claim could not be given back: the next turn here goes on under it
            self._claims[run_id] = claim
            raise
        except asyncio.CancelledError:
            # The connection to the broker is lost, and the message goes to somebody else by now: without this, they
            # would find the run taken until the claim has run out, three minutes later.
            await asyncio.shield(self._give_back(run, claim))
            raise

    async def _give_back(self, run: ClaimedRun, claim: UUID) -> None:
        try:
            await self._runs.release(run.run_id, claim, attempts=run.attempts, wait_s=0.0)
        except self._passing as error:
            self._claims[run.run_id] = claim
            log.warning("a run was not given back", run_id=str(run.run_id), error=f"{type(error).__name__}: {error}")

    async def _guarded_turn(self, run: ClaimedRun, claim: UUID) -> float | None:
        """Work for a turn, and decide what follows if it fails."""
        try:
            return await self._turn(run, claim)
        except (NoPermit, AuthAwayError) as pause:  # neither says anything of the run
            return await self._later(run, claim, pause.wait_s, pause.waits_for, pause.why)
        except UnreadableRowError as unreadable:  # it stays so until a person corrects it in Halo
            await self._fail(run, claim, "row_unreadable", row_unreadable(unreadable.words))
        except HaloFailure as failure:
            return await self._after_failure(run, claim, failure.failure, failure.words, failure.status)
        except TokenUnavailableError as unavailable:
            words, code = str(unavailable), unavailable.code
            return await self._after_failure(run, claim, FailureClass.TRANSIENT, words, None, code=code)
        except ConnectionLostError as lost:
            await self._fail(run, claim, lost.code, lost.detail)
        except IncompleteReadError as incomplete:
            await self._fail(run, claim, "read_incomplete", read_incomplete(str(incomplete)))
        except (LostClaimError, ReadTakenOverError):
            log.info("run was taken over", run_id=str(run.run_id))
        except Exception as error:
            if not isinstance(error, self._passing):  # a fault of ours: the run says so instead of being tried for ever
                await self._fail(run, claim, "internal_error", internal_error())
            raise
        return None

    async def _turn(self, run: ClaimedRun, claim: UUID) -> float | None:
        if run.settle_wait_s > 0:  # Halo may still be applying writes of a run that ended without knowing their outcome
            why = "an earlier run ended without knowing what became of a write"
            return await self._later(run, claim, run.settle_wait_s, "Halo to settle", why)
        who = Caller(run.partner_id, run.tenant, run.rate or self._rules.rate, run.run_id)
        progress = await self._halo_read.turn(run.run_id, who)
        if progress.list != "complete":
            return await self._later(run, claim, 0.0, "its next turn", "it has read for as long as one turn may")
        large = await self._plans.rows(progress, run.invoice_pk) > SMALL_ROWS
        if large and self._slots.crowded:
            why = "other large plans and invoices stand in line already"
            return await self._later(run, claim, CROWDED_WAIT_S, "a slot to work in", why)
        async with self._slots.take(large=large):
            # The slots let one large plan be made at a time, and it is gone when garbage is looked for again.
            with garbage_left() if large else nullcontext():
                await self._check_and_plan(run, claim, progress)
        return None

    async def _check_and_plan(self, run: ClaimedRun, claim: UUID, progress: ReadProgress) -> None:
        if not await self._runs.planning(run.run_id, claim):
            raise LostClaimError(str(run.run_id))
        inputs = await self._plans.inputs(
            progress, run.invoice_pk, approve_removals=run.approve_removals, approve_review=run.approve_review
        )
        seen = await self._snapshots.compare(progress)
        why = shrunk(seen, inputs.settings.delete_guard)
        if why is not None and not (run.accept_shrunk_read and within_accepted(seen, run.seen_missing)):
            await self._fail(run, claim, "read_shrunk", why, missing=seen.lacking)
            return
        # In a thread: seconds of arithmetic must not stop the heartbeats.
        plan = await asyncio.to_thread(make_plan, inputs)
        waits = plan.to_review > 0 and not plan.review_done and inputs.undone is None
        review = await asyncio.to_thread(outlooks, inputs) if waits else ()
        settings = inputs.settings
        del inputs
        parts = batches(plan.items, self._rules.batch_size, settings.removal, delete_size=self._rules.delete_batch_size)
        await self._plans.store(progress, claim, settings, plan, parts, apply=run.mode.writes, review=review)
        log.info("planned", run_id=str(run.run_id), items=len(plan.items), batches=len(parts), mode=run.mode)

    async def _after_failure(
        self,
        run: ClaimedRun,
        claim: UUID,
        failure: FailureClass,
        words: str,
        status: int | None,
        *,
        code: str | None = None,
    ) -> float | None:
        attempts = run.attempts + 1
        step = next_step(
            failure,
            attempts=attempts,
            max_attempts=self._rules.max_attempts,
            delays_s=self._rules.delays_s,
            wait_s=None,
            token_refreshed=True,
        )
        log.warning("reading failed", run_id=str(run.run_id), words=words, status=status, attempts=attempts)
        if isinstance(step, Again):
            return await self._later(run, claim, step.delay_s, "Halo to answer", words, attempts=attempts)
        reason = step.reason if isinstance(step, GiveUp) else Reason.HALO_UNAVAILABLE
        if status == 403 or reason is Reason.PERMISSION_DENIED:
            await self._fail(run, claim, Reason.PERMISSION_DENIED, permission_problem(words))
        elif code == "token_unreadable":
            await self._fail(run, claim, code, words)
        else:
            await self._fail(run, claim, reason, read_failed(words))
        return None

    async def _later(
        self, run: ClaimedRun, claim: UUID, wait_s: float, waits_for: str, why: str, *, attempts: int | None = None
    ) -> float:
        waits.tell(waits_for, why=why, wait_s=wait_s, partner_id=run.partner_id, run_id=run.run_id)
        kept = run.attempts if attempts is None else attempts
        await self._runs.release(run.run_id, claim, attempts=kept, wait_s=wait_s)
        return wait_s

    async def _fail(self, run: ClaimedRun, claim: UUID, code: str, error: str, *, missing: int | None = None) -> None:
        log.error("run failed", run_id=str(run.run_id), code=code, error=error)
        await self._runs.fail(run.run_id, claim, code, error, missing=missing)
