"""Noticing a jump of the database's clock, which gives permits back too early (messaging-facts section 6.5, F13)."""

import time
from dataclasses import dataclass

TOLERANCE_S = 1.0
"""A jump by less is not noticed."""

DRIFT = 0.001
"""By this part of the time that passes, two good clocks may differ: more than slewing makes of it."""


_BOOTTIME: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def boottime() -> float:
    """Return seconds of a clock that never jumps, and goes on while the machine is suspended if the system has one.

    A clock that stands still meanwhile would make waking up look like a jump of the database's.
    """
    return time.monotonic() if _BOOTTIME is None else time.clock_gettime(_BOOTTIME)


@dataclass(frozen=True, slots=True)
class Reading:
    """The database's clock was read as `database_s` at some moment between two of this process's.

    `asked` and `answered` are seconds of one monotonic clock, `database_s` seconds since the epoch.
    """

    asked: float
    answered: float
    database_s: float


class ClockWatch:
    """Compares how far the database's clock has come with how much time can have passed in this process."""

    def __init__(self) -> None:
        self._last: Reading | None = None
        self._counts_s = 0.0

    @property
    def last(self) -> Reading | None:
        """What the next reading is compared with."""
        return self._last

    def ahead_s(self, reading: Reading, counts_s: float) -> float:
        """Return by how many seconds the database's clock has jumped ahead since the last one; 0.0 if it has not.

        Args:
            reading: what the clock says now.
            counts_s: how long a permit taken now can count. What is older than the longest of these is not compared
                with: all permits of then are over, whatever the clock has done since.
        """
        self._counts_s = max(self._counts_s, counts_s)
        if self._last is None or reading.asked - self._last.answered > self._counts_s:
            return 0.0
        passed_s = reading.answered - self._last.asked
        ahead_s = reading.database_s - self._last.database_s - passed_s
        return ahead_s if ahead_s > TOLERANCE_S + DRIFT * passed_s else 0.0

    def keep(self, reading: Reading) -> None:
        """Compare with this reading from now on, unless the last one was asked for later."""
        if self._last is None or reading.asked >= self._last.asked:
            self._last = reading

    def put_back(self, reading: Reading | None) -> None:
        """Compare with this older reading again: the jump since then was noticed for nothing."""
        self._last = reading
