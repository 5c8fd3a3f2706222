"""Working on a batch: resolve what is in doubt, send what waits, decide what follows a failure."""

from collections import Counter
from collections.abc import Collection
from functools import partial

import structlog
from halosync.contracts.connection import TokenGranted
from halosync.domain import connection_sentences, write_sentences
from halosync.domain.batching import BatchKind, split
from halosync.domain.model import Reason
from halosync.domain.retry import Again, FailureClass, GiveUp, LookUp, RefreshToken, next_step
from halosync.domain.states import ActionState
from halosync.ports.batch_work import BatchAtWork, FailedAction, HaloAnswer, OpenAction
from halosync.ports.failures import HaloFailure
from halosync.ports.permits import Limiter, NoPermit
from halosync.ports.tokens import AuthAwayError, ConnectionLostError, TokenSource, TokenUnavailableError

from halo_writer.environment import WriterRules
from halo_writer.in_flight import InFlight
from halo_writer.ports import Actions
from halo_writer.sender import FailedRequest, Sender
from halo_writer.write_lookup import WriteLookUp

log = structlog.get_logger(__name__)

BUSY_WAIT_S = 1.0
"""How long a batch of a tenant that already has its share of this writer waits for another turn."""


class BatchWriter:
    """Applies batches of licence actions."""

    def __init__(
        self,
        *,
        actions: Actions,
        tokens: TokenSource,
        limiter: Limiter,
        sender: Sender,
        lookup: WriteLookUp,
        rules: WriterRules,
        in_flight: InFlight,
    ) -> None:
        self._actions = actions
        self._tokens = tokens
        self._limiter = limiter
        self._sender = sender
        self._lookup = lookup
        self._rules = rules
        self._in_flight = in_flight
        self._at_work: set[int] = set()
        self._busy: Counter[str] = Counter()

    async def advance(self, batch_id: int) -> float | None:
        """Work on a batch as far as it goes now.

        Returns in how many seconds it wants to be looked at again; None when it is done, or is in other hands: a
        message that comes while another of the same batch is being worked on here has nothing to add.
        """
        if batch_id in self._at_work:
            return None
        self._at_work.add(batch_id)
        try:
            await self._in_flight.join(batch_id)
            return await self._advance(batch_id)
        finally:
            self._at_work.discard(batch_id)

    async def _advance(self, batch_id: int) -> float | None:
        batch = await self._actions.batch(batch_id)
        if batch is None:
            return None
        if self._busy[batch.tenant] >= self._rules.per_tenant:
            wait_s: float | None = BUSY_WAIT_S
        else:
            self._busy[batch.tenant] += 1
            try:
                wait_s = await self._steps(batch)
            finally:
                self._busy[batch.tenant] -= 1
        if wait_s is not None:
            await self._actions.redeliver_later(batch_id, wait_s)
        return wait_s

    async def _steps(self, batch: BatchAtWork) -> float | None:
        """Take one step after the other until the batch is done or has to wait."""
        while True:
            try:
                wait_s = await self._step(batch)
            except (NoPermit, AuthAwayError) as pause:
                return pause.wait_s
            except TokenUnavailableError as unavailable:
                wait_s = await self._not_sent(batch, str(unavailable))
            except ConnectionLostError as lost:
                await self._actions.lose_connection(batch, lost.code, lost.detail)
                return None
            except HaloFailure as failure:  # of a look-up: it is simply made again
                wait_s = await self._look_up_failed(batch, failure)
            if wait_s is not None:
                return wait_s
            following = await self._actions.batch(batch.batch_id)
            if following is None:
                return None
            batch = following

    async def _step(self, batch: BatchAtWork) -> float | None:
        """Do the next thing that a batch needs; return how long it must wait, None to go on."""
        actions = await self._actions.open_actions(batch.batch_id)
        if not actions:
            await self._actions.close_if_done(batch)
            return None
        waiting = [action for action in actions if action.action_state is ActionState.WAITING]
        in_doubt = [action for action in actions if action.action_state is not ActionState.WAITING]
        sendable = waiting and not batch.stopping and batch.refused_rows is None
        # What Halo has acknowledged can wait until all is sent: one list of a client then answers for many.
        settled = [a for a in in_doubt if a.settle_wait_s <= 0 and not (sendable and a.acknowledged)]
        if settled:
            await self._lookup.resolve(batch, settled)
            return None
        if waiting and batch.stopping:
            await self._actions.withdraw(batch)
            return None
        if waiting and batch.refused_rows is not None and not in_doubt:
            await self._split(batch, batch.refused_rows, waiting)
            return None
        if waiting and batch.refused_rows is None:
            return await self._send(batch, waiting)
        return max(action.settle_wait_s for action in in_doubt)

    async def _send(self, batch: BatchAtWork, waiting: list[OpenAction]) -> float | None:
        if not batch.connected:
            raise ConnectionLostError("not_connected", connection_sentences.NO_LONGER_CONNECTED)
        token = await self._tokens.get(batch.partner_id, batch.tenant, rejected_generation=batch.refused_generation)
        return await self._in_flight.shield(batch.batch_id, lambda: self._send_with(batch, waiting, token))

    async def _send_with(self, batch: BatchAtWork, waiting: list[OpenAction], token: TokenGranted) -> float | None:
        """Send, record what came of it and decide what follows: one piece, which must not be broken off."""
        send = self._sender.send_array if batch.kind is BatchKind.WRITE else self._sender.send_deletes
        taken = await send(batch, waiting, token)
        if isinstance(taken, FailedRequest):
            return await self._after(batch, taken, token.generation)
        if taken and (batch.failures or batch.refused_generation is not None):
            await self._actions.note_success(batch.batch_id)
        return None

    async def _after(self, batch: BatchAtWork, refused: FailedRequest, generation: int) -> float | None:
        """Decide what follows a request that did not succeed."""
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
            failure.failure,
            attempts=refused.attempt if failure.failure is FailureClass.LOCKED else batch.failures + 1,
            max_attempts=self._rules.max_attempts,
            delays_s=self._rules.delays_s,
            wait_s=failure.retry_after_s,
            token_refreshed=batch.refused_generation is not None,
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
                await self._actions.note_refused_token(batch.batch_id, generation)
            case LookUp(delay_s=delay_s):
                await self._in_doubt(batch, refused, self._rules.settle_s if delay_s is None else delay_s)
            case GiveUp(reason=reason):
                await self._refused_for_good(batch, refused, reason)
        return None

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
        if failure.status == 403:
            reason = Reason.PERMISSION_DENIED
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

    async def _split(self, batch: BatchAtWork, named: Collection[int], waiting: list[OpenAction]) -> None:
        """Send what is left of a refused array in smaller pieces, until the guilty row stands alone."""
        marks = {action.item_id: action.mark_no for action in waiting}
        await self._actions.split(
            batch, [{item_id: marks[item_id] for item_id in part} for part in split(list(marks), named)]
        )

    async def _not_sent(self, batch: BatchAtWork, words: str) -> float | None:
        """Count a failure that kept the whole batch from being sent; after too many, all that is open fails."""
        delay_s = await self._once_more(batch)
        if delay_s is not None:
            return delay_s
        return await self._give_up(batch, Reason.HALO_UNAVAILABLE, write_sentences.no_access(words))

    async def _look_up_failed(self, batch: BatchAtWork, failure: HaloFailure) -> float | None:
        if failure.failure is FailureClass.UNAUTHORIZED or failure.status == 403:
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
