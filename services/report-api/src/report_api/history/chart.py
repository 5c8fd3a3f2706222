"""Stacked columns as rectangles with coordinates: what a template needs to draw a chart as SVG, and nothing more.

Widths are percent of the drawing's width, heights its pixels: a drawing as wide as the page keeps the size of its
letters, on a phone too, which a scaled view box would not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PLOT_HEIGHT = 130.0
"""Pixels between the top of the scale and its zero."""
ABOVE = 24.0
"""Pixels above the scale, for the number over a full column."""
BELOW = 40.0
"""Pixels below zero, for two lines of label."""
HEIGHT = ABOVE + PLOT_HEIGHT + BELOW
BASELINE = ABOVE + PLOT_HEIGHT
"""Where zero is."""
GUTTER = 8.0
"""Percent at the left, for the numbers of the scale."""
FILLED = 0.62
"""How much of its place a column takes; the rest is air."""
WIDEST = 8.0
"""Percent that a column takes at most: a year's first invoice is no wall."""
LEAST = 4.0
"""Pixels of the smallest segment: one failure among 20,000 must be seen."""
STEPS = 4
"""About how many steps the scale has."""

_UNITS = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))


@dataclass(frozen=True)
class Column:
    """What one column shows: a number for each series, or None where there is nothing to show yet.

    `below` is the first line of the label, `under` the second one.
    """

    below: str
    under: str
    counts: Mapping[str, int] | None


@dataclass(frozen=True)
class Segment:
    """A rectangle: the part of one series in a column."""

    series: str
    count: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Stack:
    """A column as drawn: `middle` is its centre, `top` where its highest segment ends; `total` None: no numbers."""

    column: Column
    middle: float
    top: float
    total: int | None
    segments: Sequence[Segment]


@dataclass(frozen=True)
class Tick:
    """A line of the scale."""

    value: int
    y: float
    label: str


@dataclass(frozen=True)
class Chart:
    """The drawing. `series` are those that occur, in the order of the stacks from zero upwards.

    `enlarged`: some segments are drawn higher than their numbers, because nobody would see them else.
    """

    stacks: Sequence[Stack]
    ticks: Sequence[Tick]
    series: Sequence[str]
    enlarged: bool


def draw(columns: Sequence[Column], series: Sequence[str]) -> Chart:
    """Return the chart of `columns`, from left to right; `series` are stacked in their order from zero upwards.

    Raises:
        ValueError: a count is negative, or of a series that is none of `series`.
    """
    for column in columns:
        for name, count in (column.counts or {}).items():
            if count < 0 or name not in series:
                raise ValueError(f"Column {column.below!r}: no segment can show {count} of {name!r}.")
    values = ticks_for(max((_total(column) for column in columns), default=0))
    place = (100 - GUTTER) / max(len(columns), 1)
    return Chart(
        stacks=[
            _stack(column, series, left=GUTTER + number * place, place=place, most=values[-1])
            for number, column in enumerate(columns)
        ],
        ticks=[Tick(value, BASELINE - PLOT_HEIGHT * (value / values[-1]), short(value)) for value in values],
        series=[name for name in series if any((column.counts or {}).get(name) for column in columns)],
        enlarged=any(
            0 < count * PLOT_HEIGHT < LEAST * values[-1]
            for column in columns
            for count in (column.counts or {}).values()
        ),
    )


def ticks_for(most: int) -> Sequence[int]:
    """Return the values of a scale from 0 to at least `most`: equal steps of 1, 2 or 5 times a power of ten."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if step * STEPS >= most:
                count = max(-(-most // step), 1)
                return [step * number for number in range(count + 1)]
        power *= 10


def short(value: int) -> str:
    """Return a number for the scale: 950, 2k, 1.5M."""
    for unit, letter in _UNITS:
        if value >= unit:
            whole, rest = divmod(value * 10 // unit, 10)
            return f"{whole}.{rest}{letter}" if rest else f"{whole:,}{letter}"
    return str(value)


def _total(column: Column) -> int:
    return sum((column.counts or {}).values())


def _stack(column: Column, series: Sequence[str], *, left: float, place: float, most: int) -> Stack:
    counts = [(name, count) for name in series if (count := (column.counts or {}).get(name, 0))]
    total = _total(column)
    width = min(place * FILLED, WIDEST)
    # Every segment has the least height that is seen; what is left of the column is shared out in proportion.
    shared = max(PLOT_HEIGHT * (total / most) - LEAST * len(counts), 0.0)
    segments = []
    top = BASELINE
    for name, count in counts:
        height = LEAST + shared * (count / total)
        top -= height
        segments.append(Segment(name, count, left + (place - width) / 2, top, width, height))
    return Stack(column, left + place / 2, top, None if column.counts is None else total, segments)
