"""Working on a batch: resolve what is in doubt, send what waits; `BatchFailures` decides what follows a failure."""

from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

import structlog
from halosync.contracts.connection import TokenGranted
from halosync.domain import connection_sentences
from halosync.domain.batching import BatchKind, split
from halosync.domain.states import ActionState
from halosync.observability.waiting import Waiting
from halosync.ports.batch_work import BatchAtWork, OpenAction
from halosync.ports.failures import HaloFailure
from halosync.ports.permits import NoPermit
from halosync.ports.tokens import AuthAwayError, ConnectionLostError, TokenSource, TokenUnavailableError

from halo_writer.batch_failures import BatchFailures
from halo_writer.environment import WriterRules
from halo_writer.in_flight import InFlight
from halo_writer.ports import Actions
from halo_writer.sender import FailedRequest, Sender
from halo_writer.write_lookup import WriteLookUp

log = structlog.get_logger(__name__)
waits = Waiting(log)

BUSY_WAIT_S = 1.0
"""How long a batch of a tenant that already has its share of this writer waits for another turn."""


class Pause(NamedTuple):
    """A batch comes again in `wait_s` seconds; `waits_for` and `why` say what it waits for, for the log."""

    wait_s: float
    waits_for: str
    why: str


_BUSY = Pause(BUSY_WAIT_S, "a place in this writer", "other batches of the tenant have all that one tenant may have")


class BatchWriter:
    """Applies batches of licence actions."""

    def __init__(
        self,
        *,
        actions: Actions,
        tokens: TokenSource,
        sender: Sender,
        lookup: WriteLookUp,
        failures: BatchFailures,
        rules: WriterRules,
        in_flight: InFlight,
    ) -> None:
        self._actions = actions
        self._tokens = tokens
        self._sender = sender
        self._lookup = lookup
        self._failures = failures
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
            pause: Pause | None = _BUSY
        else:
            self._busy[batch.tenant] += 1
            try:
                pause = await self._steps(batch)
            finally:
                self._busy[batch.tenant] -= 1
        if pause is None:
            return None
        waits.tell(
            pause.waits_for,
            why=pause.why,
            wait_s=pause.wait_s,
            partner_id=batch.partner_id,
            run_id=batch.run_id,
            batch_id=batch_id,
        )
        await self._actions.redeliver_later(batch_id, pause.wait_s)
        return pause.wait_s

    async def _steps(self, batch: BatchAtWork) -> Pause | None:
        """Take one step after the other until the batch is done or has to wait."""
        while True:
            try:
                pause = await self._step(batch)
            except (NoPermit, AuthAwayError) as pause_of_ours:
                return Pause(pause_of_ours.wait_s, pause_of_ours.waits_for, pause_of_ours.why)
            except TokenUnavailableError as unavailable:
                wait_s = await self._failures.not_sent(batch, str(unavailable))
                pause = _pause(wait_s, "a token", str(unavailable))
            except ConnectionLostError as lost:
                await self._actions.lose_connection(batch, lost.code, lost.detail)
                return None
            except HaloFailure as failure:  # of a look-up: it is simply made again
                wait_s = await self._failures.look_up_failed(batch, failure)
                pause = _pause(wait_s, "a look-up in Halo", failure.words)
            if pause is not None:
                return pause
            following = await self._actions.batch(batch.batch_id)
            if following is None:
                return None
            batch = following

    async def _step(self, batch: BatchAtWork) -> Pause | None:
        """Do the next thing that a batch needs; return for what it must wait, None to go on."""
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
        wait_s = max(action.settle_wait_s for action in in_doubt)
        return Pause(wait_s, "Halo to settle", "the outcome of a write is not known, and Halo may still be at it")

    async def _send(self, batch: BatchAtWork, waiting: list[OpenAction]) -> Pause | None:
        if not batch.connected:
            raise ConnectionLostError("not_connected", connection_sentences.NO_LONGER_CONNECTED)
        token = await self._tokens.get(batch.partner_id, batch.tenant, rejected_generation=batch.refused_generation)
        return await self._in_flight.shield(batch.batch_id, lambda: self._send_with(batch, waiting, token))

    async def _send_with(self, batch: BatchAtWork, waiting: list[OpenAction], token: TokenGranted) -> Pause | None:
        """Send, record what came of it and decide what follows: one piece, which must not be broken off."""
        send = self._sender.send_array if batch.kind is BatchKind.WRITE else self._sender.send_deletes
        taken = await send(batch, waiting, token)
        if isinstance(taken, FailedRequest):
            wait_s = await self._failures.after(batch, taken, token)
            return _pause(wait_s, "Halo to take a write", taken.failure.words)
        if taken and (batch.failures or batch.refused_generation is not None):
            await self._actions.note_success(batch.batch_id)
        return None

    async def _split(self, batch: BatchAtWork, named: Collection[int], waiting: list[OpenAction]) -> None:
        """Send what is left of a refused array in smaller pieces, until the row that Halo refuses stands alone."""
        marks = {action.item_id: action.mark_no for action in waiting}
        await self._actions.split(
            batch, [{item_id: marks[item_id] for item_id in part} for part in split(list(marks), named)]
        )


def _pause(wait_s: float | None, waits_for: str, why: str) -> Pause | None:
    return None if wait_s is None else Pause(wait_s, waits_for, why)
