"""The chart of the last invoices: arithmetic from numbers to rectangles."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from report_api.history.chart import ABOVE, BASELINE, GUTTER, HEIGHT, LEAST, PLOT_HEIGHT, Column, draw, short, ticks_for

SERIES = ("synced", "skipped", "held", "failed", "pending")

counts = st.dictionaries(st.sampled_from(SERIES), st.integers(0, 20) | st.integers(0, 10**15), max_size=len(SERIES))
columns = st.lists(
    st.builds(Column, below=st.text(max_size=3), under=st.text(max_size=4), counts=counts | st.none()), max_size=12
)
NOTHING = Column("Nov", "2026", {})
ROUNDING = 1e-6


@given(columns)
@example([NOTHING])
@example([Column("Nov", "2026", {"failed": 1})])
@example([Column("Nov", "2026", {"synced": 10**15}), Column("Oct", "", dict.fromkeys(SERIES, 1))])
def test_the_drawing_shows_every_number_in_its_place(given: list[Column]) -> None:
    chart = draw(given, SERIES)
    assert [stack.column for stack in chart.stacks] == given
    middles = [stack.middle for stack in chart.stacks]
    assert middles == sorted(set(middles))
    for stack in chart.stacks:
        wanted = {name: count for name, count in (stack.column.counts or {}).items() if count}
        assert {segment.series: segment.count for segment in stack.segments} == wanted
        assert [segment.series for segment in stack.segments] == [name for name in SERIES if name in wanted]
        assert stack.total == (None if stack.column.counts is None else sum(wanted.values()))


@given(columns)
@example([NOTHING])
def test_heights_add_up_and_nothing_leaves_the_drawing(given: list[Column]) -> None:
    chart = draw(given, SERIES)
    most = chart.ticks[-1].value
    for stack in chart.stacks:
        below = BASELINE
        for segment in stack.segments:
            assert segment.height >= LEAST
            assert segment.y + segment.height == pytest.approx(below, abs=ROUNDING)
            assert segment.x + segment.width / 2 == pytest.approx(stack.middle)
            assert segment.x >= GUTTER - ROUNDING
            assert segment.x + segment.width <= 100 + ROUNDING
            below = segment.y
        assert stack.top == below
        assert ABOVE - ROUNDING <= stack.top <= BASELINE < HEIGHT
        proportional = PLOT_HEIGHT * (stack.total or 0) / most
        enlarged = any(segment.count * PLOT_HEIGHT < LEAST * most for segment in stack.segments)
        assert not enlarged or chart.enlarged, "a drawing that is not to scale says so"
        assert BASELINE - stack.top == pytest.approx(max(proportional, LEAST * len(stack.segments)), abs=ROUNDING)


@given(columns)
def test_columns_do_not_touch(given: list[Column]) -> None:
    stacks = [stack for stack in draw(given, SERIES).stacks if stack.segments]
    for left, right in itertools.pairwise(stacks):
        assert left.segments[0].x + left.segments[0].width < right.segments[0].x


@given(st.dictionaries(st.sampled_from(SERIES), st.integers(1, 10**6), min_size=2))
def test_a_larger_number_is_never_drawn_lower(given: dict[str, int]) -> None:
    (stack,) = draw([Column("Nov", "2026", given)], SERIES).stacks
    by_count = sorted(stack.segments, key=lambda segment: segment.count)
    assert [segment.height for segment in by_count] == sorted(segment.height for segment in stack.segments)


@given(st.integers(0, 10**18))
@example(0)
@example(1)
@example(4)
@example(100_000)
def test_the_scale_is_of_few_round_steps_and_covers_the_highest_column(most: int) -> None:
    ticks = ticks_for(most)
    step = ticks[1]
    assert ticks == [step * number for number in range(len(ticks))]
    assert most <= ticks[-1] < max(most, 1) + step
    assert 2 <= len(ticks) <= 5
    assert str(step).rstrip("0") in {"1", "2", "5"}


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (7, [0, 2, 4, 6, 8]),
        (20_000, [0, 5000, 10_000, 15_000, 20_000]),
    ],
)
def test_scales(most: int, ticks: list[int]) -> None:
    assert ticks_for(most) == ticks


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (950, "950"),
        (1000, "1k"),
        (2500, "2.5k"),
        (20_000, "20k"),
        (1_500_000, "1.5M"),
        (2 * 10**9, "2B"),
        (5 * 10**15, "5,000T"),
    ],
)
def test_numbers_of_the_scale_are_short(value: int, text: str) -> None:
    assert short(value) == text


def test_no_columns_are_an_empty_scale() -> None:
    chart = draw([], SERIES)
    assert (chart.stacks, chart.series, [tick.value for tick in chart.ticks]) == ([], [], [0, 1])


def test_only_series_that_occur_are_named_and_in_their_order() -> None:
    chart = draw([Column("Oct", "", {"failed": 1, "held": 0}), Column("Nov", "", {"synced": 2})], SERIES)
    assert chart.series == ["synced", "failed"]


@pytest.mark.parametrize("counts", [{"synced": -1}, {"unheard_of": 1}])
def test_what_no_segment_can_show_is_refused(counts: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="Nov"):
        draw([Column("Nov", "2026", counts)], SERIES)
