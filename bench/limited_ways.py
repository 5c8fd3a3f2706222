"""Ways to make many changes under a limit as one would write them, and a Halo on a virtual clock that they ask.

`limited.py` says what each of them does.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from pyrate_limiter import InMemoryBucket, Rate, RateItem
from row import WrongEndError
from simulation import clock

SENDERS = 4


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


@dataclass(frozen=True)
class Waited:
    """What a way took, and how often it was refused."""

    name: str
    seconds: float
    limited: int


@dataclass
class Halo:
    """Answers 429 to what is more than the limit in the window that ends now."""

    limit: Limit
    limited: int = 0
    made: list[int] = field(default_factory=list)
    """The number of each change in the order in which it was made, as often as it was."""
    taken: deque[float] = field(default_factory=deque)

    async def takes(self, change: int) -> bool:
        """Make a change, or refuse it."""
        now = clock.now()
        while self.taken and self.taken[0] + self.limit.window_s <= now:
            self.taken.popleft()
        fits = len(self.taken) < self.limit.requests
        if fits:
            self.taken.append(now)
            self.made.append(change)
        else:
            self.limited += 1
        await asyncio.sleep(self.limit.answer_s)
        return fits


Wait = Callable[[], Awaitable[None]]
"""Waits until the next request may be sent."""


async def sleep_on_429(halo: Halo, changes: int, wait: Wait) -> None:
    left = list(range(changes))

    async def sender() -> None:
        while left:
            await wait()
            if left:
                change = left.pop()
                if not await halo.takes(change):
                    left.append(change)
                    await asyncio.sleep(halo.limit.sleep_s)

    await asyncio.gather(*(sender() for _ in range(SENDERS)))


async def press_again(halo: Halo, changes: int) -> None:
    left, failed = list(range(changes)), list[int]()

    async def sender() -> None:
        while left:
            change = left.pop()
            if not await halo.takes(change):
                failed.append(change)

    while left:
        await asyncio.gather(*(sender() for _ in range(SENDERS)))
        if failed:
            await asyncio.sleep(halo.limit.window_s)
            left[:], failed[:] = failed, []


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


async def timed(name: str, limit: Limit, changes: int, work: Callable[[Halo, int], Awaitable[None]]) -> Waited:
    halo, began = Halo(limit), clock.now()
    await work(halo, changes)
    if sorted(halo.made) != list(range(changes)):
        raise WrongEndError(f"{name} did not make each of {changes} changes once: {len(halo.made)} were made")
    return Waited(name, clock.now() - began, halo.limited)


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
