"""`halosync migrate`."""

import asyncio
from collections.abc import Sequence

from halosync.cli.failures import told
from halosync.cli.output import Json, complain, emit_json, say
from halosync.cli.settings import AdministratorSettings, DatabaseSettings
from halosync.messaging.administration import Prepared, prepare
from halosync.runtime.settings import load
from halosync.runtime.unreachable import reaching
from halosync.store import migrate as migrations
from halosync.store.migrate import Migrated
from halosync.version import VERSION

ONE_ACCOUNT = "All services use one account of {server}. Give {variable}, and each gets one of its own."


def migrate(*, as_json: Json = False) -> None:
    """Bring the database to this version's schema. Safe to repeat, by several at the same time, and beside a backup.

    With HALOSYNC_ADMIN_DATABASE_URL and HALOSYNC_ADMIN_AMQP_URL it also makes a role of Postgres and a user of RabbitMQ
    for each service, with the least rights, and declares every exchange and queue.

    Example: halosync migrate
    """
    settings = load(AdministratorSettings)
    with told():
        migrated, prepared = asyncio.run(_migrate(settings))
    if as_json:
        emit_json({"version": VERSION, "applied": list(migrated.applied), **_rights(migrated, prepared)})
        return
    applied = f"Applied {', '.join(migrated.applied)}" if migrated.applied else "The database is up to date"
    say(f"{applied}: it has the schema of version {VERSION}.")
    _tell("Postgres", "HALOSYNC_ADMIN_DATABASE_URL", migrated.roles, migrated.without_password)
    _tell("RabbitMQ", "HALOSYNC_ADMIN_AMQP_URL", prepared.users, prepared.without_password)


def _tell(server: str, variable: str, names: Sequence[str], without_password: Sequence[str]) -> None:
    if not names:
        say(ONE_ACCOUNT.format(server=server, variable=variable))
        return
    say(f"In {server} each has an account with the least rights: {', '.join(names)}.")
    for name in without_password:
        say(f"{name} has no password in {server} yet: give one by the variable of its service, or to {server} itself.")


def _rights(migrated: Migrated, prepared: Prepared) -> dict[str, object]:
    found = {"roles": migrated.roles, "users": prepared.users}
    missing = sorted({*migrated.without_password, *prepared.without_password})
    told_of = {name: list(names) for name, names in found.items() if names}
    return {**told_of, "without_password": missing} if told_of else {}


async def _migrate(settings: AdministratorSettings) -> tuple[Migrated, Prepared]:
    if settings.admin_database_url is None:
        url = str(load(DatabaseSettings).database_url)
        connecting = reaching("Postgres", "HALOSYNC_DATABASE_URL", url)
        migrated = await migrations.migrate(url, waiting=complain, connecting=connecting)
    else:
        url = str(settings.admin_database_url)
        connecting = reaching("Postgres", "HALOSYNC_ADMIN_DATABASE_URL", url)
        migrated = await migrations.migrate(url, settings.users, waiting=complain, connecting=connecting)
    return migrated, await _prepared(settings)


async def _prepared(settings: AdministratorSettings) -> Prepared:
    if settings.admin_amqp_url is None:
        return Prepared()
    url = settings.admin_amqp_url
    management = None if settings.admin_amqp_management_url is None else str(settings.admin_amqp_management_url)
    connecting = reaching("RabbitMQ", "HALOSYNC_ADMIN_AMQP_URL", url)
    return await prepare(url, management, settings.users, settings.tiers_s, connecting=connecting)
