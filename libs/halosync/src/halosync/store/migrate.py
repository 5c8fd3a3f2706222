"""Migrations: the `.sql` files beside this one, applied in order, each once and in one transaction.

Why not a library: docs/decisions/0003-migrations.md.
"""

import hashlib
from importlib import resources

import asyncpg

_LOCK = 0x48414C4F  # any number that is ours; it keeps two migrations from running at once

_TABLE = """
CREATE TABLE IF NOT EXISTS migration (
    name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class MigrationChangedError(RuntimeError):
    """A migration that has been applied is not the file it was: the schema can no longer be trusted."""


def migrations() -> dict[str, str]:
    """Return every migration's name and text, in the order in which they apply."""
    folder = resources.files("halosync.store") / "migrations"
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return {entry.name.removesuffix(".sql"): entry.read_text("utf-8") for entry in files}


async def migrate(database_url: str) -> list[str]:
    """Apply what has not been applied yet and return the names.

    Raises:
        MigrationChangedError: an applied migration's file has changed since.
    """
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute(_TABLE)
        applied = {row["name"]: row["sha256"] for row in await connection.fetch("SELECT name, sha256 FROM migration")}
        new = []
        for name, text in migrations().items():
            digest = hashlib.sha256(text.encode()).hexdigest()
            if name not in applied:
                async with connection.transaction():
                    await connection.execute(text)
                    await connection.execute("INSERT INTO migration (name, sha256) VALUES ($1, $2)", name, digest)
                new.append(name)
            elif applied[name] != digest:
                raise MigrationChangedError(f"migration {name} was applied with another text; add a new one instead")
        return new
    finally:
        await connection.close()
