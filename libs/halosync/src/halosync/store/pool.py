"""The connection pool: JSON as Python values, one name for a pool or a connection."""

import json
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import asyncpg

from halosync.contracts.database_url import connect_arguments

# Text: asyncpg's classes are generic in its stubs only.
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
"""A pool, as `open_pool` makes it."""

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
"""A connection, from a pool or not."""

_JSONB_VERSION = b"\x01"
"""Postgres' binary form of jsonb is its text behind this byte. Rows that are copied in know no other form."""

_ARRAYS = """SELECT CAST($1 AS integer[]), CAST($2 AS bigint[]), CAST($3 AS numeric[]), CAST($4 AS boolean[]),
    CAST($5 AS uuid[])"""
"""What the library looks up in the catalogue when it first meets each, 10 ms of Postgres a time; at once it is half."""

# Set by statements and not with the connection: a pooler in front of Postgres refuses most settings there.
BOUNDS = "SET statement_timeout = '60s'; SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '120s'"


_with_messages: set[int] = set()
"""The connections, by their process in Postgres, over which messages were written since they were lent."""


def note_message(connection: Connection) -> None:
    """Note that a message was written to the outbox, which this process' relay is told when the connection comes back.

    A connection that is kept after its commit tells late; a relay looks by itself each second or so (`POLL_S`).
    """
    _with_messages.add(connection.get_server_pid())


async def _prepare(connection: "asyncpg.Connection[asyncpg.Record]", *, committed: Callable[[], object] | None) -> None:
    await connection.set_type_codec("json", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    await connection.set_type_codec(
        "jsonb",
        encoder=lambda value: _JSONB_VERSION + json.dumps(value).encode(),
        decoder=lambda sent: json.loads(sent[1:]),
        schema="pg_catalog",
        format="binary",
    )
    await connection.prepare(_ARRAYS)
    await connection.execute(BOUNDS)
    # The library closes a connection that is old when it comes back, without asking `_keep`.
    connection.add_termination_listener(partial(_tell, connection.get_server_pid(), committed))
    if committed is not None:
        await connection.execute("SELECT set_config('halosync.relay', 'own', false)")


def _tell(process: int, committed: Callable[[], object] | None, _: object = None) -> None:
    if process in _with_messages:
        _with_messages.discard(process)
        if committed is not None:
            committed()


async def _keep(connection: "asyncpg.Connection[asyncpg.Record]", committed: Callable[[], object] | None) -> None:
    """Leave a connection as `_prepare` left it: nobody changes the session of one that is lent, which a test sees to.

    `committed` is called where a message was written over it.

    The library has ended its transaction by now. Its own way costs a round trip of seven statements each time that a
    connection comes back, and forgets the bounds.
    """
    _tell(connection.get_server_pid(), committed)


async def open_pool(
    url: str,
    *,
    max_size: int = 10,
    application: str = "halosync",
    committed: Callable[[], object] | None = None,
) -> Pool:
    """Open a pool on the database at `url`; the caller closes it.

    Statements are bounded to a minute and locks to ten seconds: a stuck database becomes a passing failure that
    is tried again, not a process that hangs. `committed` tells the relay of this process that there is something to
    publish; None where it has none, and Postgres tells the others.
    """
    return await asyncpg.create_pool(
        **connect_arguments(url),
        min_size=1,
        max_size=max_size,
        init=partial(_prepare, committed=committed),
        reset=partial(_keep, committed=committed),
        server_settings={"application_name": application},
    )
