"""Looking up in Halo what became of writes whose outcome is unknown (spec section 5.2, messaging-facts section 4.2).

One read of a client's licences answers for all of that client's actions. What it finds is recorded client by client,
so that a look-up that the limiter interrupts goes on where it stopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

import structlog
from halosync.domain import write_sentences
from halosync.domain.licences import state_of
from halosync.domain.model import Action, Licence, Reason
from halosync.ports.batch_work import AppliedAction, BatchAtWork, FailedAction, OpenAction
from halosync.ports.permits import NoPermit
from halosync.runtime.read_access import Caller

from halo_writer.client_lists import ClientLists, HidesLicencesError
from halo_writer.effects import look, result_of
from halo_writer.environment import WriterRules
from halo_writer.findings import (
    NO_STRANGERS,
    Adopt,
    FoundAsWanted,
    Gone,
    NotDone,
    Shown,
    Strangers,
    Stuck,
    WriteFinding,
)
from halo_writer.ports import Actions

log = structlog.get_logger(__name__)

NO_ANSWER = "no answer to the write, and Halo does not show it"
NOT_SHOWN = "nothing more, and it does not show what it was to do."
MOST_INTERRUPTED = 100
"""Of how many look-ups that the limit has interrupted a writer remembers which lists could not be believed."""


class WriteLookUp:
    """Resolves actions in doubt."""

    def __init__(self, actions: Actions, lists: ClientLists, rules: WriterRules) -> None:
        self._actions = actions
        self._lists = lists
        self._rules = rules
        self._interrupted: dict[int, _Hidden] = {}

    async def resolve(self, batch: BatchAtWork, in_doubt: Sequence[OpenAction]) -> None:
        """Find out what became of `in_doubt`, all of which have settled.

        Afterwards none of them is in doubt, but for those whose client is to be looked at once more.

        Applied ones are recorded. The others wait to be sent again, in smaller arrays if Halo refused theirs.

        Raises:
            NoPermit, HaloFailure, ConnectionLostError, TokenUnavailableError, AuthAwayError: as
                `ReadAccess.read`; what was found so far is recorded.
        """
        who = Caller(batch.partner_id, batch.tenant, batch.rate or self._rules.rate, batch.run_id)
        hidden = self._interrupted.pop(batch.batch_id, _Hidden(batch.failures))
        if hidden.failures != batch.failures:  # of an earlier attempt, which another writer has ended
            hidden = _Hidden(batch.failures)
        try:
            for client_id, group in groupby(sorted(in_doubt, key=_client), key=_client):
                if client_id not in hidden.clients:
                    await self._resolve_client(who, batch, list(group), hidden)
        except NoPermit:
            self._remember(batch.batch_id, hidden)
            raise
        for error in hidden.clients.values():
            raise error

    async def _resolve_client(
        self, who: Caller, batch: BatchAtWork, of_client: list[OpenAction], hidden: "_Hidden"
    ) -> None:
        try:
            licences = await self._lists.licences(who, batch, of_client)
        except HidesLicencesError as error:  # of this client; others may be seen
            hidden.clients[of_client[0].client_id] = error
            return
        if licences is None:
            marks = {action.item_id: action.mark_no for action in of_client}
            await self._actions.look_again(marks, settle_s=self._rules.settle_s)
        else:
            await self._record(batch, of_client, licences)

    def _remember(self, batch_id: int, hidden: "_Hidden") -> None:
        """Keep which lists could not be believed: read anew each time, they would use up all permits for ever."""
        if not hidden.clients:
            return
        while len(self._interrupted) >= MOST_INTERRUPTED:  # those of batches that another writer goes on with
            del self._interrupted[next(iter(self._interrupted))]
        self._interrupted[batch_id] = hidden

    async def _record(self, batch: BatchAtWork, actions: list[OpenAction], licences: list[Licence]) -> None:
        found = _Results()
        charged = batch.refused_rows is None  # else they go on in smaller arrays
        strangers = await self._strangers(batch, actions, licences)
        for action in actions:
            finding = look(action, batch, licences, strangers)
            if action.acknowledged and (another := _another(finding)) is not None:  # than the one that Halo made
                finding = Stuck(Reason.OUTCOME_UNKNOWN, write_sentences.another_shown(another.id))
            shown = finding.licence if isinstance(finding, Shown | NotDone) else None
            if action.acknowledged and not action.unseen and _may_lag(finding):
                found.later[action.item_id] = action.mark_no  # Halo said that it did it
            elif shown is not None and (action.acknowledged or isinstance(finding, Shown)):
                found.add(result_of(action, action.mark_no, batch, shown))
            elif isinstance(finding, FoundAsWanted):
                found.add(AppliedAction(action.item_id, action.mark_no, finding.licence.id, found=True))
            elif isinstance(finding, Adopt):
                was = (finding.licence.name, state_of(finding.licence, batch.price_field))
                await self._actions.adopt(action, finding.licence.id, None if finding.ours else was)
            elif not isinstance(finding, NotDone):
                found.add(_result(action, finding))
            elif charged and action.attempt >= self._rules.max_attempts:
                found.add(_given_up(action))
            else:
                found.again[action.item_id] = action.mark_no
        await self._keep(batch, found, charged=charged)

    async def _keep(self, batch: BatchAtWork, found: "_Results", *, charged: bool) -> None:
        counts = {"applied": len(found.applied), "failed": len(found.failed), "again": len(found.again)}
        log.info("looked up", batch_id=batch.batch_id, later=len(found.later), **counts)
        if found.later:
            await self._actions.look_again(found.later, settle_s=self._rules.settle_s)
        if found.again:
            await self._actions.unmark(found.again, charged=charged)
        if found.applied or found.failed:
            await self._actions.record(batch, found.applied, found.failed)

    async def _strangers(
        self, batch: BatchAtWork, actions: Sequence[OpenAction], licences: Sequence[Licence]
    ) -> Strangers:
        """Return the licences that halosync did not know before, if a created one may be among them."""
        if not any(action.action is Action.CREATE and action.licence_id is None for action in actions):
            return NO_STRANGERS
        client_id = actions[0].client_id
        known = await self._actions.ever_known(batch, [licence.id for licence in licences])
        unknown = [licence for licence in licences if licence.id not in known]
        return Strangers(unknown, await self._actions.created_names(batch, client_id)) if unknown else NO_STRANGERS


@dataclass
class _Hidden:
    """The clients whose lists could not be believed in one attempt at a look-up, told by the failures before it."""

    failures: int
    clients: dict[int, HidesLicencesError] = field(default_factory=dict)


@dataclass
class _Results:
    """What a look-up has found: results, and marks of what is to be sent again or looked at later."""

    applied: list[AppliedAction] = field(default_factory=list)
    failed: list[FailedAction] = field(default_factory=list)
    again: dict[int, int] = field(default_factory=dict)
    later: dict[int, int] = field(default_factory=dict)

    def add(self, result: AppliedAction | FailedAction) -> None:
        if isinstance(result, AppliedAction):
            self.applied.append(result)
        else:
            self.failed.append(result)


def _result(action: OpenAction, finding: Shown | Gone | Stuck) -> AppliedAction | FailedAction:
    if isinstance(finding, Stuck):
        return FailedAction(action.item_id, action.mark_no, finding.reason, finding.detail)
    return AppliedAction(action.item_id, action.mark_no, action.licence_id)


def _another(finding: WriteFinding) -> Licence | None:
    """Return what a create has found that somebody else has made, if it has."""
    if isinstance(finding, FoundAsWanted) or (isinstance(finding, Adopt) and finding.another):
        return finding.licence
    return None


def _may_lag(finding: WriteFinding) -> bool:
    """Tell whether the licence that Halo said it made may still come into its list."""
    return isinstance(finding, NotDone | Stuck) or (isinstance(finding, Adopt) and not finding.ours)


def _given_up(action: OpenAction) -> FailedAction:
    """Say of what was sent in too many attempts what Halo answered last, if it answered."""
    reason, words = Reason.HALO_UNAVAILABLE, write_sentences.unavailable(NO_ANSWER)
    if action.answer is not None:
        reason = Reason.HALO_UNAVAILABLE if action.answer.from_gateway else Reason.HALO_REJECTED
        words = write_sentences.answered(action.answer.status, action.answer.words or NOT_SHOWN)
    return FailedAction(action.item_id, action.mark_no, reason, words)


def _client(action: OpenAction) -> int:
    return action.client_id
