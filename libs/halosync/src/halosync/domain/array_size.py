"""How many rows an array has: more where Halo takes them quickly, fewer where it does not (spec section 9).

A larger array is tried by one writer at a time: should Halo refuse it, all its rows must be looked up.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from halosync.domain.retry import FailureClass

GROWTH = 2
"""How many times larger than one that worked the next size is."""

LEAP = 5
"""The same once Halo has taken more than the first size, if by the time that took the next will not be slow."""

NEAR_TIMEOUT = 2
"""An answer that took this many times what counts as slow came near the time-out, which is 3 times as long."""

SMALLEST = 10
"""The smallest size that is learnt: so few rows do not overload a Halo."""


class CeilingReason(StrEnum):
    """Why a size is not tried for a while."""

    REFUSED = "refused"
    UNANSWERED = "unanswered"


CEILING_S = {CeilingReason.REFUSED: 86_400.0, CeilingReason.UNANSWERED: 600.0}
"""For how many seconds a size is not tried again, by the reason: an outage passes sooner than a limit of Halo's."""


@dataclass(frozen=True, slots=True)
class ArraySize:
    """What was learnt of a tenant: so many rows work; arrays of `ceiling` rows and more are not tried for now."""

    rows: int
    ceiling: int | None = None
    reason: CeilingReason | None = None


@dataclass(frozen=True, slots=True)
class ArraySizeBounds:
    """The settings: where it starts, what it may become, and after how many seconds an answer counts as slow."""

    start: int
    most: int
    slow_s: float


def first_size(learnt: ArraySize | None, bounds: ArraySizeBounds) -> ArraySize:
    """Return what to go by; a setting that was lowered since wins over what was learnt."""
    return ArraySize(bounds.start) if learnt is None else replace(learnt, rows=min(learnt.rows, bounds.most))


def larger(size: ArraySize, bounds: ArraySizeBounds) -> int | None:
    """Return the next size to be tried; None if there is none."""
    for tried in (_leap(size.rows, bounds), min(size.rows * GROWTH, bounds.most)):
        if tried > size.rows and (size.ceiling is None or tried < size.ceiling):
            return tried
    return None


def after_taken(size: ArraySize, sent: int, took_s: float, bounds: ArraySizeBounds) -> ArraySize:
    """Return what is learnt from an array of `sent` rows that Halo took in `took_s` seconds."""
    # What the settings begin with is slow only near the time-out: smaller arrays take more of Halo's limit.
    too_long_s = bounds.slow_s if sent > bounds.start else NEAR_TIMEOUT * bounds.slow_s
    if took_s > too_long_s and sent > SMALLEST:
        return ArraySize(max(sent // GROWTH, SMALLEST), sent, CeilingReason.REFUSED)
    rows = max(size.rows, sent)
    if took_s * GROWTH > bounds.slow_s and sent == rows:  # twice as many would be slow
        return ArraySize(rows, _lower(size, sent * GROWTH), CeilingReason.REFUSED)
    leap = _leap(rows, bounds)
    is_new = leap > rows and (size.ceiling is None or leap < size.ceiling)
    if is_new and took_s * leap > bounds.slow_s * sent and sent == rows:  # the leap would be slow
        return ArraySize(rows, leap, CeilingReason.REFUSED)
    return replace(size, rows=rows)


def after_failed(
    size: ArraySize, sent: int, failure: FailureClass, *, answered: bool, rows_named: bool, bounds: ArraySizeBounds
) -> ArraySize:
    """Return what is learnt from an array that failed for what may be its size.

    Args:
        size: what was known.
        sent: its rows.
        failure: the class of the failure.
        answered: Halo did answer.
        rows_named: it named the rows that it does not like, so it was not the size.
        bounds: the settings.
    """
    if sent > bounds.start and failure is FailureClass.REJECTED and not rows_named:
        return ArraySize(_proven(size, sent, bounds), _lower(size, sent), CeilingReason.REFUSED)
    lost = failure is FailureClass.FAILED_WHOLE or (failure is FailureClass.OUTCOME_UNKNOWN and not answered)
    if sent > bounds.start and lost:
        return ArraySize(_proven(size, sent, bounds), _lower(size, sent), CeilingReason.UNANSWERED)
    if sent > SMALLEST and failure is FailureClass.OUTCOME_UNKNOWN and not answered:
        rows = max(min(size.rows, sent) // GROWTH, SMALLEST)
        return ArraySize(rows, _lower(size, sent), CeilingReason.UNANSWERED)
    return size


def _leap(rows: int, bounds: ArraySizeBounds) -> int:
    return min(rows * (LEAP if rows > bounds.start else GROWTH), bounds.most)


def _proven(size: ArraySize, sent: int, bounds: ArraySizeBounds) -> int:
    return size.rows if size.rows < sent else max(sent // GROWTH, bounds.start)


def _lower(size: ArraySize, ceiling: int) -> int:
    return ceiling if size.ceiling is None else min(size.ceiling, ceiling)
