"""Processes of the version before `0004_limiter.sql` run beside new ones, and what they leased still counts."""

import itertools
from typing import Any

import asyncpg
import pytest
from devstack.naming import fresh_name
from devstack.postgres import PostgresServer
from halosync.ports.permits import Lease, NoPermit, Rate
from halosync.store.limiter import RateLimiter
from halosync.store.migrate import migrations
from halosync.store.pool import open_pool

pytestmark = pytest.mark.integration

HOUR = Rate(5, 3600.0)
OLD_SETTLE = "SELECT rate_settle($1, $2)"
OLD_BLOCK = """
UPDATE rate_tenant SET blocked_until = greatest(blocked_until, clock_timestamp() + make_interval(secs => $2))
WHERE tenant = $1
"""


async def old_acquire(pool: "asyncpg.Pool[Any]", want: int) -> Any:
    """Lease permits as a process of the version before does."""
    return await pool.fetchrow(
        "SELECT lease_id, granted, wait_s FROM rate_acquire($1, $2, $3, $4, $5, $6)", "acme", 5, 3600.0, want, 0, 60.0
    )


async def wait_of(limiter: RateLimiter, reserve: int = 0) -> float:
    """How long the tenant is told to wait."""
    with pytest.raises(NoPermit) as refused:
        await limiter.acquire("acme", HOUR, want=1, hold_s=60.0, reserve=reserve)
    return refused.value.wait_s


async def test_a_process_of_the_version_before_shares_the_budget(
    pool: "asyncpg.Pool[Any]",
) -> None:
    limiter = RateLimiter(pool)
    old = await old_acquire(pool, 3)
    assert old["granted"] == 3
    assert (await limiter.acquire("acme", HOUR, want=9, hold_s=60.0)).granted == 2
    await pool.execute(OLD_SETTLE, old["lease_id"], 2)
    assert (await old_acquire(pool, 9))["granted"] == 1
    await pool.execute(OLD_BLOCK, "acme", 120.0)
    assert await wait_of(limiter) == pytest.approx(120, abs=30)
    assert await limiter.block("acme", 240.0) == pytest.approx(240, abs=30)
    assert (await old_acquire(pool, 1))["wait_s"] == pytest.approx(240, abs=30)


async def test_what_was_leased_before_the_upgrade_still_counts(postgres_server: PostgresServer) -> None:
    name = fresh_name("test")
    url = await postgres_server.create_database(name)
    before, after = itertools.tee(sorted(migrations().items()))
    pool = await open_pool(url)
    for _, text in itertools.takewhile(lambda migration: migration[0] < "0004", before):
        await pool.execute(text)
    leases = [await old_acquire(pool, 2) for _ in range(2)]
    await pool.execute(OLD_SETTLE, leases[0]["lease_id"], 2)
    for _, text in itertools.dropwhile(lambda migration: migration[0] < "0004", after):
        await pool.execute(text)
    limiter = RateLimiter(pool)
    assert (await limiter.acquire("acme", HOUR, want=9, hold_s=60.0)).granted == 1
    await limiter.settle(Lease(leases[1]["lease_id"], 2), 1)
    assert (await limiter.acquire("acme", HOUR, want=9, hold_s=60.0)).granted == 1
    assert await wait_of(limiter, reserve=2) == pytest.approx(3600, abs=30)
    await pool.close()
    await postgres_server.drop_database(name)
