"""Looking up in Halo what became of writes whose outcome is unknown (spec section 5.2, messaging-facts 4.2).

One read of a client's licences answers for all of that client's actions. What it finds is recorded client by client,
so that a look-up that the limiter interrupts goes on where it stopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

import structlog
from halosync.domain.completeness import IncompleteReadError, rows_after_page
from halosync.domain.model import Licence, Reason, SeenLicence
from halosync.domain.retry import FailureClass
from halosync.halo.failures import HaloFailure
from halosync.halo.read import HaloReader, Page
from halosync.runtime.halo_reading import ReadAccess, Reader
from halosync.store.action_values import Applied, BatchAtWork, Failed, OpenAction
from halosync.store.limiter import NoPermit, Rate

from halo_writer import wording
from halo_writer.effects import Adopt, Done, NotDone, Stuck, look
from halo_writer.ports import Actions

log = structlog.get_logger(__name__)


MOST_BEGUN = 100
"""How many reads that the limit has interrupted a writer remembers."""


@dataclass
class Listing:
    """A client's licences, as far as they are read; None is a licence that Halo calls deleted."""

    seen: dict[int, Licence | None] = field(default_factory=dict)
    record_count: int | None = None
    next_page: int = 1

    @property
    def complete(self) -> bool:
        """Whether as many licences are read as Halo says there are."""
        return self.record_count is not None and len(self.seen) >= self.record_count

    def add(self, page: Page[SeenLicence]) -> None:
        """Take a page in.

        Raises:
            IncompleteReadError: it contradicts the pages before it.
        """
        before = len(self.seen)
        self.seen.update({row.licence.id: None if row.deleted else row.licence for row in page.rows})
        rows_after_page(
            record_count=page.record_count,
            first_record_count=self.record_count,
            rows_before=before,
            new_rows=len(self.seen) - before,
        )
        self.record_count = page.record_count
        self.next_page += 1

    def licences(self) -> list[Licence]:
        """Return those that are there."""
        return [licence for licence in self.seen.values() if licence is not None]


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
        self._begun: dict[frozenset[tuple[int, int]], Listing] = {}

    async def resolve(self, batch: BatchAtWork, in_doubt: Sequence[OpenAction]) -> None:
        """Find out what became of `in_doubt`, all of which have settled; afterwards none of them is in doubt.

        Applied ones are recorded. The others wait to be sent again; or, if Halo refused their array, stay `unknown`
        for `split`.

        Raises:
            NoPermit, HaloFailure, ConnectionLostError, TokenUnavailableError: as `ReadAccess.read`; what was found so
                far is recorded.
        """
        who = Reader(batch.partner_id, batch.tenant, batch.rate or self._default_rate, batch.run_id)
        for _, group in groupby(sorted(in_doubt, key=_client), key=_client):
            of_client = list(group)
            await self._record(batch, of_client, await self._licences(who, batch, of_client))

    async def _licences(self, who: Reader, batch: BatchAtWork, actions: Sequence[OpenAction]) -> list[Licence]:
        """Read all licences of the client of `actions`, completely and believably or not at all.

        What was read when the limit interrupts is kept for the next time: these actions have settled and are not sent
        again before they are resolved, so the pages do not grow old for them.
        """
        client_id = actions[0].client_id
        key = frozenset((action.item_id, action.mark_no) for action in actions)
        listing = self._begun.pop(key, None) or Listing()
        while not listing.complete:
            try:
                page = await self._access.read(who, partial(self._page, who.tenant, client_id, listing.next_page))
            except NoPermit:
                self._keep(key, listing)
                raise
            try:
                listing.add(page)
            except IncompleteReadError as incomplete:
                raise HaloFailure(FailureClass.TRANSIENT, str(incomplete)) from incomplete
        try:
            await self._must_be_believable(who, batch, client_id, listing)
        except NoPermit:
            self._keep(key, listing)
            raise
        # Should Halo not know the filter, the list holds every client's licences.
        return [licence for licence in listing.licences() if licence.client_id == client_id]

    def _keep(self, key: frozenset[tuple[int, int]], listing: "Listing") -> None:
        while len(self._begun) >= MOST_BEGUN:  # those of batches that another writer has resolved
            del self._begun[next(iter(self._begun))]
        self._begun[key] = listing

    async def _must_be_believable(self, who: Reader, batch: BatchAtWork, client_id: int, listing: "Listing") -> None:
        """Refuse a list that lacks what halosync knows to be there (spec section 3, "Shrunk reads").

        Halo filters lists by the agent's rights and answers 200: taken at its word, an empty list would have every
        create in doubt sent again. Where nothing is known of the client, an empty list must be empty twice, and the
        list of all licences must not be.
        """
        known = await self._actions.known_licences(batch)
        missing = {licence_id for licence_id, of in known.items() if of == client_id} - listing.seen.keys()
        if missing:
            raise HaloFailure(FailureClass.TRANSIENT, wording.shows_too_little(len(missing)))
        if listing.seen:
            return
        again = await self._access.read(who, partial(self._page, who.tenant, client_id, 1))
        if again.record_count != 0:
            raise HaloFailure(FailureClass.TRANSIENT, wording.shows_too_little(again.record_count))
        if known:
            every = await self._access.read(who, partial(self._page, who.tenant, None, 1))
            if every.record_count == 0:
                raise HaloFailure(FailureClass.TRANSIENT, wording.shows_too_little(len(known)))

    async def _page(self, tenant: str, client_id: int | None, page_no: int, token: str) -> Page[SeenLicence]:
        return await self._reader.licences(tenant, token, page_no, client_id=client_id)

    async def _record(self, batch: BatchAtWork, actions: list[OpenAction], licences: list[Licence]) -> None:
        applied: list[Applied] = []
        failed: list[Failed] = []
        again: dict[int, int] = {}
        for action in actions:
            match look(action, batch, licences):
                case Done(licence_id=licence_id):
                    applied.append(Applied(action.item_id, action.mark_no, licence_id))
                case Stuck(reason=reason, detail=detail):
                    failed.append(Failed(action.item_id, action.mark_no, reason, detail))
                case Adopt(licence_id=licence_id):
                    await self._actions.adopt(action, licence_id)
                case NotDone() if action.attempt >= self._max_attempts and batch.refused_rows is None:
                    words = wording.unavailable("no answer to the write, and Halo does not show it")
                    failed.append(Failed(action.item_id, action.mark_no, Reason.HALO_UNAVAILABLE, words))
                case NotDone() if batch.refused_rows is None:
                    again[action.item_id] = action.mark_no
        log.info("looked up", batch_id=batch.batch_id, applied=len(applied), again=len(again), failed=len(failed))
        if again:
            await self._actions.unmark(again, charged=True)
        if applied or failed:
            await self._actions.settle(batch, applied, failed)


def _client(action: OpenAction) -> int:
    return action.client_id
