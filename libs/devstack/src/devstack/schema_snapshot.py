"""The schema of a migrated database as text: what `docs/generated/schema.sql` holds.

Read from the catalogue, not by pg_dump: its text changes with the version of Postgres, and so do the bodies of views.
Views are shown by their columns therefore; their bodies are in `store/schema`.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import asyncpg
from halosync.store.migrate import migrate
from halosync.store.pool import Connection

from devstack.postgres import postgres

TARGET = Path("docs/generated/schema.sql")

_HEAD = """-- The schema after all migrations, as a reader's map. Generated (`make generate`), never edited or applied.
-- Tables come from libs/halosync/src/halosync/store/migrations; functions, triggers and views, with their reasons,
-- are in libs/halosync/src/halosync/store/schema.
"""
_COLUMNS = """
SELECT c.relname AS owner, c.relkind = 'v' AS is_view, c.reloptions AS options,
    a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attidentity = 'a' THEN ' GENERATED ALWAYS AS IDENTITY' WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
    || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '') AS text
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') ORDER BY c.relname, a.attnum
"""
_CONSTRAINTS = """
SELECT c.relname AS owner, pg_get_constraintdef(k.oid) AS text
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.connamespace = 'public'::regnamespace AND k.contype IN ('p', 'u', 'f', 'c')
ORDER BY c.relname, position(k.contype IN 'pufc'), text
"""
_INDEXES = """
SELECT c.relname AS owner, replace(pg_get_indexdef(i.indexrelid), ' public.', ' ') AS text
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class n ON n.oid = i.indexrelid
WHERE c.relnamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))
ORDER BY c.relname, n.relname
"""
_TRIGGERS = """
SELECT c.relname AS owner, replace(pg_get_triggerdef(t.oid), ' public.', ' ') AS text
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal ORDER BY c.relname, t.tgname
"""
_FUNCTIONS = """
SELECT replace(pg_get_functiondef(oid), ' public.', ' ') AS text
FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f' ORDER BY proname, oidvectortypes(proargtypes)
"""


async def schema_of(connection: Connection) -> str:
    """Describe the tables, views, indexes, triggers and functions of the schema `public`."""
    columns = await connection.fetch(_COLUMNS)
    constraints = await connection.fetch(_CONSTRAINTS)
    below = [*await connection.fetch(_INDEXES), *await connection.fetch(_TRIGGERS)]
    parts = [_HEAD]
    for is_view in (False, True):
        for owner in dict.fromkeys(row["owner"] for row in columns if row["is_view"] == is_view):
            text = _relation(owner, columns, constraints, is_view=is_view)
            parts.append("\n".join([text, *(f"{each};" for each in _of(owner, below)), ""]))
    functions = await connection.fetch(_FUNCTIONS)
    parts.extend(f"{row['text'].strip()};\n".replace("CREATE OR REPLACE", "CREATE") for row in functions)
    return "\n".join(parts)


def _relation(
    owner: str, columns: Sequence[asyncpg.Record], constraints: Sequence[asyncpg.Record], *, is_view: bool
) -> str:
    if is_view:
        return "\n".join([f"-- VIEW {owner}", *(f"--     {each}" for each in _of(owner, columns))])
    options = next((row["options"] for row in columns if row["owner"] == owner), None)
    ending = f") WITH ({', '.join(options)});" if options else ");"
    members = ",\n".join(f"    {each}" for each in [*_of(owner, columns), *_of(owner, constraints)])
    return f"CREATE TABLE {owner} (\n{members}\n{ending}"


def _of(owner: str, rows: Sequence[asyncpg.Record]) -> list[str]:
    return [row["text"] for row in rows if row["owner"] == owner]


def schema() -> None:
    """Write `docs/generated/schema.sql` anew, from a database with every migration applied."""
    TARGET.write_text(asyncio.run(_fresh_schema()), "utf-8")


async def _fresh_schema() -> str:
    async with postgres(None, durable=False) as server:
        url = await server.create_database("schema")
        await migrate(url)
        connection = await asyncpg.connect(url)
        try:
            return await schema_of(connection)
        finally:
            await connection.close()
