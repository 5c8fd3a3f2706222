"""How many rows an array has, as learnt from what became of arrays (spec section 9)."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from halosync.domain.array_size import (
    CEILING_S,
    SMALLEST,
    ArraySize,
    ArraySizeBounds,
    CeilingReason,
    after_failed,
    after_taken,
    first_size,
    larger,
)
from halosync.domain.retry import FailureClass
from hypothesis import given
from hypothesis import strategies as st

BOUNDS = ArraySizeBounds(start=50, most=500, slow_s=10.0)
REFUSED, UNANSWERED = CeilingReason.REFUSED, CeilingReason.UNANSWERED


def failed(
    size: ArraySize, sent: int, failure: FailureClass, *, answered: bool = True, rows_named: bool = False
) -> ArraySize:
    return after_failed(size, sent, failure, answered=answered, rows_named=rows_named, bounds=BOUNDS)


def test_it_starts_where_the_settings_say_and_keeps_to_them() -> None:
    assert first_size(None, BOUNDS) == ArraySize(50)
    assert first_size(ArraySize(900, 950, REFUSED), BOUNDS) == ArraySize(500, 950, REFUSED)


@pytest.mark.parametrize(
    ("row_s", "grown", "ceiling"),
    [
        (0.0, [100, 500], None),
        (0.02, [100, 500], 1000),  # ten seconds for all: twice as many would be slow
        (0.0201, [100, 200, 400], 500),
        (0.06, [100], 200),
    ],
)
def test_it_leaps_where_that_is_quick_and_else_grows_by_two(
    row_s: float, grown: list[int], ceiling: int | None
) -> None:
    size, sizes = after_taken(ArraySize(50), 50, 50 * row_s, BOUNDS), []
    while (tried := larger(size, BOUNDS)) is not None:
        size = after_taken(size, tried, tried * row_s, BOUNDS)
        sizes.append(size.rows)
    assert (sizes, size.ceiling) == (grown, ceiling)


@pytest.mark.parametrize(("most", "refusals"), [(50, 1), (99, 1), (100, 2), (199, 2), (230, 2), (400, 1), (500, 0)])
def test_a_halo_that_refuses_larger_arrays_is_found_out_by_few_refusals(most: int, refusals: int) -> None:
    size, refused = ArraySize(50), 0
    while (tried := larger(size, BOUNDS)) is not None:
        taken = tried <= most
        size = after_taken(size, tried, 0.1, BOUNDS) if taken else failed(size, tried, FailureClass.REJECTED)
        refused += not taken
    assert most / 2 < size.rows <= most
    assert refused == refusals


def test_a_leap_that_would_be_slow_is_not_tried_for_a_day_and_what_is_known_better_stays() -> None:
    assert after_taken(ArraySize(60), 60, 2.0, BOUNDS) == ArraySize(60)  # five times as long is not slow yet
    assert after_taken(ArraySize(60), 60, 2.1, BOUNDS) == ArraySize(60, 300, REFUSED)
    assert after_taken(ArraySize(60, 200, UNANSWERED), 60, 2.1, BOUNDS) == ArraySize(60, 200, UNANSWERED)
    assert after_taken(ArraySize(60, 300, UNANSWERED), 60, 2.1, BOUNDS) == ArraySize(60, 300, UNANSWERED)
    assert after_taken(ArraySize(60, 301, UNANSWERED), 60, 2.1, BOUNDS) == ArraySize(60, 300, REFUSED)
    assert after_taken(ArraySize(60), 50, 2.1, BOUNDS) == ArraySize(60)  # a smaller array says nothing
    assert after_taken(ArraySize(500), 500, 4.0, BOUNDS) == ArraySize(500)  # there is nothing to leap to


@pytest.mark.parametrize(
    ("size", "tried"),
    [
        (ArraySize(50, 101), 100),
        (ArraySize(50, 100), None),
        (ArraySize(50), 100),
        (ArraySize(30), 60),
        (ArraySize(51), 255),
        (ArraySize(51, 256), 255),
        (ArraySize(51, 255), 102),
        (ArraySize(300), 500),
        (ArraySize(499), 500),
        (ArraySize(500), None),
    ],
)
def test_what_failed_is_not_tried(size: ArraySize, tried: int | None) -> None:
    assert larger(size, BOUNDS) == tried


def test_a_slow_answer_makes_arrays_smaller_and_one_that_would_be_slow_keeps_them() -> None:
    assert after_taken(ArraySize(200), 200, 12.0, BOUNDS) == ArraySize(100, 200, REFUSED)
    assert after_taken(ArraySize(200), 200, 6.0, BOUNDS) == ArraySize(200, 400, REFUSED)
    assert after_taken(ArraySize(200, 300, UNANSWERED), 200, 6.0, BOUNDS) == ArraySize(200, 300, REFUSED)
    assert after_taken(ArraySize(200), 20, 6.0, BOUNDS) == ArraySize(200)  # a small array says nothing of a large one
    assert after_taken(ArraySize(1), 1, 12.0, BOUNDS) == ArraySize(1, 2, REFUSED)


def test_what_it_starts_with_is_made_smaller_only_near_the_time_out() -> None:
    assert after_taken(ArraySize(50), 50, 15.0, BOUNDS) == ArraySize(50, 100, REFUSED)
    assert after_taken(ArraySize(50), 50, 21.0, BOUNDS) == ArraySize(25, 50, REFUSED)


TIMEOUT_S, SETTLE_S, A_CLIENT, CREATES = 30.0, 60.0, 50, 80_000


@dataclass
class SlowHalo:
    """Takes arrays one after the other, on a clock of its own; how long a row takes depends on the time.

    What is not answered in time is applied, and looked up client by client.
    """

    row_s: Callable[[float], float]
    at_s: float = 0.0
    requests: int = 0

    def write(self, creates: int) -> None:
        size, ceiling_until_s, left = ArraySize(BOUNDS.start), 0.0, creates
        while left:
            if self.at_s >= ceiling_until_s:
                size = ArraySize(size.rows)
            sent = min(larger(size, BOUNDS) or size.rows, left)
            took_s = 0.5 + sent * self.row_s(self.at_s)
            self.requests += 1
            if took_s > TIMEOUT_S:
                self.at_s += TIMEOUT_S + SETTLE_S
                self.requests += -(-sent // A_CLIENT)
                learnt = failed(size, sent, FailureClass.OUTCOME_UNKNOWN, answered=False)
            else:
                self.at_s += took_s
                learnt = after_taken(size, sent, took_s, BOUNDS)
            if learnt.reason is not None and learnt != size:
                ceiling_until_s = self.at_s + CEILING_S[learnt.reason]
            size, left = learnt, left - sent


@pytest.mark.parametrize(
    "row_s",
    [
        *(lambda _, row_s=row_s: row_s for row_s in (0.01, 0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.38)),
        lambda at_s: 0.001 if at_s < 60.0 else 0.1,  # it slows down once it was found to be quick
        lambda at_s: 0.01 if at_s % 1800.0 < 900.0 else 0.15,  # and again and again
        lambda at_s: min(0.001 + at_s / 20_000, 0.3),
    ],
)
def test_a_halo_that_slows_down_takes_80_000_creates_in_hardly_more_requests(row_s: Callable[[float], float]) -> None:
    halo = SlowHalo(row_s)
    halo.write(CREATES)
    assert halo.requests <= CREATES / BOUNDS.start * 1.05


def test_a_halo_that_takes_everything_is_asked_a_quarter_as_often() -> None:
    halo = SlowHalo(lambda _: 0.001)
    halo.write(CREATES)
    assert halo.requests <= CREATES / BOUNDS.start / 4


@pytest.mark.parametrize(
    ("failure", "answered", "learnt"),
    [
        (FailureClass.REJECTED, True, ArraySize(50, 100, REFUSED)),
        (FailureClass.FAILED_WHOLE, True, ArraySize(50, 100, UNANSWERED)),
        (FailureClass.OUTCOME_UNKNOWN, False, ArraySize(50, 100, UNANSWERED)),
        (FailureClass.OUTCOME_UNKNOWN, True, ArraySize(50)),
        (FailureClass.TRANSIENT, False, ArraySize(50)),
        (FailureClass.RATE_LIMITED, True, ArraySize(50)),
    ],
)
def test_a_larger_array_that_fails_is_not_tried_for_a_while(
    failure: FailureClass, answered: bool, learnt: ArraySize
) -> None:
    assert failed(ArraySize(50), 100, failure, answered=answered) == learnt


def test_a_refusal_that_names_rows_says_nothing_of_the_size() -> None:
    assert failed(ArraySize(50), 100, FailureClass.REJECTED, rows_named=True) == ArraySize(50)


def test_what_worked_once_and_fails_now_is_halved_down_to_the_start() -> None:
    assert failed(ArraySize(400), 400, FailureClass.REJECTED) == ArraySize(200, 400, REFUSED)
    assert failed(ArraySize(80), 80, FailureClass.FAILED_WHOLE) == ArraySize(50, 80, UNANSWERED)


def test_at_each_edge_it_is_exactly_so() -> None:
    assert after_taken(ArraySize(200), 200, 10.0, BOUNDS) == ArraySize(200, 400, REFUSED)  # as slow as may be
    # Twice as many would just not be slow, but as many as may be would.
    assert after_taken(ArraySize(200), 200, 5.0, BOUNDS) == ArraySize(200, 500, REFUSED)
    assert after_taken(ArraySize(SMALLEST), SMALLEST, 21.0, BOUNDS) == ArraySize(SMALLEST, 2 * SMALLEST, REFUSED)
    lost = failed(ArraySize(50), SMALLEST, FailureClass.OUTCOME_UNKNOWN, answered=False)
    assert lost == ArraySize(50)


def test_half_of_an_odd_number_of_rows_is_a_number_of_rows() -> None:
    lost = failed(ArraySize(45), 45, FailureClass.OUTCOME_UNKNOWN, answered=False)
    assert (lost.rows, type(lost.rows)) == (22, int)
    proven = failed(ArraySize(301), 301, FailureClass.FAILED_WHOLE)
    assert (proven.rows, type(proven.rows)) == (150, int)


def test_what_worked_before_a_larger_array_failed_stays() -> None:
    assert failed(ArraySize(100), 400, FailureClass.FAILED_WHOLE) == ArraySize(100, 400, UNANSWERED)


def test_below_the_start_only_silence_makes_arrays_smaller() -> None:
    assert failed(ArraySize(50), 50, FailureClass.REJECTED) == ArraySize(50)
    lost = failed(ArraySize(50), 50, FailureClass.OUTCOME_UNKNOWN, answered=False)
    assert lost == ArraySize(25, 50, UNANSWERED)
    assert larger(lost, BOUNDS) is None  # for ten minutes
    assert failed(ArraySize(50), 5, FailureClass.OUTCOME_UNKNOWN, answered=False) == ArraySize(50)


@given(st.data())
def test_whatever_happens_an_array_has_a_row_and_no_more_than_the_most(data: st.DataObject) -> None:
    size = ArraySize(50)
    for _ in range(data.draw(st.integers(0, 30))):
        sent = data.draw(st.integers(1, larger(size, BOUNDS) or size.rows))
        if data.draw(st.booleans()):
            size = after_taken(size, sent, data.draw(st.floats(0, 40)), BOUNDS)
        else:
            answered, named = data.draw(st.booleans()), data.draw(st.booleans())
            failure = data.draw(st.sampled_from(FailureClass))
            size = failed(size, sent, failure, answered=answered, rows_named=named)
        assert min(SMALLEST, BOUNDS.start) <= size.rows <= BOUNDS.most
        tried = larger(size, BOUNDS)
        assert tried is None or (size.rows < tried <= BOUNDS.most and (size.ceiling is None or tried < size.ceiling))
