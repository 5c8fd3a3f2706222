"""The request budget of a tenant as use cases see it: its limit, and permits."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Rate:
    """How many requests a tenant takes in any window of `window_s` seconds."""

    requests: int
    window_s: float


@dataclass(frozen=True, slots=True)
class Lease:
    """Permits for `granted` requests; to be finished with the number that was really sent."""

    lease_id: int
    granted: int


class NoPermit(Exception):
    """No request may be sent now; one may in about `wait_s` seconds. `waits_for` and `why` are for the log."""

    waits_for = "a request's permit"

    def __init__(
        self, wait_s: float, why: str = "the budget of requests is used up, or Halo asked for a pause"
    ) -> None:
        super().__init__(f"no request is allowed for {wait_s:.1f} s: {why}")
        self.wait_s = wait_s
        self.why = why


class Limiter(Protocol):
    """The request budget of each tenant, which all processes share; see `RateLimiter`."""

    async def acquire(self, tenant: str, rate: Rate, *, want: int, lease_s: float, interactive: bool = False) -> Lease:
        """Lease up to `want` permits, one at least, for requests that all end within `lease_s` seconds.

        `interactive`: a person waits for it, so that it may use what batch work leaves.

        Raises:
            NoPermit: none is free now.
        """
        ...

    async def finish(self, lease: Lease, spent: int) -> None:
        """Say that the lease's requests have ended and `spent` of them were sent; only the first word counts."""

    async def block(self, tenant: str, retry_after_s: float | None) -> float:
        """Stop every process from asking a tenant that answered 429; return for how many seconds.

        `retry_after_s` is what Halo asks for, in seconds; None if it does not say.
        """
        ...


class Counter(Protocol):
    """How many requests to Halo a run has used; see `RequestCounter`."""

    async def count(self, run_id: UUID, requests: int) -> None:
        """Add `requests` to it."""
