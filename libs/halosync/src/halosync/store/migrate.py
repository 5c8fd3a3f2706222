"""The schema: tables by `migrations/*.sql`, each applied once and for good; the rest by `schema/*.sql`, as it is now.

Why not a library, and why two folders: docs/decisions/0003-migrations.md.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import asyncpg

from halosync.contracts.database_url import connect_arguments
from halosync.domain.accounts import Users
from halosync.store.grants import grant, without_password

_LOCK = 0x48414C4F  # any number that is ours; it keeps two migrations from running at once

_TABLE = """
CREATE TABLE IF NOT EXISTS migration (
    name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
)
"""
_APPLIED = """
INSERT INTO migration (name, sha256) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256, applied_at = excluded.applied_at
"""
SCHEMA = "schema"
"""The name under which `migration` keeps which text of `schema/*.sql` the database has."""


class MigrationChangedError(RuntimeError):
    """A migration that has been applied is not the file it was: the schema can no longer be trusted."""


def migrations() -> dict[str, str]:
    """Return every migration's name and text, in the order in which they apply."""
    return _texts("migrations")


def functions_and_views() -> str:
    """Return what creates or replaces all functions, triggers and views."""
    return "\n".join(_texts("schema").values())


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


async def migrate(database_url: str, users: Users | None = None) -> Migrated:
    """Apply the migrations that are new, then functions, triggers and views if anything is new.

    Args:
        database_url: with the account that owns the tables.
        users: whose roles get their rights, as an administrator does it; None where one account does all.

    Raises:
        MigrationChangedError: an applied migration's file has changed since.
        TooMightyError: a role may do more than rights can take away.
    """
    connection = await asyncpg.connect(**connect_arguments(database_url))
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        applied = await _bring_up_to_date(connection)
        if users is None:
            return Migrated(applied)
        roles = await grant(connection, users)
        return Migrated(applied, roles, await without_password(connection, users))
    finally:
        await connection.close()


async def _bring_up_to_date(connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    await connection.execute(_TABLE)
    applied = {row["name"]: row["sha256"] for row in await connection.fetch("SELECT name, sha256 FROM migration")}
    new = []
    for name, text in migrations().items():
        if name not in applied:
            await _apply(connection, name, text)
            new.append(name)
        elif applied[name] != _digest(text):
            raise MigrationChangedError(f"migration {name} was applied with another text; add a new one instead")
    text = functions_and_views()
    if new or applied.get(SCHEMA) != _digest(text):
        await _apply(connection, SCHEMA, text)
        new.append(SCHEMA)
    return new


async def _apply(connection: "asyncpg.Connection[asyncpg.Record]", name: str, text: str) -> None:
    async with connection.transaction():
        await connection.execute(text)
        await connection.execute(_APPLIED, name, _digest(text))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _texts(folder: str) -> dict[str, str]:
    files = (resources.files("halosync.store") / folder).iterdir()
    texts = {file.name.removesuffix(".sql"): file.read_text("utf-8") for file in files if file.name.endswith(".sql")}
    return dict(sorted(texts.items()))
