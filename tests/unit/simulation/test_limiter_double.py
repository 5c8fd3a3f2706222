"""The budget in memory against brute force: no window of any alignment ever sees more requests than the limit.

Whatever the holders do (send, die, speak late), and whenever between its begin and its end the server counts a request.
Times are whole eighths of a second, exact in binary, so that no rounding decides.
"""

import asyncio
import heapq
from collections.abc import Coroutine, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from halo_sandbox.limits import LimitRule, RequestLimit
from halosync.ports.permits import Lease, NoPermit, Rate
from hypothesis import given, settings
from hypothesis import strategies as st
from simulation.limiter import MemoryRateLimiter

WINDOW_S, LEASE_S, MOST = 4.0, 3.0, 3


def eighths(least: int, most: int) -> st.SearchStrategy[float]:
    return st.integers(least, most).map(lambda number: number / 8)


@dataclass(frozen=True)
class Job:
    """What a holder does with one lease. All its requests end within the hold, that is what a hold means."""

    pause_s: float
    takes_s: tuple[float, ...]
    """How long each of its requests takes; it wants as many permits."""
    counted: float
    """Where between begin (0) and end (1) the server counts them."""
    silent_s: float | None
    """How long after the last one it is finished; None: it dies, and never does."""
    again: bool
    """When it is finished it is so once more, and says that it spent nothing."""


jobs = st.builds(
    Job,
    pause_s=st.just(0.0) | eighths(0, 40),
    takes_s=st.lists(eighths(0, 8), min_size=1, max_size=MOST).map(tuple),
    counted=st.integers(0, 8).map(lambda part: part / 8),
    silent_s=st.just(0.0) | eighths(0, 80) | st.none(),
    again=st.booleans(),
)
holders = st.lists(st.lists(jobs, min_size=1, max_size=6), min_size=1, max_size=4)


@dataclass
class World:
    """Holders of one tenant's permits, and a server that notes what it saw: begin, end, when it counted."""

    rate: Rate
    now: float = 64.0
    requests: list[tuple[float, float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.limiter = MemoryRateLimiter(lambda: self.now)

    def run(self, everybodys_jobs: Sequence[Sequence[Job]]) -> None:
        """Let all work until they are done."""
        queue = [(self.now, number, self._holder(its_jobs)) for number, its_jobs in enumerate(everybodys_jobs)]
        while queue:
            self.now, number, holder = heapq.heappop(queue)
            sleeps_s = next(holder, None)
            if sleeps_s is not None:
                heapq.heappush(queue, (self.now + sleeps_s, number, holder))

    def _holder(self, its_jobs: Sequence[Job]) -> Iterator[float]:
        """Do one job after the other; yield the pauses, in seconds."""
        for job in its_jobs:
            yield job.pause_s
            lease = yield from self._patiently(len(job.takes_s))
            for takes_s in job.takes_s[: lease.granted]:
                self.requests.append((self.now, self.now + takes_s, self.now + takes_s * job.counted))
                yield takes_s
            if job.silent_s is not None:
                yield job.silent_s
                now_or_never(self.limiter.finish(lease, min(len(job.takes_s), lease.granted)))
                if job.again:
                    now_or_never(self.limiter.finish(lease, 0))

    def _patiently(self, want: int) -> Generator[float, None, Lease]:
        while True:
            try:
                lease: Lease = now_or_never(self.limiter.acquire("acme", self.rate, want=want, lease_s=LEASE_S))
            except NoPermit as refused:
                yield max(refused.wait_s, 1 / 8)
            else:
                return lease

    def most_in_a_window(self) -> int:
        """The most that the server can have counted in one window, if it counts each request at its worst moment."""
        return max(
            sum(end >= start and begin < start + self.rate.window_s for begin, end, _ in self.requests)
            for _, start, _ in self.requests
        )

    def refused(self, phase: float, window: Literal["rolling", "fixed"]) -> int:
        """How many requests the server refuses, counting them when it did and beginning its windows at `phase`."""
        limit, rule = RequestLimit(), LimitRule(self.rate.requests, self.rate.window_s, window)
        refused = 0
        for at in sorted(at - phase for _, _, at in self.requests):
            refused += limit.wait_s(rule, at) > 0
            limit.count(at)
        return refused


def now_or_never(work: Coroutine[None, None, Any]) -> Any:
    """Run what never waits, without an event loop."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waited")


@settings(max_examples=150)
@given(st.integers(1, 4), holders)
def test_no_window_of_any_alignment_holds_more_than_the_limit(limit: int, everybodys_jobs: list[list[Job]]) -> None:
    world = World(Rate(limit, WINDOW_S))
    world.run(everybodys_jobs)
    assert world.most_in_a_window() <= limit
    assert world.refused(0.0, "rolling") == 0
    assert [world.refused(phase / 2, "fixed") for phase in range(int(2 * WINDOW_S))] == [0] * int(2 * WINDOW_S)


@given(st.integers(1, 4), holders)
def test_no_permit_is_lost_for_good(limit: int, everybodys_jobs: list[list[Job]]) -> None:
    world = World(Rate(limit, WINDOW_S))
    world.run(everybodys_jobs)
    world.now += LEASE_S + WINDOW_S
    lease = now_or_never(world.limiter.acquire("acme", world.rate, want=limit, lease_s=LEASE_S))
    assert lease.granted == limit


@given(st.integers(1, 400), st.lists(st.tuples(eighths(0, 40), st.none() | eighths(0, 40)), min_size=1, max_size=20))
def test_after_any_429s_the_limit_stays_in_bounds_and_comes_back(
    limit: int, refusals: list[tuple[float, float | None]]
) -> None:
    world = World(Rate(limit, WINDOW_S))
    now_or_never(world.limiter.acquire("acme", world.rate, want=1, lease_s=LEASE_S))
    for pause_s, retry_after_s in refusals:
        world.now += pause_s
        wait_s = now_or_never(world.limiter.block("acme", retry_after_s))
        assert wait_s >= (retry_after_s or 0.0)
        assert 1 <= world.limiter.budgets["acme"].effective(world.now) <= limit
        if wait_s:
            with pytest.raises(NoPermit) as refused:
                now_or_never(world.limiter.acquire("acme", world.rate, want=1, lease_s=LEASE_S, interactive=True))
            assert refused.value.wait_s == wait_s
    world.now += 7 * WINDOW_S
    lease = now_or_never(world.limiter.acquire("acme", world.rate, want=limit, lease_s=LEASE_S, interactive=True))
    assert lease.granted == limit


async def test_whoever_waits_as_long_as_told_uses_the_whole_limit_and_asks_seldom() -> None:
    """With requests that take no time the limit is used up in each window; nobody asks in a loop."""
    now, granted, asked, rate = 0.0, 0, 0, Rate(4, 8.0)
    limiter = MemoryRateLimiter(lambda: now)
    while now < 80.0:
        asked += 1
        try:
            lease = await limiter.acquire("acme", rate, want=1, lease_s=LEASE_S)
        except NoPermit as refused:
            now += refused.wait_s
        else:
            granted += 1
            await limiter.finish(lease, 1)
    assert granted == 40
    assert asked <= granted + 20


async def test_it_never_yields_to_the_event_loop() -> None:
    limiter = MemoryRateLimiter(lambda: 0.0)
    passed: list[str] = []
    other = asyncio.create_task(_note(passed))
    await limiter.finish(await limiter.acquire("acme", Rate(4, 8.0), want=1, lease_s=LEASE_S), 1)
    await limiter.block("acme", None)
    assert passed == []
    await other


async def _note(passed: list[str]) -> None:
    passed.append("another task")
