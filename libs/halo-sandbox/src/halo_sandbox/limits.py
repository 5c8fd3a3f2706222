"""How many requests a tenant may send (halo-api section 4)."""

import math
from collections import deque
from typing import Literal, NamedTuple


class LimitRule(NamedTuple):
    """So many requests per window, which rolls or starts anew at fixed times."""

    requests: int
    window_s: float
    window: Literal["rolling", "fixed"]


class RequestLimit:
    """The requests that still count. Times are seconds of one monotonic clock, handed in."""

    def __init__(self) -> None:
        self._counted: deque[float] = deque()

    def used(self, rule: LimitRule, now: float) -> int:
        """How many requests count at this moment."""
        counted = self._counted
        if rule.window == "fixed":
            start = math.floor(now / rule.window_s) * rule.window_s
            while counted and counted[0] < start:
                counted.popleft()
        else:
            while counted and counted[0] + rule.window_s <= now:
                counted.popleft()
        return len(counted)

    def wait_s(self, rule: LimitRule, now: float) -> float:
        """Seconds until the next request would pass; 0.0 when it passes now."""
        excess = self.used(rule, now) - rule.requests
        if excess < 0:
            return 0.0
        if rule.requests == 0:
            return rule.window_s
        if rule.window == "fixed":
            return rule.window_s - now % rule.window_s
        return self._counted[excess] + rule.window_s - now

    def count(self, now: float, requests: int = 1) -> None:
        """Count requests as made now."""
        self._counted.extend([now] * requests)
