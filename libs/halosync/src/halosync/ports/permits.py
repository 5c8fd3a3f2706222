"""The request budget of a tenant as use cases see it: its limit, permits, and what is left of it."""

from dataclasses import dataclass


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


class NoPermit(Exception):  # noqa: N818 - not an error: the budget is used up for now
    """No request may be sent now; one may in about `wait_s` seconds."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"no request is allowed for {wait_s:.1f} s")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class BudgetState:
    """What is left of a tenant's budget now.

    Attributes:
        effective: the limit less what others use; 1 at least.
        reserve: how much of it batch work leaves to calls that a person waits for.
        in_use: permits that are leased, or were spent within the last window.
        blocked_s: for how many seconds more nobody may ask; 0.0 if one may.
    """

    effective: int
    reserve: int
    in_use: int
    blocked_s: float
