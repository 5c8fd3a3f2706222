"""Reading a partner's Halo completely or not at all, a turn at a time (spec sections 2.4 and 9)."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from halosync.domain.completeness import IncompleteReadError, Pages
from halosync.domain.model import SeenLicence
from halosync.ports.failures import HaloFailure
from halosync.ports.reads import HaloList, HaloLists, HaloPage, ReadProgress
from halosync.runtime.read_access import Caller, ReadAccess

from planner.page_sizing import PageSizing
from planner.ports import Reads

log = structlog.get_logger(__name__)

TURN_S = 20.0
"""How long one turn may read before others get theirs."""

MOST_RESTARTS = 2
"""A list that shifts while it is read is read again, so often; then the read has failed."""


@dataclass(frozen=True)
class HaloRead:
    """Reads clients, then licences, page after page, keeping each page at once.

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
        until = time.monotonic() + turn_s
        while (what := progress.list) != "complete" and time.monotonic() < until:
            pages = await self.sizing.before(who.tenant, what, progress.pages)
            try:
                progress = await self._page(progress, what, pages, who)
            except IncompleteReadError as error:
                await self.sizing.contradicted(who.tenant, what, pages)
                restarts = await self.reads.restart(progress)
                log.warning("read contradicts itself", read_id=str(read_id), why=str(error), restarts=restarts)
                if restarts > MOST_RESTARTS:
                    raise
                progress = await self.reads.begin(read_id, who.partner_id, who.tenant)
            await asyncio.sleep(0)
        return progress

    async def _page(self, progress: ReadProgress, what: HaloList, pages: Pages, who: Caller) -> ReadProgress:
        """Ask for a page and keep it; one that fails for its size alone is asked for again, smaller, at the next turn.

        Raises:
            IncompleteReadError: it contradicts those before it.
        """
        asked_at = 0.0

        async def ask(token: str) -> HaloPage[Any]:
            nonlocal asked_at
            asked_at = self.clock()
            if what == "clients":
                return await self.lists.clients(who.tenant, token, pages.next, page_size=pages.size)
            return await self.lists.licences(
                who.tenant, token, pages.next, client_id=progress.client_id, page_size=pages.size
            )

        try:
            page = await self.access.read(who, ask)
        except HaloFailure as failure:
            if await self.sizing.failed(who.tenant, what, pages, failure):
                return progress
            raise
        took_s = self.clock() - asked_at
        if progress.client_id is not None:
            _of_client(progress.client_id, page.rows)
        save = self.reads.save_clients if what == "clients" else self.reads.save_licences
        after = await save(progress, pages, page, self.sizing.bounds.most)
        if after.list == what and after.client_id is None and after.pages is not None:
            await self.sizing.came(who.tenant, what, pages, after.pages, received=len(page.rows), took_s=took_s)
        return after


def _of_client(client_id: int, rows: list[SeenLicence]) -> None:
    """Check that Halo narrows its list to one client, where that is the only way to read it.

    Raises:
        IncompleteReadError: it shows licences of others as well.
    """
    if any(row.licence.client_id != client_id for row in rows):
        raise IncompleteReadError(
            f"Halo shows other clients' licences when it is asked for those of client {client_id}"
        )
