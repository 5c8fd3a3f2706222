"""The schema: tables by `migrations/*.sql`, each applied once and for good; the rest by `schema/*.sql`, as it is now.

Why not a library, and why two folders: docs/decisions/0003-migrations.md.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import asyncpg
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_delay, wait_fixed

from halosync.contracts.database_url import connect_arguments
from halosync.domain.accounts import Users
from halosync.store.grants import grant, without_password
from halosync.store.schema_texts import HAS, SCHEMA, digest, functions_and_views, migrations
from halosync.version import VERSION

_LOCK = 0x48414C4F  # any number that is ours; it keeps two migrations from running at once

_TABLE = """
CREATE TABLE IF NOT EXISTS migration (
    name text, sha256 text, version text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (name, sha256)
)
"""
_APPLIED = """
INSERT INTO migration (name, sha256, version) VALUES ($1, $2, $3)
ON CONFLICT (name, sha256) DO UPDATE SET version = excluded.version, applied_at = excluded.applied_at
"""
LOCK_TIMEOUT_S = 2.0
"""How long a migration waits for a lock, in seconds. Everybody who comes after it waits behind it: without a bound, a
migration beside a `pg_dump`, which holds its locks to its end, would stop all services for as long."""

PAUSE_S = 5.0
"""How long the tables are left to the others before the next attempt."""

PATIENCE_S = 1800.0
"""How many seconds a migration goes on with such attempts; then it fails, and what it could not lock is unchanged."""

OnWait = Callable[[str], None]
"""Is told why a migration waits."""


class WrongEncodingError(RuntimeError):
    """The database keeps text in another encoding than UTF-8, so names of customers would fail one day."""

    def __init__(self, encoding: str) -> None:
        super().__init__(
            f"The database keeps text as {encoding}; make one with `createdb --encoding=UTF8 -T template0`."
        )


class MigrationChangedError(RuntimeError):
    """A migration that has been applied is not the file it was: the schema can no longer be trusted."""


@dataclass(frozen=True)
class Migrated:
    """What was done to a database.

    Attributes:
        applied: the names of the migrations that were new, and `schema` if functions, triggers or views were.
        roles: those that have their rights now; none where one account does all.
        without_password: those of them that nobody can sign in as with a password.
    """

    applied: Sequence[str]
    roles: Sequence[str] = ()
    without_password: Sequence[str] = ()


async def migrate(
    database_url: str,
    users: Users | None = None,
    *,
    waiting: OnWait = lambda _: None,
    connecting: AbstractContextManager[None] | None = None,
) -> Migrated:
    """Apply the migrations that are new, then functions, triggers and views if anything is new.

    Args:
        database_url: with the account that owns the tables.
        users: whose roles get their rights, as an administrator does it; None where one account does all.
        waiting: is called whenever somebody else's lock is in the way.
        connecting: stands around connecting alone, to say in its own words that the database is away.

    Raises:
        WrongEncodingError: the database cannot hold every name.
        MigrationChangedError: an applied migration's file has changed since.
        TooMightyError: a role may do more than rights can take away.
        asyncpg.LockNotAvailableError: somebody held a table for all of `PATIENCE_S`.
    """
    with connecting or nullcontext():
        connection = await asyncpg.connect(**connect_arguments(database_url))
    patiently = _patiently(waiting)
    try:
        if (encoding := connection.get_settings().server_encoding) != "UTF8":
            raise WrongEncodingError(encoding)
        await _one_at_a_time(connection, waiting)
        await connection.execute(f"SET lock_timeout = {LOCK_TIMEOUT_S * 1000:.0f}")
        applied = await _bring_up_to_date(connection, patiently)
        if users is None:
            return Migrated(applied)
        roles: list[str] = await patiently(grant, connection, users)
        return Migrated(applied, roles, await without_password(connection, users))
    finally:
        await connection.close()


def _patiently(waiting: OnWait) -> AsyncRetrying:
    def tell(_: RetryCallState) -> None:
        waiting(f"Another session uses a table (a backup?). Nothing was changed; next attempt in {PAUSE_S:.0f} s.")

    return AsyncRetrying(
        retry=retry_if_exception_type((asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)),
        stop=stop_after_delay(PATIENCE_S),
        wait=wait_fixed(PAUSE_S),
        before_sleep=tell,
        sleep=asyncio.sleep,
        reraise=True,
    )


async def _one_at_a_time(connection: "asyncpg.Connection[asyncpg.Record]", waiting: OnWait) -> None:
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
        waiting("Another migration is at work; this one comes after it.")
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)


async def _bring_up_to_date(connection: "asyncpg.Connection[asyncpg.Record]", patiently: AsyncRetrying) -> list[str]:
    await connection.execute(_TABLE)
    applied = {row["name"]: row["sha256"] for row in await connection.fetch(HAS)}
    new = []
    for name, text in migrations().items():
        if name not in applied:
            await patiently(_apply, connection, name, text)
            new.append(name)
        elif applied[name] != digest(text):
            raise MigrationChangedError(f"migration {name} was applied with another text; add a new one instead")
    text = functions_and_views()
    if new or applied.get(SCHEMA) != digest(text):
        await patiently(_apply, connection, SCHEMA, text)
        new.append(SCHEMA)
    return new


async def _apply(connection: "asyncpg.Connection[asyncpg.Record]", name: str, text: str) -> None:
    async with connection.transaction():
        await connection.execute(text)
        await connection.execute(_APPLIED, name, digest(text), VERSION)
