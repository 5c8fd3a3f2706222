"""`halosync migrate`."""

import asyncio

from halosync.cli.failures import reaching_postgres, told
from halosync.cli.output import Json, emit_json, say
from halosync.cli.settings import DatabaseSettings
from halosync.runtime.settings import load
from halosync.store import migrate as migrations


def migrate(*, as_json: Json = False) -> None:
    """Bring the database to this version's schema. Safe to repeat, also by several at the same time."""
    url = str(load(DatabaseSettings).database_url)
    with told():
        applied = asyncio.run(_migrate(url))
    if as_json:
        emit_json({"applied": applied})
    elif applied:
        say(f"Applied {', '.join(applied)}.")
    else:
        say("The database is up to date.")


async def _migrate(url: str) -> list[str]:
    with reaching_postgres(url):
        return await migrations.migrate(url)
