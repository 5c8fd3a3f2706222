"""A jump of the database's clock is noticed; time that passes, slow answers and a clock that goes back are no jump."""

import time

import pytest
from halosync.store.clock_watch import ClockWatch, Reading, boottime
from hypothesis import given
from hypothesis import strategies as st

EPOCH = 1.8e9
COUNTS_S = 360.0
FOR_EVER_S = 1e9
seconds = st.floats(0, 1e5).map(lambda number: round(number, 3))
moments = st.lists(st.tuples(seconds, seconds, st.floats(0, 1)), min_size=1, max_size=20)


def seen(asked: float, answered: float, database: float) -> Reading:
    return Reading(asked, answered, EPOCH + database)


@given(moments, st.floats(-0.0005, 0.0005))
def test_good_clocks_are_believed(steps: list[tuple[float, float, float]], slewed: float) -> None:
    """The clock is read at any moment of a call that may take long, and may be a little too fast or too slow."""
    watch, now = ClockWatch(), 0.0
    for pause_s, call_s, part in steps:
        now += pause_s
        reading = seen(now, now + call_s, (now + part * call_s) * (1 + slewed))
        now += call_s
        assert watch.ahead_s(reading, FOR_EVER_S) == 0.0
        watch.keep(reading)


def test_a_jump_ahead_is_noticed_once() -> None:
    watch = ClockWatch()
    watch.keep(seen(0, 0.1, 0.05))
    jumped = seen(10, 10.1, 610.05)
    assert 599 < watch.ahead_s(jumped, COUNTS_S) < 601
    watch.keep(jumped)
    assert watch.ahead_s(seen(20, 20.1, 620.05), COUNTS_S) == 0.0


def test_a_clock_that_went_back_and_is_set_right_has_jumped_ahead() -> None:
    watch = ClockWatch()
    watch.keep(seen(0, 0.1, 600.05))
    back = seen(10, 10.1, 10.05)
    assert watch.ahead_s(back, COUNTS_S) == 0.0
    watch.keep(back)
    assert watch.ahead_s(seen(20, 20.1, 620.05), COUNTS_S) > 599


def test_an_answer_that_was_overtaken_is_not_what_the_next_is_compared_with() -> None:
    watch = ClockWatch()
    watch.keep(seen(10, 10.1, 610.05))
    watch.keep(seen(9, 10.2, 9.05))
    assert watch.ahead_s(seen(11, 11.1, 611.05), COUNTS_S) == 0.0


def test_a_jump_of_less_than_a_second_passes() -> None:
    watch = ClockWatch()
    watch.keep(seen(0, 0, 0))
    assert watch.ahead_s(seen(1, 1, 1.9), COUNTS_S) == 0.0
    assert watch.ahead_s(seen(1, 1, 2.1), COUNTS_S) > 1.0


def test_nothing_is_compared_with_a_time_whose_permits_are_all_over() -> None:
    watch = ClockWatch()
    watch.keep(seen(0, 0.1, 0.05))
    assert watch.ahead_s(seen(360, 360.1, 960.05), COUNTS_S) > 599
    assert watch.ahead_s(seen(361, 361.1, 961.05), COUNTS_S) == 0.0


def test_the_permits_that_count_longest_decide() -> None:
    """One process asks for tenants of different windows."""
    watch = ClockWatch()
    watch.ahead_s(seen(0, 0.1, 0.05), COUNTS_S)
    watch.keep(seen(0, 0.1, 0.05))
    assert watch.ahead_s(seen(300, 300.1, 900.05), 1.0) > 599


def test_a_jump_that_is_put_back_is_noticed_again() -> None:
    watch = ClockWatch()
    watch.keep(seen(0, 0.1, 0.05))
    before = watch.last
    watch.keep(seen(10, 10.1, 610.05))
    watch.put_back(before)
    assert watch.ahead_s(seen(20, 20.1, 620.05), COUNTS_S) > 599


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="the system has no such clock")
def test_the_clock_goes_on_while_the_machine_is_suspended() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before <= boottime() <= time.clock_gettime(time.CLOCK_BOOTTIME)


def test_without_such_a_clock_the_monotonic_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halosync.store.clock_watch._BOOTTIME", None)
    before = time.monotonic()
    assert before <= boottime() <= time.monotonic()
