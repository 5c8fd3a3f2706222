"""The tenant's own log of requests: what a test believes rather than the client's counters."""

from collections.abc import Sequence
from dataclasses import dataclass

from halo_sandbox.clock import SYSTEM_CLOCK, Clock


@dataclass(slots=True)
class LoggedRequest:
    """One request, from its first byte on."""

    n: int
    """Position in the log, from 1."""
    method: str
    path: str
    query: str
    at: float
    """Seconds since the epoch when it came."""
    monotonic: float
    """The same on the clock of the limit."""
    status: int | None = None
    """None while it is worked on, and when no answer was sent."""
    rows: int = 0
    """Rows received in an array or sent in a list."""
    fault: str | None = None
    in_flight_s: float | None = None
    """Seconds until it was answered or dropped; None while it is worked on."""


class RequestLog:
    """All requests of a tenant, oldest first."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._entries: list[LoggedRequest] = []

    def __len__(self) -> int:
        return len(self._entries)

    def open(self, method: str, path: str, query: str) -> LoggedRequest:
        """Begin the entry of a request that has just come."""
        number = len(self._entries) + 1
        entry = LoggedRequest(number, method, path, query, self._clock.wall(), self._clock.monotonic())
        self._entries.append(entry)
        return entry

    def close(self, entry: LoggedRequest) -> None:
        """Note that the request is over."""
        entry.in_flight_s = self._clock.monotonic() - entry.monotonic

    def since(self, n: int) -> Sequence[LoggedRequest]:
        """The entries after the n-th."""
        return self._entries[n:]
