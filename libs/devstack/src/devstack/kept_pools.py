"""Pools of a test database that outlive a test: a new connection reads the catalog and plans each statement anew."""

from contextlib import AsyncExitStack, suppress

from halosync.postgres_failures import POSTGRES_FAILURES
from halosync.store.pool import BOUNDS, Pool, open_pool

# All that a session can keep, except prepared statements, which asyncpg knows of.
_AS_NEW = f"""
SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL; RESET ROLE;
DISCARD PLANS; DISCARD SEQUENCES; DISCARD TEMP; {BOUNDS}
"""


class KeptPools:
    """The pools of one database, one for each account, while nobody has left anything in them."""

    def __init__(self) -> None:
        self._pools: dict[str, Pool] = {}

    async def on(self, url: str) -> Pool:
        """Return the pool of an address; the caller does not close it."""
        kept = self._pools.get(url)
        if kept is None or kept.is_closing():
            kept = self._pools[url] = await open_pool(url)
        return kept

    async def clean(self) -> list[int]:
        """Set every session back as it was when it began; return the numbers of their processes in Postgres.

        A pool that is closed or has lent a connection that did not come back is ended.
        """
        return [number for url in list(self._pools) for number in await self._cleaned(url)]

    def end(self) -> None:
        """End all of them at once."""
        while self._pools:
            self._pools.popitem()[1].terminate()

    async def _cleaned(self, url: str) -> list[int]:
        pool, numbers = self._pools[url], []
        with suppress(*POSTGRES_FAILURES, OSError):  # a test ended its connections
            if not pool.is_closing() and pool.get_idle_size() == pool.get_size():
                numbers = await _as_new(pool)
        if pool.is_closing() or len(numbers) != pool.get_size():
            del self._pools[url]
            pool.terminate()
            return []
        return numbers


async def _as_new(pool: Pool) -> list[int]:
    numbers = []
    async with AsyncExitStack() as lent:
        for _ in range(pool.get_size()):
            connection = await lent.enter_async_context(pool.acquire())
            await connection.execute(_AS_NEW)
            numbers.append(connection.get_server_pid())
    return numbers
