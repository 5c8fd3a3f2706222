"""What follows when a batch could not be sent, was refused, or could not be looked up."""

from functools import partial

import structlog
from halosync.contracts.connection import TokenGranted
from halosync.domain import write_sentences
from halosync.domain.model import Reason
from halosync.domain.retry import Again, FailureClass, GiveUp, LookUp, RefreshToken, next_step
from halosync.domain.states import ActionState
from halosync.ports.batch_work import BatchAtWork, FailedAction, HaloAnswer
from halosync.ports.failures import HaloFailure
from halosync.ports.permits import Limiter

from halo_writer.environment import WriterRules
from halo_writer.ports import Actions
from halo_writer.sender import FailedRequest

log = structlog.get_logger(__name__)


class BatchFailures:
    """Decides what follows a failure. Each method returns in how many seconds the batch goes on, None for at once."""

    def __init__(self, actions: Actions, limiter: Limiter, rules: WriterRules) -> None:
        self._actions = actions
        self._limiter = limiter
        self._rules = rules

    async def after(self, batch: BatchAtWork, refused: FailedRequest, token: TokenGranted) -> float | None:
        """Decide what follows a request that did not succeed; `token` is what it was sent with."""
        failure, marks = refused.failure, refused.marks
        log.warning(
            "write failed",
            batch_id=batch.batch_id,
            failure=failure.failure,
            status=failure.status,
            items=len(marks),
            words=failure.words,
        )
        step = next_step(
            FailureClass.UNAUTHORIZED if failure.is_refusal else failure.failure,
            attempts=refused.attempt if failure.failure is FailureClass.LOCKED else batch.failures + 1,
            max_attempts=self._rules.max_attempts,
            delays_s=self._rules.delays_s,
            wait_s=failure.retry_after_s,
            token_refreshed=batch.refused_generation is not None and token.renewed,
        )
        if failure.failure is not FailureClass.RATE_LIMITED and failure.retry_after_s:
            await self._limiter.block(batch.tenant, failure.retry_after_s)
        match step:
            case Again() if failure.failure is FailureClass.RATE_LIMITED:
                await self._actions.unmark(marks, charged=False)
                return await self._limiter.block(batch.tenant, failure.retry_after_s)
            case Again(delay_s=delay_s):
                await self._actions.unmark(marks, charged=True)
                await self._actions.note_failures(batch.batch_id, batch.failures + 1)
                return delay_s
            case RefreshToken():
                await self._actions.unmark(marks, charged=False)
                await self._actions.note_refused_token(batch.batch_id, token.generation)
            case LookUp(delay_s=delay_s):
                await self._in_doubt(batch, refused, self._rules.settle_s if delay_s is None else delay_s)
            case GiveUp(reason=reason):
                await self._refused_for_good(batch, refused, reason)
        return None

    async def not_sent(self, batch: BatchAtWork, words: str) -> float | None:
        """Count a failure that kept the whole batch from being sent; after too many, all that is open fails."""
        delay_s = await self._once_more(batch)
        if delay_s is not None:
            return delay_s
        return await self._give_up(batch, Reason.HALO_UNAVAILABLE, write_sentences.no_access(words))

    async def look_up_failed(self, batch: BatchAtWork, failure: HaloFailure) -> float | None:
        """Count a look-up that failed; after too many, what could not be looked up fails as unknown."""
        if failure.is_refusal:
            return await self._give_up(
                batch, Reason.PERMISSION_DENIED, write_sentences.permission_denied(failure.words)
            )
        delay_s = await self._once_more(batch)
        if delay_s is not None:
            return delay_s
        # What waits was not what could not be looked up: it is still to be sent.
        wait_s = await self._give_up(batch, None, _unavailable(failure.status, failure.words))
        await self._actions.note_success(batch.batch_id)
        return wait_s

    async def _in_doubt(self, batch: BatchAtWork, refused: FailedRequest, settle_s: float) -> None:
        """Have it looked up. An array that failed as a whole goes on in smaller pieces, as a refused one does.

        So one row that upsets Halo, or that somebody has locked, ends up alone (spec section 9).
        """
        failure, marks = refused.failure, refused.marks
        answer = None if failure.status is None else HaloAnswer(failure.status, failure.words)
        if len(marks) > 1 and failure.failure is FailureClass.FAILED_WHOLE:
            await self._actions.refuse(batch, marks, _named(refused), settle_s=settle_s, answer=answer)
        elif len(marks) > 1 and failure.failure is FailureClass.LOCKED:
            await self._actions.refuse(batch, marks, _named(refused), answer=answer)
        else:
            settle_s = max(settle_s, failure.retry_after_s or 0.0)
            await self._actions.mark_unknown(marks, settle_s=settle_s, answer=answer)

    async def _refused_for_good(self, batch: BatchAtWork, refused: FailedRequest, reason: Reason) -> None:
        failure, marks = refused.failure, refused.marks
        if reason is Reason.HALO_REJECTED and len(marks) > 1:
            await self._actions.refuse(batch, marks, _named(refused))
            return
        words = {
            Reason.HALO_REJECTED: write_sentences.rejected,
            Reason.PERMISSION_DENIED: write_sentences.permission_denied,
        }.get(reason, partial(_unavailable, failure.status))(failure.words)
        await self._actions.record(
            batch, [], [FailedAction(item_id, mark_no, reason, words) for item_id, mark_no in marks.items()]
        )

    async def _once_more(self, batch: BatchAtWork) -> float | None:
        """Count a failure of the batch; return in how many seconds it is tried again, None if there were too many."""
        step = next_step(
            FailureClass.TRANSIENT,
            attempts=batch.failures + 1,
            max_attempts=self._rules.max_attempts,
            delays_s=self._rules.delays_s,
            wait_s=None,
            token_refreshed=False,
        )
        if not isinstance(step, Again):
            return None
        await self._actions.note_failures(batch.batch_id, batch.failures + 1)
        return step.delay_s

    async def _give_up(self, batch: BatchAtWork, reason: Reason | None, words: str) -> float | None:
        """Fail what is open, saying of each action no more than is known.

        What waits fails with `reason`; without one it goes on waiting. What was sent, has settled and could not be
        looked up fails as unknown. What Halo may still be applying, or another writer is sending, is left until it has
        settled; returns in how many seconds that is, None if there is none.
        """
        failed, unsettled = [], []
        for action in await self._actions.open_actions(batch.batch_id):
            if action.action_state is ActionState.WAITING:
                if reason is not None:
                    failed.append(FailedAction(action.item_id, action.mark_no, reason, words))
            elif action.settle_wait_s <= 0:
                unknown = write_sentences.never_looked_up(words)
                failed.append(FailedAction(action.item_id, action.mark_no, Reason.OUTCOME_UNKNOWN, unknown))
            else:
                unsettled.append(action.settle_wait_s)
        await self._actions.record(batch, [], failed)
        return max(unsettled, default=None) if reason is not None else None


def _named(refused: FailedRequest) -> list[int]:
    """Return the items of the rows that Halo's answer names."""
    order = list(refused.marks)
    return [order[row] for row in refused.failure.named_rows if row < len(order)]


def _unavailable(status: int | None, words: str) -> str:
    return write_sentences.unavailable(words) if status is None else write_sentences.answered(status, words)
