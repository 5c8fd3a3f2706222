"""What the last read of a partner's Halo showed, page by page, and asking for another read."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from halosync.contracts.run import HaloRefreshRequested
from halosync.domain.model import Client
from halosync.ports.halo_licences import LicenceNameCount
from halosync.ports.run_start import NotConnectedError
from halosync.store.outbox import emit
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES
from halosync.store.search import pattern

LOST_S = 900.0
"""A refresh that no planner has worked on for so long is lost: three times the longest delay tier."""


class SnapshotStore:
    """The snapshots of all partners. Arguments and errors: the Protocol `report_api.stores.halo.Snapshots`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read_at(self, partner_id: str) -> datetime | None:
        """Return when the connected Halo was last read; None if it was not."""
        read = await QUERIES.last_read(self._pool, partner_id=partner_id)
        return read["read_at"] if read else None

    async def clients(
        self, partner_id: str, *, q: str | None, after: tuple[str, int] | None, most: int
    ) -> Sequence[Client]:
        """Return clients by name; `after` is a name and an id."""
        name, halo_client_id = after or ("", -1)
        rows = QUERIES.clients_page(
            self._pool,
            partner_id=partner_id,
            name=name,
            halo_client_id=halo_client_id,
            pattern=pattern(q),
            most=most,
        )
        return [Client(*row) async for row in rows]

    async def licence_names(
        self, partner_id: str, *, q: str | None, after: str | None, most: int
    ) -> Sequence[LicenceNameCount]:
        """Return licence names by name, those behind the name `after`."""
        rows = QUERIES.licence_names_page(
            self._pool, partner_id=partner_id, name=after or "", pattern=pattern(q), most=most
        )
        return [LicenceNameCount(*row) async for row in rows]

    async def request_read(self, partner_id: str) -> UUID:
        """Ask for Halo to be read again, and return the id of the read: of the one under way, if there is one."""
        async with self._pool.acquire() as connection, connection.transaction():
            if await QUERIES.connected_tenant(connection, partner_id=partner_id) is None:
                raise NotConnectedError(partner_id)
            request = HaloRefreshRequested(partner_id=partner_id, read_id=uuid4())
            read_id: UUID = await QUERIES.open_refresh(
                connection, partner_id=partner_id, read_id=request.read_id, lost_s=LOST_S
            )
            if read_id == request.read_id:
                await emit(connection, request)
            return read_id
