"""The request budget of a tenant, shared by every process: an exact log of permits in Postgres.

A permit counts from its lease until one window after the request *ended*; so no window of any alignment ever holds
more requests than the limit, whatever the latency, and clocks need not agree (messaging-facts 3.1). Postgres being
away means no permit and so no request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from halosync.observability.metrics import RATE_BLOCKS, RATE_WAITS
from halosync.store.queries import QUERIES


@dataclass(frozen=True, slots=True)
class Rate:
    """How many requests a tenant takes in any window of `window_s` seconds."""

    requests: int
    window_s: float


def own_rate(partner: Mapping[str, Any]) -> Rate | None:
    """Return the limit that a partner's row sets; None if it leaves it to the processes."""
    if partner["rate_requests"] is None:
        return None
    return Rate(partner["rate_requests"], float(partner["rate_window_s"]))


@dataclass(frozen=True, slots=True)
class Lease:
    """Permits for `granted` requests; to be settled with the number that was really sent."""

    lease_id: int
    granted: int


class NoPermit(Exception):  # noqa: N818 - not an error: the budget is used up for now
    """No request may be sent now; one may in about `wait_s` seconds."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"no request is allowed for {wait_s:.1f} s")
        self.wait_s = wait_s


class RateLimiter:
    """Leases permits, takes them back, and blocks a tenant that answered 429."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def acquire(self, tenant: str, rate: Rate, *, want: int, hold_s: float, reserve: int = 0) -> Lease:
        """Lease up to `want` permits.

        Args:
            tenant: whose budget.
            rate: its limit.
            want: how many requests are to be sent.
            hold_s: the longest time until they have all ended; a holder that dies gives them back after that and a
                window.
            reserve: how many permits to leave to others.

        Raises:
            NoPermit: none is free now.
        """
        row = await QUERIES.acquire_permits(
            self._pool,
            tenant=tenant,
            requests=rate.requests,
            window_s=rate.window_s,
            want=want,
            reserve=reserve,
            hold_s=hold_s,
        )
        if row["granted"] == 0:
            RATE_WAITS.inc()
            raise NoPermit(row["wait_s"])
        return Lease(row["lease_id"], row["granted"])

    async def settle(self, lease: Lease, spent: int) -> None:
        """Say that the lease's requests have ended and `spent` of them were sent."""
        await QUERIES.settle_permits(self._pool, lease_id=lease.lease_id, spent=spent)

    async def block(self, tenant: str, retry_after_s: float | None) -> float:
        """Stop every process from asking this tenant, and return for how many seconds."""
        RATE_BLOCKS.inc()
        wait_s: float = await QUERIES.block_tenant(self._pool, tenant=tenant, retry_after_s=retry_after_s)
        return wait_s
