"""The request budget of `halosync.store.limiter` in memory, on a clock that is handed in.

A second implementation of the rules of `store/schema/limiter.sql`, under the same suite
(`tests/integration/limiter`). It reads no real clock and never yields to the event loop, so that a
simulation on virtual time stays deterministic.
"""

import math
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush, nsmallest
from itertools import count
from types import MappingProxyType
from typing import TypeVar

from halosync.ports.permits import Lease, NoPermit, Rate

from simulation.process import Process

T = TypeVar("T")

RESERVE_PART = 50
"""Batch work leaves one permit in so many to calls that a person waits for."""

RELAXED = 0.02
"""This part of the limit is believed to be ours again after a window without a 429; then twice that, and so on."""

STRIKE = 0.01
"""This part of the window a block lasts at least from the second 429 within a window on; then 3, 7, 15 times that."""


@dataclass(slots=True)
class _LeasedPermits:
    """A lease: open, or finished and not yet over."""

    permits: int
    asked: Rate
    leased_at: float
    leased_until: float
    free_at: float
    finished: bool = False


@dataclass(slots=True)
class _Budget:
    """A tenant's limit, what others use of it, and its leases by id.

    `permits`: how many its leases have; `asked`: the limits that they were asked with; `ends`: when each may be
    over, the earliest first. A world asks so often that to look at every lease each time was its largest single cost.
    """

    rate: Rate
    blocked_until: float = -math.inf
    foreign_use: float = 0.0
    foreign_seen: int = 0
    foreign_at: float = -math.inf
    strikes: int = 0
    leases: dict[int, _LeasedPermits] = field(default_factory=dict)
    permits: int = 0
    asked: Counter[Rate] = field(default_factory=Counter)
    ends: list[tuple[float, int]] = field(default_factory=list)

    def lease(self, lease_id: int, leased: _LeasedPermits) -> None:
        """Keep a lease."""
        self.leases[lease_id] = leased
        self.permits += leased.permits
        self.asked[leased.asked] += 1
        heappush(self.ends, (leased.free_at, lease_id))

    def finish(self, lease_id: int, spent: int, free_at: float) -> None:
        """Note that a lease is finished and counts, with what was spent, until `free_at`."""
        leased = self.leases[lease_id]
        self.permits += spent - leased.permits
        leased.finished, leased.permits, leased.free_at = True, spent, free_at
        heappush(self.ends, (free_at, lease_id))
        if not spent:
            self._forget(lease_id)

    def in_use(self, now: float) -> int:
        """How many permits count at this moment; the leases that are over are forgotten."""
        while self.ends and self.ends[0][0] <= now:
            _, lease_id = heappop(self.ends)
            if lease_id in self.leases and self.leases[lease_id].free_at <= now:
                self._forget(lease_id)
        return self.permits

    def _forget(self, lease_id: int) -> None:
        leased = self.leases.pop(lease_id)
        self.permits -= leased.permits
        self.asked[leased.asked] -= 1
        if not self.asked[leased.asked]:
            del self.asked[leased.asked]

    def expected(self, now: float) -> float:
        """What others are expected to use of the budget in a window."""
        clean = min(max((now - self.foreign_at) // self.rate.window_s, 0), 9) if self.foreign_use else 0
        return max(self.foreign_use - self.rate.requests * RELAXED * (2**clean - 1), 0.0)

    def effective(self, now: float) -> int:
        """The limit less what others use; 1 at least."""
        seen = self.foreign_seen if self.foreign_at > now - self.rate.window_s else 0
        return max(self.rate.requests - math.ceil(max(self.expected(now), seen)), 1)

    def wait_s(self, now: float, excess: int) -> float:
        """Seconds until more than `excess` permits can have come back; a window if so many are not in use."""
        back = 0
        ends = ((self._back_s(leased, now), leased.permits) for leased in self.leases.values())
        for back_s, permits in nsmallest(excess + 1, ends):  # each lease has one permit at least
            back += permits
            if back > excess:
                return back_s
        return self.rate.window_s

    def _back_s(self, leased: _LeasedPermits, now: float) -> float:
        if leased.finished or leased.leased_until <= now:
            return leased.free_at - now
        return max(now - leased.leased_at, min(self.rate.window_s / 300, 1.0), 0.05)


class MemoryRateLimiter:
    """Leases permits, takes them back, and blocks a tenant that answered 429; see `halosync.store.limiter.RateLimiter`.

    Args:
        clock: the time in seconds; it never goes back.
        aliases: second names of a Halo, with the tenant that it is, as `halo_of` knows them.
    """

    def __init__(self, clock: Callable[[], float], aliases: Mapping[str, str] = MappingProxyType({})) -> None:
        self._clock = clock
        self._aliases = aliases
        self.budgets: dict[str, _Budget] = {}
        self._tenants: dict[int, str] = {}
        self._ids = count(1)

    async def acquire(self, tenant: str, rate: Rate, *, want: int, lease_s: float, interactive: bool = False) -> Lease:
        """Lease up to `want` permits for `lease_s` seconds at most; `RateLimiter.acquire` says what each argument is.

        Raises:
            NoPermit: none is free now.
        """
        now, tenant = self._clock(), self._aliases.get(tenant, tenant)
        budget = self.budgets.setdefault(tenant, _Budget(rate))
        used = budget.in_use(now)
        asked = [rate, *budget.asked]
        budget.rate = Rate(min(each.requests for each in asked), max(each.window_s for each in asked))
        if budget.blocked_until > now:
            raise NoPermit(budget.blocked_until - now)
        effective = budget.effective(now)
        allowed = effective - (0 if interactive else effective // RESERVE_PART)
        granted = min(want, allowed - used)
        if granted <= 0:
            raise NoPermit(budget.wait_s(now, used - allowed))
        lease = Lease(next(self._ids), granted)
        leased = _LeasedPermits(granted, rate, now, now + lease_s, now + lease_s + budget.rate.window_s)
        budget.lease(lease.lease_id, leased)
        self._tenants[lease.lease_id] = tenant
        return lease

    async def finish(self, lease: Lease, spent: int) -> None:
        """Say that the lease's requests have ended and `spent` of them were sent; only the first word counts."""
        budget = self.budgets[self._tenants[lease.lease_id]]
        leased = budget.leases.get(lease.lease_id)
        if leased is None or leased.finished:
            return
        free_at = self._clock() + max(leased.asked.window_s, budget.rate.window_s)
        budget.finish(lease.lease_id, spent, free_at)

    async def block(self, tenant: str, retry_after_s: float | None) -> float:
        """Stop everybody from asking this tenant, which answered 429, and return for how many seconds.

        Raises:
            LookupError: the tenant never had a permit, so no request of ours can have been refused.
        """
        tenant = self._aliases.get(tenant, tenant)
        if tenant not in self.budgets:
            raise LookupError(f"{tenant} never had a permit")
        now, budget = self._clock(), self.budgets[tenant]
        window_s = budget.rate.window_s
        if budget.blocked_until <= now:
            seen = max(budget.rate.requests - budget.in_use(now), 0)
            expected = budget.expected(now)
            budget.strikes = min(budget.strikes + 1, 9) if budget.foreign_at > now - window_s else 1
            budget.foreign_use = max(expected, (expected + seen) / 2)
            budget.foreign_seen = seen if retry_after_s is None else 0
            budget.foreign_at = now
        wait_s = retry_after_s
        if wait_s is None:
            back = (leased.free_at for leased in budget.leases.values() if leased.finished and leased.free_at > now)
            wait_s = max(min(back, default=now + window_s) - now, min(window_s, 1.0))
        wait_s = max(wait_s, window_s * min(STRIKE * (2 ** (budget.strikes - 1) - 1), 1))
        budget.blocked_until = max(budget.blocked_until, now + wait_s)
        return budget.blocked_until - now


def _at_once(work: Coroutine[None, None, T]) -> T:
    """Run a coroutine that never waits, as one moment."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    work.close()
    raise RuntimeError("this was to happen in one moment, and it waits")


class SteppedLimiter:
    """The shared limiter as one process reaches it: each call is a statement that may fail."""

    def __init__(self, process: Process, limiter: MemoryRateLimiter) -> None:
        self._process = process
        self._limiter = limiter

    async def acquire(self, tenant: str, rate: Rate, *, want: int, lease_s: float, interactive: bool = False) -> Lease:
        """As `RateLimiter.acquire`."""
        asking = partial(self._limiter.acquire, tenant, rate, want=want, lease_s=lease_s, interactive=interactive)
        return await self._process.step(lambda: _at_once(asking()))

    async def finish(self, lease: Lease, spent: int) -> None:
        """As `RateLimiter.finish`."""
        await self._process.step(lambda: _at_once(self._limiter.finish(lease, spent)))

    async def block(self, tenant: str, retry_after_s: float | None) -> float:
        """As `RateLimiter.block`."""
        return await self._process.step(lambda: _at_once(self._limiter.block(tenant, retry_after_s)))
