"""Temporary."""

from collections.abc import Callable
from dataclasses import dataclass

from halosync.store.limiter import Lease, NoPermit, Rate


@dataclass
class _Row:
    permits: int
    free_at: float
    window_s: float


class MemoryRateLimiter:
    """Temporary."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._rows: dict[int, _Row] = {}
        self._blocked = 0.0
        self._n = 0
        self._window = 300.0

    async def acquire(self, tenant: str, rate: Rate, *, want: int, hold_s: float, reserve: int = 0) -> Lease:
        t = self._clock()
        self._window = rate.window_s
        if self._blocked > t:
            raise NoPermit(self._blocked - t)
        self._rows = {k: r for k, r in self._rows.items() if r.free_at > t}
        granted = min(want, max(rate.requests - reserve - sum(r.permits for r in self._rows.values()), 0))
        if not granted:
            raise NoPermit(min(r.free_at for r in self._rows.values()) - t)
        self._n += 1
        self._rows[self._n] = _Row(granted, t + hold_s + rate.window_s, rate.window_s)
        return Lease(self._n, granted)

    async def settle(self, lease: Lease, spent: int) -> None:
        row = self._rows.get(lease.lease_id)
        if row is None:
            return
        if spent == 0:
            del self._rows[lease.lease_id]
        else:
            row.permits, row.free_at = spent, self._clock() + row.window_s

    async def block(self, tenant: str, retry_after_s: float | None) -> float:
        t = self._clock()
        wait = retry_after_s if retry_after_s is not None else self._window
        self._blocked = max(self._blocked, t + wait)
        return self._blocked - t
