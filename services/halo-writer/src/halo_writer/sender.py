"""Sending: mark, deadline, request, classified result (messaging-facts section 4.2). The shield around it: `in_flight`.

Between the commit of the mark and the recorded result a process may die at any point; whoever finds the mark then
waits until the write has settled and looks in Halo.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from halosync.contracts.connection import TokenGranted
from halosync.observability.metrics import IN_FLIGHT
from halosync.ports.batch_work import AppliedAction, BatchAtWork, FailedAction, HaloAnswer, OpenAction
from halosync.ports.failures import HaloFailure
from halosync.ports.licence_write import StoredLicence
from halosync.ports.permits import Counter, Lease, Limiter

from halo_writer.array_sizing import ArraySizing, Turn
from halo_writer.effects import result_of
from halo_writer.environment import WriterRules
from halo_writer.ports import Actions, LicenceWrites
from halo_writer.writes import write_of

log = structlog.get_logger(__name__)

SEND_S = 5.0
"""A request must begin within so many seconds of its mark: a process that was frozen in between sends nothing."""

TAKEN = HaloAnswer(200)
"""Halo has said that it did it, and did not show it."""

DELETE_LOT = 10
"""How many permits deletes lease at a time: those of a writer that dies stay away for as long as all could last."""


class TooLateError(Exception):
    """A deadline before the request has passed, of its mark or of its permit; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Permits:
    """Leased permits. A request that begins later than `usable_until`, on our clock, may outlast the lease."""

    lease: Lease
    usable_until: float


@dataclass(frozen=True, slots=True)
class FailedRequest:
    """The request did not succeed; the marks (item → its number) it was sent under are still to be resolved.

    `attempt` is the highest of its actions' attempts, this one included.
    """

    failure: HaloFailure
    marks: dict[int, int]
    attempt: int


