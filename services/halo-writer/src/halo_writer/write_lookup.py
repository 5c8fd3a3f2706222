"""Looking up in Halo what became of writes whose outcome is unknown (spec section 5.2, messaging-facts section 4.2).

One read of a client's licences answers for all of that client's actions. What it finds is recorded client by client,
so that a look-up that the limiter interrupts goes on where it stopped.
"""

from collections.abc import Sequence
from itertools import groupby

import structlog
from halosync.domain import item_sentences
from halosync.domain.model import Licence, Reason
from halosync.ports.batch_work import AppliedAction, BatchAtWork, FailedAction, OpenAction
from halosync.runtime.read_access import Caller

from halo_writer.client_lists import ClientLists, HidesLicencesError
from halo_writer.effects import Adopt, Done, NotDone, Stuck, look
from halo_writer.environment import WriterRules
from halo_writer.ports import Actions

log = structlog.get_logger(__name__)


class WriteLookUp:
    """Resolves actions in doubt."""

    def __init__(self, actions: Actions, lists: ClientLists, rules: WriterRules) -> None:
        self._actions = actions
        self._lists = lists
        self._rules = rules

    async def resolve(self, batch: BatchAtWork, in_doubt: Sequence[OpenAction]) -> None:
        """Find out what became of `in_doubt`, all of which have settled.

        Afterwards none of them is in doubt, but for those whose client is to be looked at once more.

        Applied ones are recorded. The others wait to be sent again, in smaller arrays if Halo refused theirs.

        Raises:
            NoPermit, HaloFailure, ConnectionLostError, TokenUnavailableError: as `ReadAccess.read`; what was found so
                far is recorded.
        """
        who = Caller(batch.partner_id, batch.tenant, batch.rate or self._rules.rate, batch.run_id)
        hidden: HidesLicencesError | None = None
        for _, group in groupby(sorted(in_doubt, key=_client), key=_client):
            of_client = list(group)
            try:
                licences = await self._lists.licences(who, batch, of_client)
            except HidesLicencesError as error:  # of this client; others may be seen
                hidden = error
                continue
            if licences is None:
                marks = {action.item_id: action.mark_no for action in of_client}
                await self._actions.look_again(marks, settle_s=self._rules.settle_s)
            else:
                await self._record(batch, of_client, licences)
        if hidden is not None:
            raise hidden

    async def _record(self, batch: BatchAtWork, actions: list[OpenAction], licences: list[Licence]) -> None:
        applied: list[AppliedAction] = []
        failed: list[FailedAction] = []
        again: dict[int, int] = {}
        charged = batch.refused_rows is None  # else they go on in smaller arrays
        for action in actions:
            match look(action, batch, licences):
                case Done(licence_id=licence_id):
                    applied.append(AppliedAction(action.item_id, action.mark_no, licence_id))
                case Stuck(reason=reason, detail=detail):
                    failed.append(FailedAction(action.item_id, action.mark_no, reason, detail))
                case Adopt(licence_id=licence_id):
                    await self._actions.adopt(action, licence_id)
                case NotDone() if charged and action.attempt >= self._rules.max_attempts:
                    words = item_sentences.unavailable("no answer to the write, and Halo does not show it")
                    failed.append(FailedAction(action.item_id, action.mark_no, Reason.HALO_UNAVAILABLE, words))
                case NotDone():
                    again[action.item_id] = action.mark_no
        log.info("looked up", batch_id=batch.batch_id, applied=len(applied), again=len(again), failed=len(failed))
        if again:
            await self._actions.unmark(again, charged=charged)
        if applied or failed:
            await self._actions.record(batch, applied, failed)


def _client(action: OpenAction) -> int:
    return action.client_id
