"""Where a tenant gets the time from: the machine, or whoever drives it on a time of its own."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """Two clocks, in seconds. What waits, waits on the event loop: a virtual clock is the loop's own."""

    wall: Callable[[], float] = time.time
    """Since the epoch, for what is shown."""
    monotonic: Callable[[], float] = time.monotonic
    """Since any moment, for what is measured: limits, lifetimes, lags."""


SYSTEM_CLOCK = Clock()
