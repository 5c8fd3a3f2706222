"""The request budget on real Postgres with real time and many callers: never more than the limit in any window, and all
of it (messaging-facts section 3). The rules one by one, without waiting for them: `limiter/`.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from unittest.mock import AsyncMock

import asyncpg
import pytest
import pytest_asyncio
from devstack.wait import until
from halosync.ports.permits import Lease, NoPermit, Rate
from halosync.store.halo_aliases import HaloAliases
from halosync.store.limiter import RateLimiter, own_rate
from halosync.store.pool import Pool, open_pool

from .limiter_calls import HOUR, all_are_free, in_use, metric, most_in_a_window, patiently, wait_of

pytestmark = pytest.mark.integration


AT_ONCE = 64


CLOCKS_S = 0.002
"""How far this process's clock and that of Postgres may drift apart during a test."""


@pytest_asyncio.fixture(loop_scope="session")
async def limiter(pool: Pool) -> RateLimiter:
    return RateLimiter(pool)


@pytest_asyncio.fixture(loop_scope="session")
async def of_another_process(database_url: str) -> AsyncIterator[RateLimiter]:
    pool = await open_pool(database_url, max_size=2)
    yield RateLimiter(pool)
    await pool.close()


# ---------------------------------------------------------------- the limit, and all of it


async def test_of_many_at_once_exactly_as_many_as_the_limit_get_a_permit_in_each_window(limiter: RateLimiter) -> None:
    rate = Rate(20, 0.5)
    for _ in range(4):
        results = await asyncio.gather(
            *(limiter.acquire("acme", rate, want=1, lease_s=60.0) for _ in range(AT_ONCE)), return_exceptions=True
        )
        leases = [result for result in results if isinstance(result, Lease)]
        refused = [result for result in results if isinstance(result, NoPermit)]
        assert (len(leases), len(refused)) == (rate.requests, AT_ONCE - rate.requests)
        await asyncio.gather(*(limiter.finish(lease, 1) for lease in leases))
        await until(lambda: all_are_free(limiter, rate), what="a new window", timeout_s=30.0, every_s=0.02)


@pytest.mark.parametrize("slowest_s", [0.0, 0.3])
async def test_no_window_holds_more_than_the_limit_whenever_halo_counts_a_request(
    limiter: RateLimiter, of_another_process: RateLimiter, slowest_s: float
) -> None:
    """Halo may count a request at any moment between its begin and its end; the worst of all these is looked at."""
    rate, clock = Rate(20, 0.5), asyncio.get_running_loop().time
    end_at, chance = clock() + 2.0, random.Random(7)
    requests: list[tuple[float, float]] = []

    async def caller(limiter: RateLimiter) -> None:
        while clock() < end_at:
            try:
                lease = await limiter.acquire("acme", rate, want=3, lease_s=60.0)
            except NoPermit as refused:
                await asyncio.sleep(min(refused.wait_s, max(end_at - clock(), 0.0)))
                continue
            spent = chance.randint(0, lease.granted)
            for _ in range(spent):
                begin = clock()
                await asyncio.sleep(chance.uniform(0.0, slowest_s))
                requests.append((begin, clock()))
            await limiter.finish(lease, spent)

    await asyncio.gather(*(caller((limiter, of_another_process)[number % 2]) for number in range(AT_ONCE)))
    assert len(requests) > rate.requests, "permits come back"
    assert most_in_a_window(requests, rate.window_s - CLOCKS_S) <= rate.requests


# ---------------------------------------------------------------- real time


async def test_the_permits_of_a_holder_that_died_come_back_after_lease_and_window(limiter: RateLimiter) -> None:
    clock, rate = asyncio.get_running_loop().time, Rate(5, 0.3)
    began = clock()
    await limiter.acquire("acme", rate, want=5, lease_s=0.4)
    assert 0 < await wait_of(limiter, rate=rate) <= 0.7
    await patiently(limiter, rate)
    assert clock() - began >= 0.7 - CLOCKS_S


async def test_a_block_stops_everybody_and_only_this_tenant(
    limiter: RateLimiter, of_another_process: RateLimiter
) -> None:
    await limiter.finish(await limiter.acquire("acme", HOUR, want=1, lease_s=60.0), 1)
    assert await limiter.block("acme", 120.0) == pytest.approx(120, abs=30)
    for each in (limiter, of_another_process):
        assert await wait_of(each) == pytest.approx(120, abs=30)
        assert (await each.acquire("fabrikam", HOUR, want=1, lease_s=60.0)).granted == 1


async def test_a_block_ends(limiter: RateLimiter) -> None:
    clock, rate = asyncio.get_running_loop().time, Rate(5, 60.0)
    await limiter.acquire("acme", rate, want=1, lease_s=60.0)
    began = clock()
    await limiter.block("acme", 0.3)
    await patiently(limiter, rate)
    assert clock() - began >= 0.3 - CLOCKS_S


# ---------------------------------------------------------------- tenants


