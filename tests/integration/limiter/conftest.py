"""The request budget twice, in Postgres and in memory, under one suite.

Time passes by `advance`: the double's clock is moved; in Postgres everything that is kept moves into the past instead,
which is the same, because only differences to the clock count. That the real clock counts is in `test_limiter.py`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from halosync.ports.permits import Lease, Limiter, NoPermit, Rate
from halosync.store.halo_aliases import HaloAliases
from halosync.store.limiter import RateLimiter
from halosync.store.pool import Pool
from simulation.limiter import RESERVE_PART, MemoryRateLimiter

TENANT = "acme"
SECOND_NAME = "psa.acme.example"
"""A domain of which the operator says that it is the tenant's Halo."""

FIVE = Rate(5, 3600.0)

_MOVE_INTO_THE_PAST = """
WITH leases AS (
    UPDATE rate_lease SET leased_at = leased_at - s, leased_until = leased_until - s, finished_at = finished_at - s,
        free_at = free_at - s
    FROM make_interval(secs => $1) AS s)
UPDATE rate_tenant SET blocked_until = blocked_until - s, foreign_at = foreign_at - s
FROM make_interval(secs => $1) AS s
"""


@dataclass(frozen=True)
class Standing:
    """What is left of a tenant's budget: the limit less what others use, what batch work leaves, what is in use."""

    effective: int
    reserve: int
    in_use: int
    blocked_s: float


class Budget:
    """The budget of a tenant, and time."""

    def __init__(self, limiter: Limiter) -> None:
        self.limiter = limiter

    async def advance(self, seconds: float) -> None:
        """Let time pass."""
        raise NotImplementedError

    async def take(self, want: int = 1, rate: Rate = FIVE, *, tenant: str = TENANT, **how: Any) -> Lease:
        """Lease permits."""
        return await self.limiter.acquire(tenant, rate, **{"want": want, "lease_s": 60.0, **how})

    async def granted(self, want: int = 1, rate: Rate = FIVE, **how: Any) -> int:
        """Lease permits; return how many."""
        return (await self.take(want, rate, **how)).granted

    async def wait_s(self, rate: Rate = FIVE, **how: Any) -> float:
        """Be refused; return how long to wait."""
        with pytest.raises(NoPermit) as refused:
            await self.take(1, rate, **how)
        return refused.value.wait_s

    async def spend(self, number: int, rate: Rate = FIVE) -> None:
        """Send so many requests, which end at once."""
        lease = await self.take(number, rate, interactive=True)
        assert lease.granted == number
        await self.limiter.finish(lease, number)

    async def refused(self, retry_after_s: float | None = None, *, tenant: str = TENANT) -> float:
        """Halo answers 429."""
        return await self.limiter.block(tenant, retry_after_s)

    async def standing(self) -> Standing:
        """Return what is left."""
        raise NotImplementedError

    async def effective(self) -> int:
        """Return the limit that holds now."""
        return (await self.standing()).effective


class InPostgres(Budget):
    """The real one."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(RateLimiter(pool))
        self.pool = pool

    async def advance(self, seconds: float) -> None:
        """Let time pass."""
        await self.pool.execute(_MOVE_INTO_THE_PAST, seconds)

    async def standing(self) -> Standing:
        """Look, as pages do."""
        row = await self.pool.fetchrow("SELECT * FROM rate_standing WHERE tenant = $1", TENANT)
        assert row is not None
        until: datetime | None = row["blocked_until"]
        blocked_s = 0.0 if until is None else (until - datetime.now(UTC)).total_seconds()
        return Standing(row["effective"], row["reserve"], row["in_use"], max(blocked_s, 0.0))


class InMemory(Budget):
    """The double."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.double = MemoryRateLimiter(lambda: self.now, {SECOND_NAME: TENANT})
        super().__init__(self.double)

    async def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    async def standing(self) -> Standing:
        """Look into the double."""
        budget = self.double.budgets[TENANT]
        effective, blocked_s = budget.effective(self.now), max(budget.blocked_until - self.now, 0.0)
        return Standing(effective, effective // RESERVE_PART, budget.in_use(self.now), blocked_s)


@pytest.fixture
async def named(pool: Pool) -> Pool:
    await HaloAliases(pool).keep([(SECOND_NAME, TENANT)])
    return pool


@pytest.fixture(params=["postgres", "memory"])
def budget(request: pytest.FixtureRequest) -> Budget:
    return InMemory() if request.param == "memory" else InPostgres(request.getfixturevalue("named"))
