"""A client's licences as a look-up needs them: all of them, and only if the list can be believed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from halosync.domain import write_sentences
from halosync.domain.completeness import IncompleteReadError, Next, Pages, ReadPage, after_page
from halosync.domain.guard import hides
from halosync.domain.model import Licence, SeenLicence
from halosync.domain.page_size import PageSizeBounds
from halosync.domain.retry import FailureClass
from halosync.ports.batch_work import BatchAtWork, OpenAction
from halosync.ports.failures import HaloFailure
from halosync.ports.permits import NoPermit
from halosync.ports.reads import HaloLists, HaloPage
from halosync.runtime.read_access import Caller, ReadAccess

from halo_writer.ports import Actions

MOST_BEGUN = 100
"""How many reads that the limit has interrupted a writer remembers."""


class HidesLicencesError(HaloFailure):
    """A list lacks so much of what is known to be there that it says nothing about a write."""

    def __init__(self, missing: int) -> None:
        super().__init__(FailureClass.TRANSIENT, write_sentences.shows_too_little(missing))


@dataclass
class ClientList:
    """A client's licences, as far as they are read; None is a licence that Halo calls deleted."""

    pages: Pages
    seen: dict[int, Licence | None] = field(default_factory=dict)
    complete: bool = False

    def add(self, page: HaloPage[SeenLicence], most: int) -> None:
        """Take a page in; `most` is the largest page to ask for.

        Raises:
            IncompleteReadError: it contradicts the pages before it.
        """
        before = len(self.seen)
        self.seen.update({row.licence.id: None if row.deleted else row.licence for row in page.rows})
        came = ReadPage(page.record_count, [row.licence.id for row in page.rows], len(self.seen) - before)
        self.pages, following = after_page(self.pages, came, most=most, by_client=False)
        self.complete = following is Next.COMPLETE

    def licences(self) -> list[Licence]:
        """Return those that are there."""
        return [licence for licence in self.seen.values() if licence is not None]


class ClientLists:
    """Reads the licences of clients within the budget."""

    def __init__(self, actions: Actions, access: ReadAccess, lists: HaloLists, sizes: PageSizeBounds) -> None:
        self._actions = actions
        self._access = access
        self._lists = lists
        self._sizes = sizes
        self._begun: dict[frozenset[tuple[int, int]], ClientList] = {}

    async def licences(self, who: Caller, batch: BatchAtWork, actions: Sequence[OpenAction]) -> list[Licence] | None:
        """Read all licences of the client of `actions`, completely and believably or not at all.

        Returns None when Halo shows not a single one and `actions` have not been seen like that before: then they are
        to be looked up once more, later. What was read when the limit interrupts is kept for the next time: these
        actions have settled and are not sent again before they are resolved, so the pages do not grow old for them.

        Raises:
            HidesLicencesError: the list cannot be believed.
            NoPermit, HaloFailure, ConnectionLostError, TokenUnavailableError, AuthAwayError: as
                `ReadAccess.read`; `HaloFailure` also for a list that contradicts itself.
        """
        client_id = actions[0].client_id
        key = frozenset((action.item_id, action.mark_no) for action in actions)
        listing = self._begun.pop(key, None) or ClientList(Pages(size=self._sizes.start))
        try:
            while not listing.complete:
                page = await self._access.read(who, partial(self._page, who.tenant, client_id, listing.pages))
                listing.add(page, self._sizes.most)
            await self._must_be_believable(who, batch, actions, listing)
        except NoPermit:
            self._keep(key, listing)
            raise
        except IncompleteReadError as incomplete:
            raise HaloFailure(FailureClass.TRANSIENT, str(incomplete)) from incomplete
        if not listing.seen and not all(action.unseen for action in actions):
            return None
        # Should Halo not know the filter, the list holds every client's licences.
        return [licence for licence in listing.licences() if licence.client_id == client_id]

    def _keep(self, key: frozenset[tuple[int, int]], listing: ClientList) -> None:
        while len(self._begun) >= MOST_BEGUN:  # those of batches that another writer has resolved
            del self._begun[next(iter(self._begun))]
        self._begun[key] = listing

    async def _must_be_believable(
        self, who: Caller, batch: BatchAtWork, actions: Sequence[OpenAction], listing: ClientList
    ) -> None:
        """Refuse a list that lacks too much of what halosync knows to be there (spec section 3, "Shrunk reads").

        Halo filters lists by the agent's rights and answers 200: taken at its word, an empty list would have every
        create in doubt sent again. What the actions themselves are about may be gone: that is what is looked up.
        """
        known = await self._actions.known_licences(batch, actions[0].client_id)
        known -= {action.licence_id for action in actions if action.licence_id is not None}
        missing = len(known - listing.seen.keys())
        if hides(len(known), missing):
            raise HidesLicencesError(missing)
        if not listing.seen and await self._actions.knows_licences(batch):
            every = await self._access.read(who, partial(self._page, who.tenant, None, Pages(size=self._sizes.start)))
            if not every.rows:
                raise HidesLicencesError(1)

    async def _page(self, tenant: str, client_id: int | None, pages: Pages, token: str) -> HaloPage[SeenLicence]:
        return await self._lists.licences(tenant, token, pages.next, client_id=client_id, page_size=pages.size)
