"""How long many changes take under a limit of 500 requests in a rolling window of five minutes, on a virtual clock.

Every request carries one change, so that nothing but the waiting is compared. halosync is the real planner and writers
in the simulation; the others are loops of four senders, as one would write them:

    press again     send everything; what got a 429 fails, and somebody presses Sync again a window later
    sleep on 429    wait a minute after each 429
    token bucket    500 tokens that come back evenly, and a minute's sleep after a 429
    pyrate-limiter  its rolling window, in one process; no other process knows of it

The ideal begins 500 requests with each window. Batch work of halosync leaves 2 % to people, so its own ideal is that of
490. A way counts only if each change was made once. `scaled.py` lets real servers do the same in less time.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field

from plots import bars
from pyrate_limiter import InMemoryBucket, Rate, RateItem
from row import Effort, Figure, Found, Row, WrongEndError
from simulation import clock
from simulation.__main__ import quiet
from simulation.fault_rates import NONE
from simulation.scenario import Scenario
from simulation.world import simulate

SENDERS, MOST = 4, 1.03


@dataclass(frozen=True)
class Limit:
    """So many requests in a window; how long Halo takes for one, and how long somebody sleeps after a 429."""

    requests: int
    window_s: float
    answer_s: float
    sleep_s: float

    @property
    def reserve(self) -> int:
        """What batch work of halosync leaves to people."""
        return self.requests // 50


UNSCALED = Limit(requests=500, window_s=300.0, answer_s=0.2, sleep_s=60.0)


@dataclass(frozen=True)
class Result:
    name: str
    seconds: float
    limited: int


@dataclass
class Halo:
    """Answers 429 to what is more than the limit in the window that ends now."""

    limit: Limit
    limited: int = 0
    made: int = 0
    taken: deque[float] = field(default_factory=deque)

    async def takes(self) -> bool:
        now = clock.now()
        while self.taken and self.taken[0] + self.limit.window_s <= now:
            self.taken.popleft()
        fits = len(self.taken) < self.limit.requests
        if fits:
            self.taken.append(now)
            self.made += 1
        else:
            self.limited += 1
        await asyncio.sleep(self.limit.answer_s)
        return fits


Wait = Callable[[], Awaitable[None]]
"""Waits until the next request may be sent."""


async def sleep_on_429(halo: Halo, changes: int, wait: Wait) -> None:
    left = [0] * changes

    async def sender() -> None:
        while left:
            await wait()
            if left:
                left.pop()
                if not await halo.takes():
                    left.append(0)
                    await asyncio.sleep(halo.limit.sleep_s)

    await asyncio.gather(*(sender() for _ in range(SENDERS)))


async def press_again(halo: Halo, changes: int) -> None:
    left = changes
    while left:
        done = sum([await halo.takes() for _ in range(left)])
        left -= done
        if left:
            await asyncio.sleep(halo.limit.window_s)


async def at_once() -> None:
    """Wait for nothing."""


def token_bucket(limit: Limit) -> Wait:
    tokens, counted_at = float(limit.requests), clock.now()

    async def wait() -> None:
        nonlocal tokens, counted_at
        while True:
            now = clock.now()
            tokens, counted_at = min(limit.requests, tokens + (now - counted_at) * limit.requests / limit.window_s), now
            if tokens >= 1:
                tokens -= 1
                return
            await asyncio.sleep((1 - tokens) * limit.window_s / limit.requests)

    return wait


class VirtualClock:
    """The running loop's time for pyrate-limiter."""

    def now(self) -> int:
        """Return milliseconds."""
        return int(clock.now() * 1000)


def pyrate(limit: Limit) -> Wait:
    rate = Rate(limit.requests, int(limit.window_s * 1000))
    bucket, source = InMemoryBucket([rate]), VirtualClock()

    async def wait() -> None:
        while True:
            item = RateItem("halo", source.now())
            bucket.leak(item.timestamp)
            if bucket.put(item):
                return
            pause_ms = bucket.waiting(item)
            await asyncio.sleep(max(pause_ms, 50) / 1000 if isinstance(pause_ms, int) else 0.05)

    return wait


