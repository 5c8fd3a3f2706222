"""The schema: migrations are applied once and never edited; functions, triggers and views follow their files."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from devstack.postgres import PostgresServer
from devstack.schema_snapshot import TARGET, schema_of
from devstack.servers import fresh_name
from halosync.runtime.unreachable import reaching
from halosync.store import migrate as module
from halosync.store import schema_texts
from halosync.store.migrate import MigrationChangedError, WrongEncodingError, migrate
from halosync.store.pool import Pool
from halosync.store.schema_texts import HAS, functions_and_views
from halosync.version import VERSION

pytestmark = pytest.mark.integration

COMMITTED = Path(__file__).parents[2] / TARGET
MORE = {"0001_first": "CREATE TABLE first (a int)", "0002_more": "ALTER TABLE first ADD COLUMN b int"}
VIEW = {"views": "DROP VIEW IF EXISTS seen; CREATE VIEW seen AS SELECT a FROM first"}


class Texts:
    """What the two folders hold, in the place of their files."""

    def __init__(self) -> None:
        self.folders = {"migrations": {"0001_first": MORE["0001_first"]}, "schema": dict(VIEW)}

    def __call__(self, folder: str) -> dict[str, str]:
        return self.folders[folder]


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> Texts:
    """Texts that a test may change."""
    made = Texts()
    monkeypatch.setattr(schema_texts, "_texts", made)
    return made


@pytest_asyncio.fixture(loop_scope="session")
async def empty_url(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """A database without anything."""
    name = fresh_name("test")
    yield await postgres_server.create_database(name)
    await postgres_server.drop_database(name)


async def test_a_database_that_cannot_hold_every_name_is_refused(
    postgres_server: PostgresServer, empty_url: str
) -> None:
    name = fresh_name("test")
    admin = await asyncpg.connect(empty_url)
    await admin.execute(f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    await admin.close()
    with pytest.raises(WrongEncodingError, match="keeps text as LATIN1; make one with `createdb"):
        await migrate(empty_url.rpartition("/")[0] + f"/{name}")
    await postgres_server.drop_database(name)


async def columns(url: str, relation: str) -> list[str]:
    """The names of a table's or view's columns."""
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position",
            relation,
        )
    finally:
        await connection.close()
    return [row["column_name"] for row in found]


async def test_the_snapshot_of_the_schema_is_as_generated(pool: Pool) -> None:
    async with pool.acquire() as connection:
        assert await schema_of(connection) == COMMITTED.read_text("utf-8"), "run `make generate`"


async def test_the_schema_applies_again_over_itself(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await migrate(empty_url)).applied == [*schema_texts.migrations(), "schema"]
    changed = functions_and_views() + "\n"
    monkeypatch.setattr(module, "functions_and_views", lambda: changed)
    assert (await migrate(empty_url)).applied == ["schema"]
    assert (await migrate(empty_url)).applied == []


async def test_the_next_migration_is_applied_and_the_first_is_not_repeated(empty_url: str, texts: Texts) -> None:
    assert (await migrate(empty_url)).applied == ["0001_first", "schema"]
    texts.folders["migrations"] = MORE
    assert (await migrate(empty_url)).applied == ["0002_more", "schema"]
    assert await columns(empty_url, "first") == ["a", "b"]
    assert (await migrate(empty_url)).applied == []


async def test_an_applied_migration_that_was_edited_is_refused(empty_url: str, texts: Texts) -> None:
    await migrate(empty_url)
    texts.folders["migrations"] = {**MORE, "0001_first": "CREATE TABLE first (a text)"}
    with pytest.raises(MigrationChangedError, match="0001_first"):
        await migrate(empty_url)
    assert await columns(empty_url, "first") == ["a"]


async def test_a_view_that_was_edited_replaces_the_old_one(empty_url: str, texts: Texts) -> None:
    await migrate(empty_url)
    texts.folders["schema"] = {"views": "DROP VIEW IF EXISTS seen; CREATE VIEW seen AS SELECT 1 AS one, a FROM first"}
    assert (await migrate(empty_url)).applied == ["schema"]
    assert await columns(empty_url, "seen") == ["one", "a"]


async def test_a_migration_that_fails_leaves_nothing(empty_url: str, texts: Texts) -> None:
    texts.folders["migrations"] = {**MORE, "0002_more": "ALTER TABLE first ADD COLUMN b int; SELECT 1 / 0"}
    with pytest.raises(asyncpg.DivisionByZeroError):  # and not that Postgres cannot be reached
        await migrate(empty_url, connecting=reaching("Postgres", "HALOSYNC_DATABASE_URL", empty_url))
    assert await columns(empty_url, "first") == ["a"]
    texts.folders["migrations"] = MORE
    assert (await migrate(empty_url)).applied == ["0002_more", "schema"]


WRITTEN_IN = {
    "item_customer": "SELECT item_customer(halo_client_id, customer_ids) FROM item_view",
    "item_text": "SELECT item_text(customer_name, product_code, 'x', customer_ids, reason, detail) FROM item_view",
    "natural_order": "SELECT natural_order(customer_name) FROM item_view",
    "line_text": "SELECT line_text(customer_name, product_code, product_name, customer_id, line_id) FROM invoice_line",
    "line_fits": (
        "SELECT line_fits('%x%', '{}', customer_name, kind, '6f2d3a0e-0000-4000-8000-000000000001', 'no', NULL, NULL)"
        " FROM invoice_line"
    ),
    "line_outcome": "SELECT line_outcome(kind, gen_random_uuid(), 'synced') FROM invoice_line",
    "line_reason": "SELECT line_reason(kind, gen_random_uuid(), 'no') FROM invoice_line",
    "line_item": "SELECT i.* FROM invoice_line l LEFT JOIN LATERAL line_item(NULL, l.line_no) AS i ON true",
}


@pytest.mark.parametrize("name", WRITTEN_IN)
async def test_a_function_of_every_row_is_written_into_its_statement(pool: Pool, name: str) -> None:
    """Called for each row it would cost twenty times as much: it must not promise more than what it calls keeps."""
    plan = await pool.fetch(f"EXPLAIN (VERBOSE, COSTS OFF) {WRITTEN_IN[name]}")
    assert f"{name}(" not in "\n".join(row[0] for row in plan)


async def test_beside_a_backup_it_lets_the_others_go_first(
    empty_url: str, texts: Texts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration that queued behind `pg_dump` would stop everybody who comes after it."""
    monkeypatch.setattr(module, "PAUSE_S", 0.0)
    monkeypatch.setattr(module, "LOCK_TIMEOUT_S", 0.05)
    await migrate(empty_url)
    texts.folders["migrations"] = MORE
    dump = await asyncpg.connect(empty_url)
    told: list[str] = []
    try:
        await dump.execute("BEGIN; LOCK TABLE first IN ACCESS SHARE MODE")

        def wait(why: str) -> None:
            told.append(why)
            if len(told) == 2:
                dump.terminate()

        assert (await migrate(empty_url, waiting=wait)).applied == ["0002_more", "schema"]
    finally:
        dump.terminate()
    assert len(told) >= 2
    assert "Another session uses a table" in told[0]


async def test_each_text_is_kept_with_the_version_that_applied_it(
    empty_url: str, texts: Texts, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(empty_url)
    older = dict(texts.folders["schema"])
    texts.folders["schema"] = {"views": VIEW["views"] + "\n-- newer"}
    monkeypatch.setattr(module, "VERSION", "99.0.0")
    await migrate(empty_url)
    texts.folders["schema"] = older
    monkeypatch.setattr(module, "VERSION", VERSION)
    assert (await migrate(empty_url)).applied == ["schema"], "going back to an older version is a migration too"
    connection = await asyncpg.connect(empty_url)
    try:
        now = await connection.fetch(HAS)
        ever = await connection.fetch("SELECT version FROM migration WHERE name = 'schema' ORDER BY applied_at")
    finally:
        await connection.close()
    assert {row["name"]: row["version"] for row in now} == {"0001_first": VERSION, "schema": VERSION}
    assert [row["version"] for row in ever] == ["99.0.0", VERSION]
