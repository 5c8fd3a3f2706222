"""Looking up in Halo what became of writes whose outcome is unknown (spec section 5.2, messaging-facts 4.2).

One read of a client's licences answers for all of that client's actions. What it finds is recorded client by client,
so that a look-up that the limiter interrupts goes on where it stopped.
"""

from collections.abc import Sequence
from functools import partial
from itertools import groupby

import structlog
from halosync.domain.completeness import IncompleteReadError, rows_after_page
from halosync.domain.guard import look_up_shrunk
from halosync.domain.model import Action, Licence, Reason, SeenLicence
from halosync.domain.retry import FailureClass
from halosync.halo.failures import HaloFailure
from halosync.halo.read import HaloReader, Page
from halosync.runtime.halo_reading import ReadAccess, Reader
from halosync.store.actions import Applied, BatchAtWork, Failed, OpenAction
from halosync.store.limiter import Rate

from halo_writer import wording
from halo_writer.effects import Adopt, Done, NotDone, Stuck, look
from halo_writer.ports import Actions

log = structlog.get_logger(__name__)


class LookUp:
    """Resolves actions in doubt."""

    def __init__(
        self, *, actions: Actions, access: ReadAccess, reader: HaloReader, default_rate: Rate, max_attempts: int
    ) -> None:
        self._actions = actions
        self._access = access
        self._reader = reader
        self._default_rate = default_rate
        self._max_attempts = max_attempts

    async def resolve(self, batch: BatchAtWork, in_doubt: Sequence[OpenAction]) -> None:
        """Find out what became of `in_doubt`, all of which have settled; afterwards none of them is in doubt.

        Applied ones are recorded. The others wait to be sent again; or, if Halo refused their array, stay `unknown`
        for `split`.

        Raises:
            NoPermit, HaloFailure, ConnectionLostError, TokenUnavailableError: as `ReadAccess.read`; what was found so
                far is recorded.
        """
        who = Reader(batch.partner_id, batch.tenant, batch.rate or self._default_rate, batch.run_id)
        for client_id, of_client in groupby(sorted(in_doubt, key=_client), key=_client):
            actions = list(of_client)
            licences = await self._licences(who, client_id)
            await self._believe(batch, client_id, actions, licences)
            await self._record(batch, actions, licences)

    async def _believe(
        self, batch: BatchAtWork, client_id: int, actions: Sequence[OpenAction], licences: Sequence[Licence]
    ) -> None:
        """Refuse a list that lacks what the client is known to have: it would have us write everything twice."""
        known = await self._actions.known_licences(batch, client_id)
        known -= {action.licence_id for action in actions if action.action is Action.DELETE and action.licence_id}
        missing = len(known - {licence.id for licence in licences})
        if look_up_shrunk(len(known), missing):
            words = f"{missing} of {len(known)} known licences of client {client_id} are missing from what Halo shows"
            raise HaloFailure(FailureClass.TRANSIENT, words)

    async def _licences(self, who: Reader, client_id: int) -> list[Licence]:
        """Read all licences of a client, completely or not at all."""
        seen: dict[int, Licence | None] = {}
        page_no, expected = 1, None
        while expected is None or len(seen) < expected:
            page = await self._access.read(who, partial(self._page, who.tenant, client_id, page_no))
            before = len(seen)
            seen.update({row.licence.id: None if row.deleted else row.licence for row in page.rows})
            try:
                rows_after_page(
                    record_count=page.record_count,
                    first_record_count=expected,
                    rows_before=before,
                    new_rows=len(seen) - before,
                )
            except IncompleteReadError as incomplete:
                raise HaloFailure(FailureClass.TRANSIENT, str(incomplete)) from incomplete
            expected = page.record_count
            page_no += 1
        # Should Halo not know the filter, the list holds every client's licences.
        return [licence for licence in seen.values() if licence is not None and licence.client_id == client_id]

    async def _page(self, tenant: str, client_id: int, page_no: int, token: str) -> Page[SeenLicence]:
        return await self._reader.licences(tenant, token, page_no, client_id=client_id)

    async def _record(self, batch: BatchAtWork, actions: list[OpenAction], licences: list[Licence]) -> None:
        applied: list[Applied] = []
        failed: list[Failed] = []
        again: dict[int, int] = {}
        for action in actions:
            match look(action, batch, licences):
                case Done(licence_id=licence_id):
                    applied.append(Applied(action.item_id, action.attempt, licence_id))
                case Stuck(reason=reason, detail=detail):
                    failed.append(Failed(action.item_id, action.attempt, reason, detail))
                case Adopt(licence_id=licence_id):
                    await self._actions.adopt(action, licence_id)
                case NotDone() if action.attempt >= self._max_attempts and batch.refused_rows is None:
                    words = wording.unavailable("no answer to the write, and Halo does not show it")
                    failed.append(Failed(action.item_id, action.attempt, Reason.HALO_UNAVAILABLE, words))
                case NotDone() if batch.refused_rows is None:
                    again[action.item_id] = action.attempt
        log.info("looked up", batch_id=batch.batch_id, applied=len(applied), again=len(again), failed=len(failed))
        if again:
            await self._actions.unmark(again, charged=True)
        if applied or failed:
            await self._actions.settle(batch, applied, failed)


def _client(action: OpenAction) -> int:
    return action.client_id
