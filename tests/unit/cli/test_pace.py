"""The pace of a replay, on a clock that the test turns."""

from itertools import pairwise

import pytest
from halosync.cli.replay import Pace


class Clock:
    """Stands still but for pauses and work."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def now(self) -> float:
        return self.now_s

    async def pause(self, seconds: float) -> None:
        self.now_s += seconds


async def begun(pace: Pace, clock: Clock, work_s: list[float]) -> list[float]:
    """When each turn began; each takes so long."""
    times = []
    for seconds in work_s:
        await pace.turn()
        times.append(clock.now_s)
        clock.now_s += seconds
    return times


@pytest.mark.parametrize("rate", [0.01, 1, 20, 1000])
async def test_turns_begin_at_the_rate_and_the_first_at_once(rate: float) -> None:
    clock = Clock()
    times = await begun(Pace(rate, clock.now, clock.pause), clock, [0.0] * 50)
    assert times[0] == 100.0
    assert times[-1] - times[0] == pytest.approx(49 / rate)


async def test_after_a_slow_turn_there_is_no_burst() -> None:
    clock = Clock()
    times = await begun(Pace(2, clock.now, clock.pause), clock, [0.0, 30.0, 0.0, 0.0, 0.1, 0.0])
    assert min(after - before for before, after in pairwise(times)) >= 0.5 - 1e-9
    assert times[2] == pytest.approx(130.5), "a turn that took longer than its share delays nobody further"
