"""An hour of a saturated tenant whose budget others use too, on virtual time: few 429s, most of the rest is used."""

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from halo_sandbox.limits import LimitRule, RequestLimit
from halosync.ports.permits import NoPermit, Rate
from simulation.limiter import MemoryRateLimiter

RATE, HOUR = Rate(500, 300.0), 3600.0
CALLERS = 16
TAKES_S = 0.25
TIER_S = 1.0


Window = Literal["rolling", "fixed"]


@dataclass
class Halo:
    """A server that counts in windows of its own, and other software that uses it too."""

    window: Window
    others: int
    retry_after: str
    now: float = 1000.0
    served: int = 0
    refused: list[float] = field(default_factory=list)
    limit: RequestLimit = field(default_factory=RequestLimit)

    def __post_init__(self) -> None:
        self.limiter = MemoryRateLimiter(lambda: self.now)
        self.rule = LimitRule(RATE.requests, RATE.window_s, self.window)
        self.chance = random.Random(7)

    def hour(self) -> None:
        tasks = [self.other_software(), *(self.caller() for _ in range(CALLERS))]
        queue = [(self.now, number, task) for number, task in enumerate(tasks)]
        end = self.now + HOUR
        while queue[0][0] < end:
            self.now, number, task = heapq.heappop(queue)
            heapq.heappush(queue, (self.now + next(task), number, task))

    def other_software(self) -> Iterator[float]:
        """Wants so many requests of each window, evenly; tries those that are refused until they pass."""
        wanted = 0.0
        while True:
            wanted += self.others / RATE.window_s / 4
            while wanted >= 1 and not self.limit.wait_s(self.rule, self.now):
                self.limit.count(self.now)
                wanted -= 1
            yield 0.25

    def caller(self) -> Iterator[float]:
        while True:
            try:
                lease = run(self.limiter.acquire("acme", RATE, want=1, lease_s=40.0))
            except NoPermit as refused:
                yield max(refused.wait_s, TIER_S)
                continue
            part = self.chance.random() * TAKES_S
            yield part
            wait_s = self.limit.wait_s(self.rule, self.now)
            if not wait_s:
                self.limit.count(self.now)
                self.served += 1
            yield TAKES_S - part
            run(self.limiter.finish(lease, 1))
            if wait_s:
                self.refused.append(self.now)
                stated = {"none": None, "seconds": float(int(wait_s) + 1), "lying": 1.0}[self.retry_after]
                yield run(self.limiter.block("acme", stated))


def run(work: Any) -> Any:
    """Run what never waits."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waited")


@pytest.mark.parametrize("window", ["rolling", "fixed"])
@pytest.mark.parametrize("retry_after", ["none", "seconds", "lying"])
@pytest.mark.parametrize("others", [50, 400])
def test_a_budget_is_shared_with_other_software(window: Window, retry_after: str, others: int) -> None:
    """Without learning it is 84 %, and up to 37 moments; without the longer blocks besides, up to 4,300 refusals."""
    halo = Halo(window, others, retry_after)
    halo.hour()
    assert halo.served >= 0.93 * (RATE.requests - others) * HOUR / RATE.window_s
    assert len(halo.refused) <= 200
    moments = len({int(at / 5) for at in halo.refused})
    assert moments <= 20, "less than two in a window"


@pytest.mark.parametrize("window", ["rolling", "fixed"])
def test_a_budget_of_ones_own_is_used_but_for_the_reserve_and_nothing_is_refused(window: Window) -> None:
    halo = Halo(window, 0, "none")
    halo.hour()
    assert halo.refused == []
    assert halo.served >= 0.97 * RATE.requests * HOUR / RATE.window_s