async def test_two_tenants_do_not_wait_for_each_other(limiter: RateLimiter, pool: Pool) -> None:
    await limiter.acquire("acme", HOUR, want=1, lease_s=60.0)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM rate_tenant WHERE tenant = 'acme' FOR UPDATE")
        waits = asyncio.create_task(limiter.acquire("acme", HOUR, want=1, lease_s=60.0))
        async with asyncio.timeout(8):  # less than the patience of the lock
            assert (await limiter.acquire("fabrikam", HOUR, want=5, lease_s=60.0)).granted == 5
        assert not waits.done()
    assert (await waits).granted == 1


async def test_what_was_spent_under_a_name_counts_once_the_operator_says_whose_it_is(
    limiter: RateLimiter, pool: Pool
) -> None:
    rate = Rate(40, 3600.0)
    lease = await limiter.acquire("psa.acme.example", rate, want=30, lease_s=60)
    await limiter.acquire("psa.other.example", rate, want=7, lease_s=60)
    await limiter.block("psa.other.example", 600.0)
    await limiter.acquire("acme", rate, want=6, lease_s=60)
    aliases = HaloAliases(pool)
    await aliases.keep([("psa.acme.example", "acme"), ("psa.other.example", "other")])
    await aliases.keep([("psa.acme.example", "acme"), ("psa.other.example", "other")])
    await limiter.finish(lease, 30)
    assert (await limiter.acquire("acme", rate, want=40, lease_s=60)).granted == 4
    assert await wait_of(limiter, "other", rate) == pytest.approx(600, abs=30)
    assert (await in_use(limiter, "acme"), await in_use(limiter, "other")) == (40, 7)


async def test_without_postgres_there_is_no_permit(limiter: RateLimiter, pool: Pool) -> None:
    await pool.close()
    with pytest.raises(asyncpg.InterfaceError):
        await limiter.acquire("acme", HOUR, want=1, lease_s=60.0)


def test_a_partner_may_have_a_limit_of_its_own() -> None:
    assert own_rate(300, 60) == Rate(300, 60.0)
    assert own_rate(None, None) is None


# ---------------------------------------------------------------- the clock of the database


async def test_when_the_clock_has_jumped_ahead_nobody_sends_for_a_window(
    pool: Pool, of_another_process: RateLimiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("halosync.store.clock_watch.TOLERANCE_S", 0.0)
    now = 0.0
    limiter = RateLimiter(pool, monotonic=lambda: now)
    for tenant in ("acme", "fabrikam"):
        await limiter.acquire(tenant, HOUR, want=1, lease_s=60.0)
        now += 60.0
    before = metric("halosync_clock_jumps_total")
    now -= 60.0  # no time has passed here since the last time it was asked for; in the database some has
    assert await wait_of(limiter) == 3600.0
    now += 60.0
    assert metric("halosync_clock_jumps_total") == before + 1
    for tenant in ("acme", "fabrikam"):
        assert await wait_of(of_another_process, tenant) == pytest.approx(3600, abs=30)
        assert await in_use(limiter, tenant) == 1, "what was granted all the same is given back"
    assert await wait_of(limiter) == pytest.approx(3600, abs=30)
    assert metric("halosync_clock_jumps_total") == before + 1


async def test_calls_of_one_process_at_a_time_notice_a_jump_once_and_none_gets_a_permit(limiter: RateLimiter) -> None:
    await limiter.acquire("acme", HOUR, want=1, lease_s=60.0)
    before = metric("halosync_clock_jumps_total")
    last = limiter._clocks.last
    assert last is not None
    limiter._clocks.put_back(replace(last, database_s=last.database_s - 600.0))
    for wait_s in await asyncio.gather(*(wait_of(limiter) for _ in range(3))):
        assert wait_s == pytest.approx(3600, abs=30)
    assert metric("halosync_clock_jumps_total") == before + 1
    assert await in_use(limiter, "acme") == 1


async def test_a_jump_whose_block_is_not_stored_is_noticed_again(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halosync.store.clock_watch.TOLERANCE_S", 0.0)
    limiter = RateLimiter(pool, monotonic=lambda: 0.0)
    await limiter.acquire("acme", HOUR, want=1, lease_s=60.0)
    with monkeypatch.context() as away:
        away.setattr(limiter, "finish", AsyncMock(side_effect=ConnectionError))
        with pytest.raises(ConnectionError):
            await limiter.acquire("acme", HOUR, want=1, lease_s=60.0)
    assert await wait_of(limiter) == 3600.0
    assert await wait_of(RateLimiter(pool)) == pytest.approx(3600, abs=30)


# ---------------------------------------------------------------- what people see


async def test_people_and_metrics_are_told_what_others_use(limiter: RateLimiter, pool: Pool) -> None:
    before = metric("halosync_rate_foreign_total")
    rate = Rate(100, 3600.0)
    await limiter.finish(await limiter.acquire("acme", rate, want=30, lease_s=60.0), 30)
    await limiter.block("acme", None)
    assert metric("halosync_rate_foreign_total") == before + 70
    [row] = await pool.fetch("SELECT * FROM rate_standing WHERE tenant = 'acme'")
    assert (row["requests"], row["effective"], row["reserve"], row["in_use"], row["left_now"]) == (100, 30, 0, 30, 0)
    assert row["blocked_until"] == row["next_free_at"]
