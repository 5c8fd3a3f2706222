"""What to do after a failed request to Halo, as arithmetic (architecture section "When something fails")."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from halosync.domain.model import Reason


class FailureClass(StrEnum):
    """Failures are classed by the next step they ask for, not by where they come from."""

    TRANSIENT = "transient"
    RATE_LIMITED = "rate_limited"
    UNAUTHORIZED = "unauthorized"
    REJECTED = "rejected"
    LOCKED = "locked"
    FAILED_WHOLE = "failed_whole"
    OUTCOME_UNKNOWN = "outcome_unknown"


@dataclass(frozen=True, slots=True)
class Again:
    """Send again after `delay_s` seconds. `charged` tells whether the failure used up an attempt."""

    delay_s: float
    charged: bool


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """Get a new access token, then send again."""


@dataclass(frozen=True, slots=True)
class LookUp:
    """Look in Halo whether the write was applied, before anything is sent again (spec section 5.2).

    In `delay_s` seconds; None: when Halo can no longer be at it.
    """

    delay_s: float | None = None


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Stop; the item fails with `reason`."""

    reason: Reason


NextStep = Again | RefreshToken | LookUp | GiveUp


def next_step(
    failure: FailureClass,
    *,
    attempts: int,
    max_attempts: int,
    delays_s: Sequence[float],
    wait_s: float | None,
    token_refreshed: bool,
) -> NextStep:
    """Return what to do after a failure.

    A limit alone never ends anything: it costs no attempt and is always tried again (spec section 5.3).

    Args:
        failure: its class.
        attempts: attempts that were charged so far, the failed one included; at least 1.
        max_attempts: how many attempts there are.
        delays_s: the delay tiers in seconds, rising; not empty. The last one serves all further attempts.
        wait_s: seconds that Halo or the limiter named; None when nobody said.
        token_refreshed: a new token was already got for this attempt.

    Raises:
        ValueError: `delays_s` is empty.
    """
    if not delays_s:
        raise ValueError("There must be at least one retry delay.")
    match failure:
        case FailureClass.TRANSIENT:
            again = Again(max(_tier_delay(attempts, delays_s), wait_s or 0.0), charged=True)
            return again if attempts < max_attempts else GiveUp(Reason.HALO_UNAVAILABLE)
        case FailureClass.RATE_LIMITED:
            return Again(delays_s[-1] if wait_s is None else max(wait_s, 0.0), charged=False)
        case FailureClass.UNAUTHORIZED:
            return GiveUp(Reason.PERMISSION_DENIED) if token_refreshed else RefreshToken()
        case FailureClass.REJECTED:
            return GiveUp(Reason.HALO_REJECTED)
        case FailureClass.LOCKED | FailureClass.FAILED_WHOLE | FailureClass.OUTCOME_UNKNOWN:
            return LookUp(_tier_delay(attempts, delays_s) if failure is FailureClass.LOCKED else None)
        case _:
            assert_never(failure)


def _tier_delay(attempts: int, delays_s: Sequence[float]) -> float:
    return delays_s[min(max(attempts, 1), len(delays_s)) - 1]


def delay_tier(wait_s: float, tiers_s: Sequence[float]) -> float:
    """Return the delay tier, in seconds, that fits a wait: the largest not above it, else the smallest.

    A message that wakes up early waits again; one that wakes up late wastes the tenant's budget.

    Raises:
        ValueError: there are no tiers.
    """
    if not tiers_s:
        raise ValueError("There must be at least one delay tier.")
    return max((tier for tier in tiers_s if tier <= wait_s), default=min(tiers_s))