async def timed(name: str, limit: Limit, changes: int, work: Callable[[Halo, int], Awaitable[None]]) -> Result:
    halo, began = Halo(limit), clock.now()
    await work(halo, changes)
    if halo.made != changes:
        raise WrongEndError(f"{name} made {halo.made} changes, not {changes}")
    return Result(name, clock.now() - began, halo.limited)


async def _sleep_alone(halo: Halo, changes: int) -> None:
    await sleep_on_429(halo, changes, at_once)


async def _sleep_with_tokens(halo: Halo, changes: int) -> None:
    await sleep_on_429(halo, changes, token_bucket(halo.limit))


async def _with_pyrate(halo: Halo, changes: int) -> None:
    await sleep_on_429(halo, changes, pyrate(halo.limit))


WAYS: Mapping[str, Callable[[Halo, int], Awaitable[None]]] = {
    "press again": press_again,
    "sleep on 429": _sleep_alone,
    "token bucket": _sleep_with_tokens,
    "pyrate-limiter": _with_pyrate,
}


def ours(changes: int, limit: Limit) -> Result:
    world = Scenario(
        products=changes,
        known=0,
        stale=0,
        clients=max(changes // 100, 1),
        batch_size=1,
        page_size=100,
        most_rows=1000,
        limit=limit.requests,
        window_s=limit.window_s,
    )
    outcome = simulate(1, rates=NONE, scenario=world)
    if not outcome.good or outcome.failed:
        raise WrongEndError(f"the world is not as it should be: {outcome.broken or outcome.failed[:3]}")
    return Result("halosync", outcome.took_s, outcome.limited)


def ideal(changes: int, limit: Limit, *, reserved: int = 0) -> float:
    """Return when the last change is made, the limit less `reserved` being used up as each window begins."""
    windows, rest = divmod(changes - 1, limit.requests - reserved)
    return windows * limit.window_s + (rest // SENDERS + 1) * limit.answer_s


def figures(results: Mapping[str, Result], changes: int, limit: Limit) -> list[Figure]:
    """Return how long each way takes beside the ideal, and how often it met a 429."""
    own, whole = ideal(changes, limit, reserved=limit.reserve), ideal(changes, limit)
    mine = results["halosync"]
    found = [
        Figure(f"{changes:,} changes, times the ideal with the reserve counted", mine.seconds / own, MOST),
        Figure(f"{changes:,} changes, times the ideal of the whole limit", mine.seconds / whole, MOST),
        Figure("429s", mine.limited, 0, unit=""),
    ]
    for name, result in results.items():
        if name != "halosync":
            found.append(Figure(f"{name}: times the ideal of the whole limit", result.seconds / whole))
            found.append(Figure(f"{name}: 429s", result.limited, unit=""))
    return found


def found_of(results: Mapping[str, Result], changes: int, limit: Limit, drawing: str) -> Found:
    """Return the figures with their drawing."""
    seconds = {name: result.seconds for name, result in results.items()} | {"ideal": ideal(changes, limit)}
    details = {"changes": changes, "limit": asdict(limit), "results": [asdict(each) for each in results.values()]}
    title = f"Seconds for {changes:,} changes under {limit.requests} requests in {limit.window_s:g} s"
    return Found(figures(results, changes, limit), details, {drawing: bars(title, seconds)})


def measure_row(effort: Effort) -> Found:
    """Compare ways to keep within a limit."""
    quiet()
    changes = effort.of(10_000, 1_100)
    results = {"halosync": ours(changes, UNSCALED)}
    for name, work in WAYS.items():
        results[name] = clock.run(timed(name, UNSCALED, changes, work))
        print(f"  {name}: {results[name].seconds:.0f} s, {results[name].limited} 429s", flush=True)
    return found_of(results, changes, UNSCALED, "limited")


ROW = Row(
    name="limited",
    what="10,000 changes under 500 requests in five minutes, unscaled, by simulation",
    against="press Sync again; sleep on 429; token bucket; pyrate-limiter",
    to_reach="the ideal within 3 %, no 429",
    measure=measure_row,
    first_s=100,
    counts=True,
)
