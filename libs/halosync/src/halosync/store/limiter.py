"""The request budget of a tenant, shared by every process: an exact log of permits in Postgres.

A permit counts from its lease until one window after the request *ended*; so no window of any alignment ever holds
more requests than the limit, whatever the latency, and clocks need not agree (messaging-facts section 3.1). Postgres
being away means no permit and so no request. What others use of the budget is learnt from 429s. Why:
docs/decisions/0002; the rules themselves: `store/schema/limiter.sql`.
"""

import math
from collections.abc import Callable

import structlog

from halosync.observability.metrics import CLOCK_JUMPS, RATE_BLOCKS, RATE_FOREIGN, RATE_WAITS
from halosync.ports.permits import Lease, NoPermit, Rate
from halosync.store.clock_watch import ClockWatch, Reading, boottime
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES

log = structlog.get_logger(__name__)


def own_rate(requests: int | None, window_s: float | None) -> Rate | None:
    """Return the limit that a partner's row sets; None if it leaves it to the processes."""
    return None if requests is None or window_s is None else Rate(requests, float(window_s))


class RateLimiter:
    """Leases permits, takes them back, and blocks a tenant that answered 429.

    Args:
        pool: connections to the database that all processes share.
        monotonic: seconds of a clock that never jumps nor stands still; the database's is compared with it.
    """

    def __init__(self, pool: Pool, monotonic: Callable[[], float] = boottime) -> None:
        self._pool = pool
        self._monotonic = monotonic
        self._clocks = ClockWatch()
        self._blocked_at = -math.inf  # by `monotonic`; what was asked for before it may have come back too early

    async def acquire(self, tenant: str, rate: Rate, *, want: int, lease_s: float, interactive: bool = False) -> Lease:
        """Lease up to `want` permits.

        Args:
            tenant: whose budget; all names of one Halo have one (`halo_of`).
            rate: its limit.
            want: how many requests are to be sent.
            lease_s: the longest time until they have all ended; a holder that dies gives them back after that and a
                window.
            interactive: a person waits for it, so that it may use what batch work leaves.

        Raises:
            NoPermit: none is free now. Its wait is exact when what comes back next is finished; while it is still
                in flight, it is a guess of when that will be known, and the caller asks again.
        """
        asked = self._monotonic()
        row = await QUERIES.take_permits(
            self._pool,
            tenant=tenant,
            requests=rate.requests,
            window_s=rate.window_s,
            want=want,
            interactive=interactive,
            lease_s=lease_s,
        )
        lease = Lease(row["lease_id"], row["granted"]) if row["granted"] else None
        reading = Reading(asked, self._monotonic(), row["moment_s"])
        if await self._jumped(reading, lease, counts_s=lease_s + rate.window_s):
            raise NoPermit(rate.window_s, "the clock of Postgres has jumped")
        if lease is None:
            RATE_WAITS.inc()
            raise NoPermit(row["wait_s"])
        return lease

    async def finish(self, lease: Lease, spent: int) -> None:
        """Say that the lease's requests have ended and `spent` of them were sent; only the first word counts."""
        await QUERIES.finish_permits(self._pool, lease_id=lease.lease_id, spent=spent)

    async def block(self, tenant: str, retry_after_s: float | None) -> float:
        """Stop every process from asking this tenant, which answered 429, and return for how many seconds.

        Raises:
            LookupError: the tenant never had a permit, so no request of ours can have been refused.
        """
        RATE_BLOCKS.inc()
        row = await QUERIES.block_tenant(self._pool, tenant=tenant, retry_after_s=retry_after_s)
        if row["wait_s"] is None:
            raise LookupError(f"{tenant} never had a permit")
        if row["foreign_seen"] is not None:
            RATE_FOREIGN.inc(row["foreign_seen"])
            log.warning("Halo answered 429", tenant=tenant, **row)
        return float(row["wait_s"])

    async def _jumped(self, reading: Reading, lease: Lease | None, counts_s: float) -> bool:
        """Tell whether the database's clock has jumped ahead; if so, block every tenant and give the lease back.

        Who asks while another call is blocking them is told so too, and does not block them once more.
        """
        before = self._clocks.last
        ahead_s = self._clocks.ahead_s(reading, counts_s)
        self._clocks.keep(reading)
        if ahead_s:
            CLOCK_JUMPS.inc()
            log.error("the clock of Postgres has jumped ahead: nothing is sent for a window", ahead_s=ahead_s)
            await self._block_all(lease, before)
        elif lease is None or reading.asked >= self._blocked_at:
            return False
        else:
            await self.finish(lease, 0)
        return True

    async def _block_all(self, lease: Lease | None, before: Reading | None) -> None:
        """Give the lease back and block every tenant; if that fails, the next call has the jump to notice again."""
        blocked_at, self._blocked_at = self._blocked_at, math.inf
        try:
            if lease is not None:
                await self.finish(lease, 0)
            await QUERIES.block_every_tenant(self._pool)
        except BaseException:
            self._blocked_at = blocked_at
            self._clocks.put_back(before)
            raise
        self._blocked_at = self._monotonic()
