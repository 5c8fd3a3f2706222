"""The connection pool: JSON as Python values, one name for a pool or a connection."""

import json
from typing import Any

import asyncpg

_JSON_TYPES = ("json", "jsonb")


async def _prepare(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    for name in _JSON_TYPES:
        await connection.set_type_codec(name, encoder=json.dumps, decoder=json.loads, schema="pg_catalog")


async def open_pool(url: str, *, max_size: int = 10, application: str = "halosync") -> "asyncpg.Pool[Any]":
    """Open a pool on the database at `url`; the caller closes it.

    Statements are bounded to a minute and locks to ten seconds: a stuck database becomes a passing failure that
    is tried again, not a process that hangs.
    """
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=max_size,
        init=_prepare,
        server_settings={
            "application_name": application,
            "statement_timeout": "60s",
            "lock_timeout": "10s",
            "idle_in_transaction_session_timeout": "120s",
        },
    )
