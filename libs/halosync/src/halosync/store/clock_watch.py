"""Noticing that the database's clock has jumped ahead, which gives permits back too early (messaging-facts F13)."""

from dataclasses import dataclass

TOLERANCE_S = 1.0
"""A jump by less is not noticed."""

DRIFT = 0.001
"""By this part of the time that passes, two good clocks may differ: more than slewing makes of it."""


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

    def ahead_s(self, reading: Reading) -> float:
        """Return by how many seconds the database's clock has jumped ahead since the last one; 0.0 if it has not."""
        if self._last is None:
            return 0.0
        passed_s = reading.answered - self._last.asked
        ahead_s = reading.database_s - self._last.database_s - passed_s
        return ahead_s if ahead_s > TOLERANCE_S + DRIFT * passed_s else 0.0

    def keep(self, reading: Reading) -> None:
        """Compare with this reading from now on, unless the last one was asked for later."""
        if self._last is None or reading.asked >= self._last.asked:
            self._last = reading
