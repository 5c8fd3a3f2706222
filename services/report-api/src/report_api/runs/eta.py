"""How long a run will probably take and what it waits for: arithmetic on what is left, the pace, and the budget."""

import math
from dataclasses import dataclass

FIRST_GUESS_S = 0.5
"""Seconds for a request before any was seen."""

WORTH_SAYING_S = 2.0
"""A shorter wait is part of the pace: permits of a full window come back one by one."""


@dataclass(frozen=True)
class Effort:
    """What is left to do and what limits it.

    Attributes:
        remaining: requests still to be sent.
        done: requests of this run that were sent, in `elapsed_s` seconds of writing.
        in_use: requests that count in the tenant's window now; at most `allowed` may in any `window_s` seconds.
        allowed: the limit less what others are known to use of it and what is kept for people.
        wait_s: seconds until the next request may be sent, because Halo said so or the window is full.
    """

    remaining: int
    done: int
    elapsed_s: float
    in_use: int
    allowed: int
    window_s: float
    wait_s: float


def eta_s(effort: Effort) -> int:
    """Return about how many seconds are left, rounded up: the longer of what the pace and what the budget says.

    The pace so far includes waits for the budget; early in a run it has met none, so the budget is asked as well.
    """
    if effort.remaining <= 0:
        return 0
    pace_s = effort.elapsed_s / effort.done if effort.done > 0 else FIRST_GUESS_S
    return math.ceil(max(effort.remaining * pace_s, _budget_s(effort)))


def _budget_s(effort: Effort) -> float:
    """Return how long the budget alone makes it.

    What the window has room for now goes at once, the rest as fast as the window gives it back: evenly if it was used
    evenly; all at once after the wait, and again a window later, if it was used up in a burst. The longer one counts.
    """
    beyond = effort.remaining - requests_left(effort)
    if beyond <= 0:
        return 0.0
    evenly_s = beyond * effort.window_s / effort.allowed
    in_bursts_s = effort.wait_s + (beyond - 1) // effort.allowed * effort.window_s
    return max(evenly_s, in_bursts_s)


def requests_left(effort: Effort) -> int:
    """Return how many requests may be sent now: none while Halo lets nobody ask."""
    return 0 if effort.wait_s > 0 else max(effort.allowed - effort.in_use, 0)


def waits_s(effort: Effort) -> float | None:
    """Return for how many seconds nothing may be sent; None if something may, or soon enough."""
    return effort.wait_s if effort.wait_s >= WORTH_SAYING_S else None
