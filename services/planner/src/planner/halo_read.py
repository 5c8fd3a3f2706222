"""Reading a partner's Halo completely or not at all, a turn at a time (spec section 2.4)."""

import asyncio
import time
from dataclasses import dataclass
from uuid import UUID

import structlog
from halosync.domain.completeness import IncompleteReadError
from halosync.ports.reads import HaloLists, ReadProgress
from halosync.runtime.read_access import Caller, ReadAccess

from planner.ports import Reads

log = structlog.get_logger(__name__)

TURN_S = 20.0
"""How long one turn may read before others get theirs."""

MOST_RESTARTS = 2
"""A list that shifts while it is read is read again, so often; then the read has failed."""


@dataclass(frozen=True)
class HaloRead:
    """Reads clients, then licences, page after page, keeping each page at once."""

    access: ReadAccess
    lists: HaloLists
    reads: Reads

    async def turn(self, read_id: UUID, who: Caller) -> ReadProgress:
        """Read for at most `TURN_S` seconds; the read is complete when its list is `complete`.

        Raises:
            IncompleteReadError: the list contradicts itself again and again.
            ReadTakenOverError: another process reads on.
            NoPermit, HaloFailure, ConnectionLostError, TokenUnavailableError: as `ReadAccess.read`; what was read
                so far is kept.
        """
        progress = await self.reads.begin(read_id, who.partner_id, who.tenant)
        until = time.monotonic() + TURN_S
        while progress.list != "complete" and time.monotonic() < until:
            try:
                progress = await self._page(progress, who)
            except IncompleteReadError as error:
                restarts = await self.reads.restart(progress)
                log.warning("read contradicts itself", read_id=str(read_id), why=str(error), restarts=restarts)
                if restarts > MOST_RESTARTS:
                    raise
                progress = await self.reads.begin(read_id, who.partner_id, who.tenant)
            await asyncio.sleep(0)
        return progress

    async def _page(self, progress: ReadProgress, who: Caller) -> ReadProgress:
        if progress.list == "clients":
            clients = await self.access.read(
                who, lambda token: self.lists.clients(who.tenant, token, progress.next_page)
            )
            return await self.reads.save_clients(progress, clients.record_count, clients.rows)
        licences = await self.access.read(who, lambda token: self.lists.licences(who.tenant, token, progress.next_page))
        return await self.reads.save_licences(progress, licences.record_count, licences.rows)
