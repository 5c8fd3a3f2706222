"""How large pages of Halo's lists may be, as learnt for each tenant (spec section 9)."""

from halosync.domain.page_size import PageSize
from halosync.ports.reads import HaloList
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES


class PageSizeStore:
    """Remembers it for all processes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def learnt(self, tenant: str, what: HaloList) -> PageSize | None:
        """Return what was learnt; None if nothing was, or a month ago."""
        row = await QUERIES.page_size(self._pool, tenant=tenant, list=what)
        return None if row is None else PageSize(**row)

    async def learn(self, tenant: str, what: HaloList, size: PageSize) -> None:
        """Remember it."""
        await QUERIES.learn_page_size(self._pool, tenant=tenant, list=what, rows=size.rows, ceiling=size.ceiling)
