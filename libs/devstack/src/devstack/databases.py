"""Databases for tests, one after the other: what a test leaves is deleted, which is much less work than a new one."""

import asyncpg

from devstack.kept_pools import KeptPools
from devstack.postgres import PostgresServer
from devstack.servers import fresh_name

_MOST_BYTES = 8 * 2**20
"""Tables that together are larger are not used again: deleted rows stay in their files, and are read over."""

_GONE_TIMEOUT_MS = 5000

_FIRST_ID = 16384
"""The first id that Postgres gives to what it does not bring itself."""

# A row of a catalog is of another transaction once it was changed, and of the same one in a copy of the database.
_SCHEMA = """
SELECT sum(hashtextextended(concat_ws(' ', catalog, id, part, changed), 0)) FROM (
    SELECT 'attribute' AS catalog, attrelid AS id, attnum AS part, xmin AS changed FROM pg_attribute
    UNION ALL SELECT 'default', oid, 0, xmin FROM pg_attrdef
    UNION ALL SELECT 'constraint', oid, 0, xmin FROM pg_constraint
    UNION ALL SELECT 'trigger', oid, 0, xmin FROM pg_trigger
    UNION ALL SELECT 'rule', oid, 0, xmin FROM pg_rewrite
    UNION ALL SELECT 'policy', oid, 0, xmin FROM pg_policy
    UNION ALL SELECT 'function', oid, 0, xmin FROM pg_proc
    UNION ALL SELECT 'type', oid, 0, xmin FROM pg_type
    UNION ALL SELECT 'extension', oid, 0, xmin FROM pg_extension
    UNION ALL SELECT 'default rights', oid, 0, xmin FROM pg_default_acl
    UNION ALL SELECT 'setting', setdatabase, 0, xmin FROM pg_db_role_setting
        WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
) AS made WHERE id >= $1
"""
# These rows change with what is told by others: that a table has triggers, or another file once it was truncated.
_RELATIONS = """
SELECT sum(hashtextextended(concat_ws(' ', oid, relname, relnamespace, relowner, relkind, relacl, reloptions,
    relrowsecurity), 0)) FROM pg_class WHERE oid >= $1
"""
_SCHEMAS = "SELECT string_agg(nspname || xmin, ' ' ORDER BY nspname) FROM pg_namespace WHERE nspname !~ '^pg_'"
# The only table that has rows from the start.
_MIGRATIONS = "SELECT array_agg(m::text ORDER BY m::text) FROM public.migration AS m"

_BYTES = "SELECT coalesce(sum(pg_relation_size(oid)), 0) FROM pg_class WHERE relkind = 'r' AND oid >= $1"

_CLEARS_STATISTICS = 18
"""From this version on Postgres can be told to forget its statistics."""
_FORGET = """
SELECT pg_clear_relation_stats(relnamespace::regnamespace::text, relname) FROM pg_class
WHERE relkind IN ('r', 'i') AND reltuples >= 0 AND oid >= $1 AND relnamespace::regnamespace::text !~ '^pg_'
"""

_DISCONNECT = """
SELECT pg_terminate_backend(pid, $1) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid <> ALL ($2::int[])
"""

# Without triggers and foreign keys.
_EMPTY = """
DO $$
DECLARE
    each text;
BEGIN
    PERFORM set_config('session_replication_role', 'replica', true);
    FOR each IN
        SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
        WHERE schemaname !~ '^(pg_|information_schema)' AND tablename <> 'migration'
    LOOP
        EXECUTE 'DELETE FROM ' || each;
    END LOOP;
    PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence;
END $$
"""


class Databases:
    """Copies of a migrated template; one that is given back empty and unchanged is given out again.

    Of its use before nothing is left but the size of its files. One whose schema, rights or settings were changed is
    dropped.
    """

    def __init__(self, server: PostgresServer, template: str) -> None:
        self._server = server
        self._template = template
        self._made: tuple[object, ...] | None = None
        self._idle: list[str] = []
        self._cleaners: dict[str, asyncpg.Connection[asyncpg.Record]] = {}
        self._pools: dict[str, KeptPools] = {}

    async def take(self, *, new: bool = False) -> str:
        """Return the name of a database that is as the template; `new`: of one that nobody has used."""
        if self._idle and not new:
            name = self._idle.pop()
            await self._forget(name)
            return name
        if self._made is None:
            self._made = await self._as_template()
        name = fresh_name("test")
        await self._server.create_database(name, template=self._template)
        return name

    def pools(self, name: str) -> KeptPools:
        """Return the pools of a database that was taken."""
        return self._pools.setdefault(name, KeptPools())

    async def give_back(self, name: str) -> None:
        """Disconnect whoever uses a database, but for its kept pools, and empty it, or else drop it."""
        if await self._emptied(name):
            self._idle.append(name)
        else:
            await self._server.drop_database(name)

    async def close(self) -> None:
        """Drop those that nobody uses."""
        while self._idle:
            name = self._idle.pop()
            self._let_go(name)
            await self._server.drop_database(name)

    async def _as_template(self) -> tuple[object, ...]:
        connection = await asyncpg.connect(self._server.url_of(self._template))
        try:
            return await _state(connection)
        finally:
            await connection.close()

    async def _emptied(self, name: str) -> bool:
        try:
            connection = await self._cleaner(name)
        except asyncpg.InvalidCatalogNameError:
            return False
        try:
            await connection.fetch(_DISCONNECT, _GONE_TIMEOUT_MS, await self.pools(name).clean())
            small = await connection.fetchval(_BYTES, _FIRST_ID) <= _MOST_BYTES
            if small and await _state(connection) == self._made:
                await connection.execute(_EMPTY)
                return True
        except (asyncpg.InsufficientPrivilegeError, asyncpg.PostgresConnectionError):
            pass  # on a server that was given; or a test ended all connections
        self._let_go(name)
        return False

    async def _forget(self, name: str) -> None:
        """Let Postgres know as little of the tables as in a new database.

        It may have looked at them while they were empty. Then it would take every table for empty however large it
        becomes, and read all of one for each row of another: 20,000 lines took a minute.
        """
        kept = self._cleaners.get(name)
        if kept is not None and not kept.is_closed() and kept.get_server_version().major >= _CLEARS_STATISTICS:
            await kept.fetch(_FORGET, _FIRST_ID)

    def _let_go(self, name: str) -> None:
        self._pools.pop(name, KeptPools()).end()
        cleaner = self._cleaners.pop(name, None)
        if cleaner is not None:
            cleaner.terminate()

    async def _cleaner(self, name: str) -> "asyncpg.Connection[asyncpg.Record]":
        """Return a connection that is kept: a new one would read the whole catalog first."""
        kept = self._cleaners.get(name)
        if kept is None or kept.is_closed():
            kept = self._cleaners[name] = await asyncpg.connect(self._server.url_of(name))
        return kept


async def _state(connection: "asyncpg.Connection[asyncpg.Record]") -> tuple[object, ...]:
    """Return what is another one once the schema, a right or a setting of a database was changed."""
    if not await connection.fetchval("SELECT to_regclass('public.migration') IS NOT NULL"):
        return ()
    return (
        await connection.fetchval(_SCHEMA, _FIRST_ID),
        await connection.fetchval(_RELATIONS, _FIRST_ID),
        await connection.fetchval(_SCHEMAS),
        await connection.fetchval(_MIGRATIONS),
    )