class Sender:
    """Sends batches. Every request has a permit, a committed mark and a deadline.

    `clock` is the process' own monotonic clock, in seconds: the deadline must not depend on any other.
    """

    def __init__(
        self,
        *,
        actions: Actions,
        limiter: Limiter,
        writes: LicenceWrites,
        counter: Counter,
        rules: WriterRules,
        sizing: ArraySizing,
        clock: Callable[[], float],
    ) -> None:
        self._actions = actions
        self._limiter = limiter
        self._writes = writes
        self._counter = counter
        self._rules = rules
        self._sizing = sizing
        self._clock = clock

    async def send_array(
        self, batch: BatchAtWork, actions: Sequence[OpenAction], token: TokenGranted
    ) -> FailedRequest | bool:
        """Send creates and updates as one array, as many as Halo takes, and record what it applied.

        Returns what remains to be decided; or else whether Halo has taken a request.

        Raises:
            NoPermit: the budget is used up; nothing was marked or sent.
        """
        permits = await self._lease(batch, 1)
        again = any(action.attempt for action in actions)
        turn = await self._sizing.turn(batch.tenant, len(actions), again=again)
        return await self._array(batch, list(actions[: turn.rows]), token, permits, turn)

    async def send_deletes(
        self, batch: BatchAtWork, actions: Sequence[OpenAction], token: TokenGranted
    ) -> FailedRequest | bool:
        """Send deletes one by one, as many as there are permits; stop at the first that does not succeed.

        Returns as `send_array`.

        Raises:
            NoPermit: the budget is used up; nothing was marked or sent.
        """
        permits = await self._lease(batch, min(len(actions), DELETE_LOT))
        return await self._deletes(batch, list(actions[: permits.lease.granted]), token, permits)

    async def _lease(self, batch: BatchAtWork, want: int) -> "Permits":
        rate = batch.rate or self._rules.rate
        longest_s = self._writes.total_timeout_s
        lease_s = want * (SEND_S + longest_s)
        asked_at = self._clock()
        lease = await self._limiter.acquire(batch.tenant, rate, want=want, lease_s=lease_s)
        return Permits(lease, asked_at + lease_s - longest_s)

    async def _array(
        self, batch: BatchAtWork, actions: list[OpenAction], token: TokenGranted, permits: Permits, turn: Turn
    ) -> FailedRequest | bool:
        spent, counted = 0, 0
        try:
            marked_at, marks = await self._mark(actions)
            marked = [action for action in actions if action.item_id in marks]
            marks = {action.item_id: marks[action.item_id] for action in marked}  # in the order of the array
            if not marked:
                await self._sizing.unsent(batch.tenant, turn)
                return False
            writes = [write_of(action, batch) for action in marked]
            secret = token.access_token.get_secret_value()
            try:
                self._in_time(marked_at, permits)
                spent, sent_at = 1, self._clock()
                with IN_FLIGHT.track_inprogress():
                    answers = await self._writes.post(batch.tenant, secret, writes)
            except TooLateError:
                await self._actions.unmark(marks, charged=False)
                await self._sizing.unsent(batch.tenant, turn)
                return False
            except HaloFailure as failure:
                spent = 1 if failure.sent else 0
                await self._sizing.failed(batch.tenant, turn, len(marked), failure)
                return FailedRequest(failure, marks, _attempt(marked))
            try:
                # First what other arrays of the tenant go by: to record a large one takes longer than to send theirs.
                await self._sizing.taken(batch.tenant, turn, len(marked), self._clock() - sent_at)
            finally:  # whatever becomes of that: what Halo answered is nowhere else
                await self._record(batch, list(zip(marked, answers, strict=True)), marks, spent)
                counted = spent
            return True
        finally:
            await self._spend(batch, permits.lease, spent, counted=counted)

    async def _record(
        self,
        batch: BatchAtWork,
        answered: list[tuple[OpenAction, StoredLicence | None]],
        marks: dict[int, int],
        requests: int,
    ) -> None:
        """Record what the answer shows; what it does not show is in doubt, and looked up when all else is sent."""
        unseen: dict[int, int] = {}
        licence_ids: dict[int, int] = {}
        results: list[AppliedAction | FailedAction] = []
        for action, stored in answered:
            mark_no = marks[action.item_id]
            if stored is None or stored.licence is None:
                unseen[action.item_id] = mark_no
                licence_ids |= {} if stored is None else {action.item_id: stored.licence_id}
            else:
                results.append(result_of(action, mark_no, batch, stored.licence, stored.warning))
        if unseen:
            await self._actions.mark_unknown(unseen, settle_s=0.0, answer=TAKEN, licence_ids=licence_ids)
        applied = [each for each in results if isinstance(each, AppliedAction)]
        failed = [each for each in results if isinstance(each, FailedAction)]
        await self._actions.record(batch, applied, failed, requests=requests)

    async def _deletes(
        self, batch: BatchAtWork, actions: list[OpenAction], token: TokenGranted, permits: Permits
    ) -> FailedRequest | bool:
        spent = 0
        try:
            for action in actions:
                marked_at, marks = await self._mark([action])
                if not marks:
                    continue
                try:
                    self._in_time(marked_at, permits)
                    spent += 1
                    with IN_FLIGHT.track_inprogress():
                        gone = await self._writes.delete(
                            batch.tenant, token.access_token.get_secret_value(), action.licence_id or 0
                        )
                except TooLateError:
                    await self._actions.unmark(marks, charged=False)
                    return False
                except HaloFailure as failure:
                    spent -= 0 if failure.sent else 1
                    return FailedRequest(failure, marks, _attempt([action]))
                if gone:
                    applied = AppliedAction(action.item_id, marks[action.item_id], action.licence_id)
                    await self._actions.record(batch, [applied])
                else:  # one list of the client then answers for many
                    await self._actions.mark_unknown(marks, settle_s=0.0, answer=TAKEN)
            return spent > 0
        finally:
            await self._spend(batch, permits.lease, spent)

    async def _mark(self, actions: list[OpenAction]) -> tuple[float, dict[int, int]]:
        """Commit the mark; the clock for the deadline starts before it, so that the deadline errs to the safe side."""
        marked_at = self._clock()
        marks = await self._actions.mark_sending(
            [action.item_id for action in actions],
            worker=self._rules.worker,
            send_s=SEND_S,
            answer_s=self._writes.total_timeout_s,
            settle_s=self._rules.settle_s,
        )
        return marked_at, marks

    async def _spend(self, batch: BatchAtWork, lease: Lease, spent: int, *, counted: int = 0) -> None:
        """Give back what was leased and not used; count what was used, but for what was counted with its results."""
        await self._limiter.finish(lease, spent)
        if spent > counted:
            await self._counter.count(batch.run_id, spent - counted)

    def _in_time(self, marked_at: float, permits: Permits) -> None:
        moment = self._clock()
        if moment - marked_at > SEND_S or moment > permits.usable_until:
            raise TooLateError


def _attempt(actions: Sequence[OpenAction]) -> int:
    return max(action.attempt for action in actions) + 1
