"""A row of the comparison: what is measured, against what, what is to be reached, what it found. All benches are rows.

Seconds are of quiet cores and only tell beforehand how long it will take. Whatever was measured counts only if it ended
as it should: a row raises `WrongEndError` as soon as an end state is wrong, and has no figures then.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from devstack.fields import Fields

T = TypeVar("T")


class WrongEndError(Exception):
    """What was measured did not end as it should; its times count nothing."""


@dataclass(frozen=True)
class Effort:
    """How thoroughly a row is measured: in how many rounds, or once and small to see that it works.

    `thorough`: none is spared a round, however long it takes.
    """

    rounds: int = 5
    quick: bool = False
    thorough: bool = False

    def of(self, whole: T, quick: T) -> T:
        """Return a size: the one that counts, or the small one."""
        return quick if self.quick else whole

    @property
    def turns(self) -> int:
        """How many rounds something has that is spared none."""
        return self.of(self.rounds, 1)

    def most(self, rounds: int) -> int:
        """Return how many rounds something has that is spared further ones."""
        return 1 if self.quick else self.rounds if self.thorough else min(self.rounds, rounds)


@dataclass(frozen=True)
class Figure:
    """A figure of a row; `to_reach` is the least that `found` should be, or else the most. None: it is only told."""

    what: str
    found: float
    to_reach: float | None = None
    least: bool = False
    unit: str = "times"

    @property
    def reached(self) -> bool | None:
        if self.to_reach is None:
            return None
        return self.found >= self.to_reach if self.least else self.found <= self.to_reach


@dataclass(frozen=True)
class Found:
    """What a row has found.

    Attributes:
        figures: what is compared, in the order in which it is told.
        details: everything that was measured, as JSON.
        drawings: SVGs by the name of their file.
        rounds: how many there were; 1 where all is measured once.
    """

    figures: Sequence[Figure]
    details: Fields
    drawings: Mapping[str, str] = field(default_factory=dict)
    rounds: int = 1


@dataclass(frozen=True)
class Row:
    """A row of the comparison.

    Attributes:
        first_s, round_s, quick_s: about how long it takes before its rounds and besides them, each round, and if quick.
        untimed: it counts, or its time is virtual: what else the machine does changes nothing.
        compared: it is one of the comparison; else it runs only when it is named.
    """

    name: str
    what: str
    against: str
    to_reach: str
    measure: Callable[[Effort], Found]
    first_s: float
    round_s: float = 0.0
    quick_s: float = 30.0
    untimed: bool = False
    compared: bool = True

    def seconds(self, effort: Effort) -> float:
        """About how long it takes on quiet cores."""
        return self.quick_s if effort.quick else self.first_s + effort.rounds * self.round_s


def median_ratio(ones: Sequence[float], others: Sequence[float]) -> float:
    """Return the median of what each round of the one is to the round of the other beside it.

    Where one has fewer rounds, because they take long, its rounds are compared with the first ones of the other.
    """
    return statistics.median(one / other for one, other in zip(ones, others, strict=False))
