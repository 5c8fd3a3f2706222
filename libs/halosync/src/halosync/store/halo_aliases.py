"""The operator's word on second names of a Halo, as Postgres knows it (`halo_of` in `schema/aliases.sql`)."""

from collections.abc import Sequence

from halosync.store.pool import Pool
from halosync.store.queries import QUERIES


class HaloAliases:
    """Which partners' own domains are a second name of which Halo."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def keep(self, same_as: Sequence[tuple[str, str]]) -> None:
        """Let these be all that is known: (domain, tenant), as `HaloHosts.same_as`.

        What was spent of the request budget under such a domain counts for its Halo from now on.
        """
        hosts, tenants = [host for host, _ in same_as], [tenant for _, tenant in same_as]
        async with self._pool.acquire() as connection, connection.transaction():
            await QUERIES.lock_aliases(connection)
            await QUERIES.forget_other_aliases(connection, hosts=hosts)
            await QUERIES.put_aliases(connection, hosts=hosts, tenants=tenants)
            await QUERIES.join_budgets(connection)
