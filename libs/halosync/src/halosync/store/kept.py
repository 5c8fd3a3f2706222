"""Licences in a partner's Halo as last read, and those that a person keeps: never removed (spec section 9)."""

from collections.abc import Iterable, Mapping, Sequence

from halosync.domain.acts import Act, Actor
from halosync.ports.halo_licences import HaloLicence
from halosync.store.audit import record
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES
from halosync.store.search import pattern


class HaloLicences:
    """What the last read of a partner's Halo showed of licences; and which are kept."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(
        self, partner_id: str, *, q: str | None, kept: bool, after: int | None, most: int
    ) -> Sequence[HaloLicence]:
        """Return licences by id, all or the kept ones; `after` is an id."""
        rows = QUERIES.licences_page(
            self._pool, partner_id=partner_id, pattern=pattern(q), kept=kept, after=after, most=most
        )
        return [HaloLicence(**row) async for row in rows]

    async def find(self, partner_id: str, halo_licence_id: int) -> HaloLicence | None:
        """Return a licence, one that halosync removed too; None if neither the last read nor a run knows it."""
        row = await QUERIES.find_licence(self._pool, partner_id=partner_id, halo_licence_id=halo_licence_id)
        return None if row is None else HaloLicence(**row)

    async def of_ids(self, partner_id: str, ids: Iterable[int]) -> Mapping[int, HaloLicence]:
        """Return licences by their ids; one that nothing knows is left out."""
        rows = QUERIES.licences_by_id(self._pool, partner_id=partner_id, ids=list(ids))
        return {row["halo_licence_id"]: HaloLicence(**row) async for row in rows}

    async def keep(self, partner_id: str, halo_licence_id: int, *, keep: bool, by: Actor) -> HaloLicence | None:
        """Keep a licence from now on, or no longer, and return it; None if the last read has no such licence."""
        async with self._pool.acquire() as connection, connection.transaction():
            key = {"partner_id": partner_id, "halo_licence_id": halo_licence_id}
            before = await QUERIES.find_licence(connection, **key)
            if before is None:
                return None
            change = QUERIES.keep_licence if keep else QUERIES.let_licence_go
            if await change(connection, **key) is not None:
                detail = {"name": before["name"], "keep": keep}
                await record(
                    connection,
                    by,
                    Act.LICENCE_KEEP_CHANGED,
                    partner_id=partner_id,
                    subject=str(halo_licence_id),
                    detail=detail,
                )
            return HaloLicence(**await QUERIES.find_licence(connection, **key))
