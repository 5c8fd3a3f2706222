"""How long a writing run will probably take: arithmetic on what is left, the pace, and the request budget."""

import math
from dataclasses import dataclass

FIRST_GUESS_S = 0.5
"""Seconds for a request before any was seen."""


@dataclass(frozen=True)
class Effort:
    """What is left to do and what limits it.

    Attributes:
        remaining: requests still to be sent.
        done: requests of this run that were sent, in `elapsed_s` seconds of writing.
        used: requests that count in the tenant's window now; at most `requests` may in any `window_s` seconds.
        blocked_s: seconds for which Halo has told the tenant to send nothing.
    """

    remaining: int
    done: int
    elapsed_s: float
    used: int
    requests: int
    window_s: float
    blocked_s: float


def eta_s(effort: Effort) -> int:
    """Return about how many seconds are left, rounded up: the longer of what the pace and what the budget says.

    The pace so far includes waits for the budget; early in a run it has met none, so the budget is asked as well.
    What the window has room for now goes at once, the rest as fast as the window gives it back.
    """
    pace_s = effort.elapsed_s / effort.done if effort.done > 0 else FIRST_GUESS_S
    room = 0 if effort.blocked_s > 0 else max(effort.requests - effort.used, 0)
    beyond = max(effort.remaining - room, 0)
    return math.ceil(max(effort.remaining * pace_s, effort.blocked_s + beyond * effort.window_s / effort.requests))
