"""`halosync migrate`."""

import asyncio

from halosync.cli.failures import reaching_postgres, told
from halosync.cli.output import Json, emit_json, say
from halosync.cli.settings import AdministratorSettings, DatabaseSettings
from halosync.runtime.settings import load
from halosync.store import migrate as migrations
from halosync.store.migrate import Migrated

ONE_ACCOUNT = (
    "One account of Postgres does everything: without HALOSYNC_ADMIN_DATABASE_URL no service has a role of its own."
)


def migrate(*, as_json: Json = False) -> None:
    """Bring the database to this version's schema. Safe to repeat, also by several at the same time.

    With HALOSYNC_ADMIN_DATABASE_URL each service gets a role of its own with the least rights.
    """
    settings = load(AdministratorSettings)
    with told():
        migrated = asyncio.run(_migrate(settings))
    if as_json:
        rights = {"roles": list(migrated.roles), "without_password": list(migrated.without_password)}
        emit_json({"applied": list(migrated.applied), **(rights if migrated.roles else {})})
        return
    say(f"Applied {', '.join(migrated.applied)}." if migrated.applied else "The database is up to date.")
    say(f"Roles with the least rights: {', '.join(migrated.roles)}." if migrated.roles else ONE_ACCOUNT)
    for role in migrated.without_password:
        say(f"{role} has no password yet: give one by the variable of its service, or to Postgres itself.")


async def _migrate(settings: AdministratorSettings) -> Migrated:
    if settings.admin_database_url is None:
        url = str(load(DatabaseSettings).database_url)
        with reaching_postgres(url):
            return await migrations.migrate(url)
    url = str(settings.admin_database_url)
    with reaching_postgres(url, "HALOSYNC_ADMIN_DATABASE_URL"):
        return await migrations.migrate(url, settings.users)
