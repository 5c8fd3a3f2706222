"""A jump of the database's clock is noticed; time that passes, slow answers and a clock that goes back are no jump."""

from halosync.store.clock_watch import ClockWatch, Reading
from hypothesis import given
from hypothesis import strategies as st

EPOCH = 1.8e9
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
        assert watch.ahead_s(reading) == 0.0
        watch.keep(reading)


def test_a_jump_ahead_is_noticed_once() -> None:
    watch = ClockWatch()
    watch.keep(seen(0, 0.1, 0.05))
    jumped = seen(10, 10.1, 610.05)
    assert 599 < watch.ahead_s(jumped) < 601
    watch.keep(jumped)
    assert watch.ahead_s(seen(20, 20.1, 620.05)) == 0.0


def test_a_clock_that_went_back_and_is_set_right_has_jumped_ahead() -> None:
    watch = ClockWatch()
    watch.keep(seen(0, 0.1, 600.05))
    back = seen(10, 10.1, 10.05)
    assert watch.ahead_s(back) == 0.0
    watch.keep(back)
    assert watch.ahead_s(seen(20, 20.1, 620.05)) > 599


def test_an_answer_that_was_overtaken_is_not_what_the_next_is_compared_with() -> None:
    watch = ClockWatch()
    watch.keep(seen(10, 10.1, 610.05))
    watch.keep(seen(9, 10.2, 9.05))
    assert watch.ahead_s(seen(11, 11.1, 611.05)) == 0.0


def test_a_jump_of_less_than_a_second_passes() -> None:
    watch = ClockWatch()
    watch.keep(seen(0, 0, 0))
    assert watch.ahead_s(seen(1, 1, 1.9)) == 0.0
    assert watch.ahead_s(seen(1, 1, 2.1)) > 1.0
