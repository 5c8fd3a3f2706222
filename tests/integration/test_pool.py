"""Every statement of a pool is bounded, whoever used its connection before."""

import re
from pathlib import Path

import halosync
import pytest
from halosync.store.pool import Pool, open_pool
from halosync.store.queries import QUERIES

pytestmark = pytest.mark.integration

BOUNDS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


async def test_bounds_hold_for_everybody_who_takes_a_connection(database_url: str) -> None:
    pool = await open_pool(f"{database_url}?connect_timeout=5", max_size=1, application="planner")
    for _ in range(2):
        async with pool.acquire() as connection:
            assert [await connection.fetchval(f"SHOW {name}") for name in BOUNDS] == ["1min", "10s", "2min"]
            assert await connection.fetchval("SHOW application_name") == "planner"
            await connection.execute(
                "BEGIN; SET LOCAL statement_timeout = 1000; SET LOCAL lock_timeout = 0; CREATE TABLE left_open ()"
            )
    assert await pool.fetchval("SELECT to_regclass('left_open')") is None
    await pool.close()


def test_nobody_changes_the_session_of_a_connection_that_is_lent() -> None:
    """It is given back as it is: only what ends with the transaction may be set."""
    kept = r"\bpg_(try_)?advisory_lock\b|set_config\([^)]*false\)|CREATE TEMP|WITH HOLD"
    in_code = re.compile(rf"\"SET (?!LOCAL)|[\"']LISTEN|\badd_listener\b|{kept}")
    in_queries = re.compile(rf"(\A|;)\s*(SET|LISTEN|UNLISTEN)\b|{kept}")
    libs = Path(halosync.__file__).parents[3]
    with_connections_of_their_own = {"pool.py", "migrate.py", "relay.py"}
    for file in [*libs.glob("halosync/src/**/*.py"), *libs.parent.glob("services/*/src/**/*.py")]:
        found = in_code.search(file.read_text(encoding="utf-8"))
        assert found is None or file.name in with_connections_of_their_own, file
    queries = list(libs.glob("halosync/src/halosync/store/sql/*.sql"))
    assert queries
    for file in queries:
        assert not in_queries.search(re.sub(r"--.*", "", file.read_text(encoding="utf-8"))), file


NOT_AWAITED = {
    *("advance_read", "begin_array_trial", "delete_from_outbox", "finish_permits"),
    *("learn_array_size", "learn_first_array_size", "save_page_of_clients", "save_page_of_licences"),
}
"""What only costs time when Postgres loses it in a crash. A mark before a request, a result and a permit must stay."""


def test_only_what_may_be_lost_in_a_crash_is_not_awaited() -> None:
    folder = Path(halosync.__file__).parent / "store" / "sql"
    parts = [part for file in folder.glob("*.sql") for part in file.read_text(encoding="utf-8").split("-- name: ")]
    names = {part.split("\n")[0].rstrip("!$^*") for part in parts if "synchronous_commit" in part}
    assert names == NOT_AWAITED


async def test_what_is_not_awaited_ends_with_its_transaction(database_url: str) -> None:
    pool = await open_pool(database_url, max_size=1)
    await pool.execute("INSERT INTO outbox (exchange, routing_key, message_type, body) VALUES ('e', 'r', 't', '')")
    async with pool.acquire() as connection:
        async with connection.transaction():
            await QUERIES.delete_from_outbox(connection, outbox_ids=[1])
            assert await connection.fetchval("SHOW synchronous_commit") == "off"
        assert await connection.fetchval("SHOW synchronous_commit") == "on"
    await pool.close()


async def test_a_database_that_is_the_second_of_two_hosts_is_found(database_url: str) -> None:
    place = database_url.rpartition("@")[2]
    url = database_url.replace(place, f"127.0.0.1:1,{place}")
    pool: Pool = await open_pool(url, max_size=1)
    assert await pool.fetchval("SELECT 1") == 1
    await pool.close()
