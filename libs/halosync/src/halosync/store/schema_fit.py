"""Whether the database has the schema that this version works with (spec section 12)."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass

import asyncpg

from halosync.store import schema_texts
from halosync.store.pool import Pool
from halosync.store.schema_texts import HAS, SCHEMA
from halosync.version import VERSION, numbers


class SchemaMisfitError(Exception):
    """The database has another schema than this version works with; the text says what to do."""


@dataclass(frozen=True)
class AppliedPart:
    """What the database has of one migration, or of the functions and views.

    Attributes:
        sha256: the checksum of the text that was applied.
        version: of halosync, which applied it.
    """

    sha256: str
    version: str


@dataclass(frozen=True)
class NeededSchema:
    """What this version was written for.

    Attributes:
        migrations: checksums by name.
        schema: the checksum of its functions and views.
        version: its own.
    """

    migrations: Mapping[str, str]
    schema: str
    version: str


def wanted() -> NeededSchema:
    """Return what the installed version was written for."""
    texts = schema_texts.migrations()
    functions = schema_texts.digest(schema_texts.functions_and_views())
    return NeededSchema({name: schema_texts.digest(text) for name, text in texts.items()}, functions, VERSION)


def misfit(has: Mapping[str, AppliedPart], wants: NeededSchema) -> str | None:
    """Return why a process must wait, or None if it may work.

    A newer schema fits: `halosync migrate` comes first in an upgrade, and the old processes go on beside the new ones
    (docs/decisions/0003-migrations.md). An older one does not, nor does one of the same version with another text.
    """
    missing = [name for name in wants.migrations if name not in has]
    if missing:
        return f"the database lacks {', '.join(missing)} of version {wants.version}: run `halosync migrate`"
    edited = [name for name, sha256 in wants.migrations.items() if has[name].sha256 != sha256]
    if edited:
        return f"the database has another {', '.join(edited)} than version {wants.version}: is it the right database?"
    schema = has.get(SCHEMA)
    if schema is None:
        return "the database lacks functions and views: run `halosync migrate`"
    newer = numbers(schema.version) > numbers(wants.version)
    if schema.sha256 != wants.schema and not newer:
        return (
            f"the database has functions and views of version {schema.version}, this is {wants.version}: "
            "run `halosync migrate` of this version"
        )
    return None


async def look_at_schema(pool: Pool, wants: NeededSchema) -> None:
    """Return if the schema fits.

    Raises:
        SchemaMisfitError: it does not.
        asyncpg.PostgresError, OSError: the database does not answer.
    """
    try:
        rows = await pool.fetch(HAS)
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        raise SchemaMisfitError("the database has no schema of halosync: run `halosync migrate`") from None
    why = misfit({row["name"]: AppliedPart(row["sha256"], row["version"]) for row in rows}, wants)
    if why is not None:
        raise SchemaMisfitError(why)


def schema_check(pool: Pool) -> Callable[[], Coroutine[None, None, None]]:
    """Return a check of readiness: it raises what `look_at_schema` does."""
    wants = wanted()
    return lambda: look_at_schema(pool, wants)
