"""Calls of the limiter, patient ones too, and what they show."""

import asyncio
from typing import Any

import pytest
from halosync.ports.permits import Lease, NoPermit, Rate
from halosync.store.limiter import RateLimiter
from prometheus_client import REGISTRY

HOUR = Rate(5, 3600.0)


async def wait_of(limiter: RateLimiter, tenant: str = "acme", rate: Rate = HOUR, **options: Any) -> float:
    """How long the tenant is told to wait."""
    with pytest.raises(NoPermit) as refused:
        await limiter.acquire(tenant, rate, **{"want": 1, "lease_s": 60.0, **options})
    return refused.value.wait_s


async def patiently(limiter: RateLimiter, rate: Rate) -> Lease:
    """Acquire one permit, waiting as long as the limiter says."""
    while True:
        try:
            return await limiter.acquire("acme", rate, want=1, lease_s=60.0)
        except NoPermit as refused:
            await asyncio.sleep(refused.wait_s)


async def all_are_free(limiter: RateLimiter, rate: Rate) -> bool:
    try:
        lease = await limiter.acquire("acme", rate, want=rate.requests, lease_s=60.0)
    except NoPermit:
        return False
    await limiter.finish(lease, 0)
    return lease.granted == rate.requests


def most_in_a_window(requests: list[tuple[float, float]], window_s: float) -> int:
    """The most requests that a server can count in one window, if it counts each at its worst moment."""
    return max(sum(end >= start and begin < start + window_s for begin, end in requests) for _, start in requests)


def metric(name: str) -> float:
    return REGISTRY.get_sample_value(name) or 0.0


async def in_use(limiter: RateLimiter, tenant: str) -> object:
    return await limiter._pool.fetchval("SELECT in_use FROM rate_standing WHERE tenant = $1", tenant)
