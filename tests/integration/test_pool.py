"""Every statement of a pool is bounded, whoever used its connection before."""

import asyncpg
import pytest
from halosync.store.pool import open_pool

pytestmark = pytest.mark.integration

BOUNDS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


async def test_bounds_hold_for_everybody_who_takes_a_connection(database_url: str) -> None:
    pool = await open_pool(f"{database_url}?connect_timeout=5", max_size=1, application="planner")
    for _ in range(2):
        async with pool.acquire() as connection:
            bounds = [await connection.fetchval(f"SHOW {name}") for name in BOUNDS]
            assert bounds == ["1min", "10s", "2min"]
            assert await connection.fetchval("SHOW application_name") == "planner"
            await connection.execute("SET statement_timeout = 1; SET lock_timeout = 0; SET application_name = 'x'")
    await pool.close()


async def test_a_database_that_is_the_second_of_two_hosts_is_found(database_url: str) -> None:
    place = database_url.rpartition("@")[2]
    url = database_url.replace(place, f"127.0.0.1:1,{place}")
    pool: asyncpg.Pool[asyncpg.Record] = await open_pool(url, max_size=1)
    assert await pool.fetchval("SELECT 1") == 1
    await pool.close()
