"""Reading a partner's Halo completely or not at all, a turn at a time (spec sections 2.4 and 9)."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import structlog
from halosync.domain.completeness import IncompleteReadError, Pages
from halosync.domain.model import SeenLicence
from halosync.domain.page_ahead import page_ahead
from halosync.domain.page_size import PageSize
from halosync.ports.failures import HaloFailure
from halosync.ports.reads import HaloList, HaloLists, HaloPage, ReadProgress
from halosync.runtime.read_access import Caller, ReadAccess

from planner.one_ahead import OneAhead
from planner.page_sizing import PageSizing
from planner.ports import Reads

log = structlog.get_logger(__name__)

TURN_S = 20.0
"""How long one turn may read before others get theirs."""

MOST_RESTARTS = 2
"""A list that shifts while it is read is read again, so often; then the read has failed."""


@dataclass(frozen=True)
class _Order:
    """A page to ask for."""

    what: HaloList
    client_id: int | None
    number: int
    size: int


@dataclass(frozen=True)
class _Came:
    """A page, and how long Halo took for it."""

    page: HaloPage[Any]
    took_s: float


@dataclass(frozen=True)
class _Turn:
    """A turn: who reads, until when, the page that was asked for ahead of its time, and what the last one taught."""

    who: Caller
    until: float
    ahead: OneAhead[_Order, _Came]
    known: dict[HaloList, PageSize] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether no further page is to be asked for."""
        return time.monotonic() >= self.until


@dataclass(frozen=True)
class HaloRead:
    """Reads clients, then licences, page after page, keeping each page at once.

    Where a page that came tells that another follows, that one is asked for while this one is kept. One request at a
    time, and in the same order as without.

    `clock` is the process' own monotonic clock, in seconds, by which a slow page is noticed.
    """

    access: ReadAccess
    lists: HaloLists
    reads: Reads
    sizing: PageSizing
    clock: Callable[[], float] = time.monotonic

    async def turn(self, read_id: UUID, who: Caller, *, turn_s: float = TURN_S) -> ReadProgress:
        """Read for at most `turn_s` seconds; the read is complete when its list is `complete`.

        Raises:
            IncompleteReadError: the list contradicts itself again and again.
            ReadTakenOverError: another process reads on.
            NoPermit, HaloFailure, ConnectionLostError, TokenUnavailableError, AuthAwayError: as
                `ReadAccess.read`; what was read so far is kept.
        """
        progress = await self.reads.begin(read_id, who.partner_id, who.tenant)
        async with OneAhead[_Order, _Came]() as ahead:
            turn = _Turn(who, time.monotonic() + turn_s, ahead)
            while (what := progress.list) != "complete" and (ahead.asked or not turn.over):
                known = turn.known.pop(what, None) or await self.sizing.known(who.tenant, what)
                pages = self.sizing.before(known, progress.pages)
                try:
                    progress = await self._page(progress, what, pages, known, turn)
                except IncompleteReadError as error:
                    await ahead.drop()
                    progress = await self._again(progress, what, pages, who, error)
                await asyncio.sleep(0)
        return progress

    async def _again(
        self, progress: ReadProgress, what: HaloList, pages: Pages, who: Caller, error: IncompleteReadError
    ) -> ReadProgress:
        """Begin a read again that contradicts itself, if it may.

        Raises:
            IncompleteReadError: it has begun again too often.
        """
        await self.sizing.contradicted(who.tenant, what, pages)
        restarts = await self.reads.restart(progress)
        log.warning("read contradicts itself", read_id=str(progress.read_id), why=str(error), restarts=restarts)
        if restarts > MOST_RESTARTS:
            raise error
        return await self.reads.begin(progress.read_id, who.partner_id, who.tenant)

    async def _page(
        self, progress: ReadProgress, what: HaloList, pages: Pages, known: PageSize, turn: _Turn
    ) -> ReadProgress:
        """Ask for a page and keep it; one that fails for its size alone is asked for again, smaller, at the next turn.

        Raises:
            IncompleteReadError: it contradicts those before it.
        """
        who, order = turn.who, _Order(what, progress.client_id, pages.next, pages.size)
        try:
            came = await turn.ahead.take(order, lambda: self._asked(order, who))
        except HaloFailure as failure:
            if await self.sizing.failed(who.tenant, what, pages, failure):
                return progress
            raise
        page = came.page
        if progress.client_id is not None:
            _of_client(progress.client_id, page.rows)
        elif not turn.over and (after := page_ahead(pages, page.record_count, _ids(what, page))) is not None:
            then = self.sizing.ahead(known, pages, after, received=len(page.rows), took_s=came.took_s)
            following = replace(order, number=then.next, size=then.size)
            turn.ahead.ask(following, lambda: self._asked(following, who))
        save = self.reads.save_clients if what == "clients" else self.reads.save_licences
        kept = await save(progress, pages, page, self.sizing.bounds.most)
        if kept.list == what and kept.client_id is None and kept.pages is not None:
            received = len(page.rows)
            known = await self.sizing.came(
                who.tenant, what, known, pages, kept.pages, received=received, took_s=came.took_s
            )
        turn.known[what] = known
        return kept

    async def _asked(self, order: _Order, who: Caller) -> _Came:
        asked_at = 0.0

        async def ask(token: str) -> HaloPage[Any]:
            nonlocal asked_at
            asked_at = self.clock()
            if order.what == "clients":
                return await self.lists.clients(who.tenant, token, order.number, page_size=order.size)
            return await self.lists.licences(
                who.tenant, token, order.number, client_id=order.client_id, page_size=order.size
            )

        page = await self.access.read(who, ask)
        return _Came(page, self.clock() - asked_at)


def _ids(what: HaloList, page: HaloPage[Any]) -> list[int]:
    return [row.id if what == "clients" else row.licence.id for row in page.rows]


def _of_client(client_id: int, rows: list[SeenLicence]) -> None:
    """Check that Halo narrows its list to one client, where that is the only way to read it.

    Raises:
        IncompleteReadError: it shows licences of others as well.
    """
    if any(row.licence.client_id != client_id for row in rows):
        raise IncompleteReadError(
            f"Halo shows other clients' licences when it is asked for those of client {client_id}"
        )
