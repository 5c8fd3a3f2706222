"""How long many changes take under a limit of 500 requests in a rolling window of five minutes, on a virtual clock.

Every request carries one change, so that nothing but the waiting is compared. halosync is the real planner and writers
in the simulation; the others are loops of four senders, as one would write them:

    press again     send everything; what got a 429 fails, and somebody presses Sync again a window later
    sleep on 429    wait a minute after each 429
    token bucket    500 tokens that come back evenly, and a minute's sleep after a 429
    pyrate-limiter  its rolling window, in one process; no other process knows of it

The ideal begins 500 requests with each window. Batch work of halosync leaves 2 % to people, so its own ideal is that of
490. Fails if halosync takes more than 3 % longer than that, or meets a 429, or a change is missing or made twice.

    .venv/bin/python bench/limited.py [--changes 10000] [--json FILE]
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from machine import machine
from pyrate_limiter import InMemoryBucket, Rate, RateItem
from simulation import clock
from simulation.__main__ import quiet
from simulation.fault_rates import NONE
from simulation.scenario import Scenario
from simulation.world import simulate

LIMIT, WINDOW_S, ANSWER_S, SENDERS = 500, 300.0, 0.2, 4
RESERVE = LIMIT // 50
SLEEP_S = 60.0
MOST = 1.03


@dataclass(frozen=True)
class Result:
    name: str
    seconds: float
    limited: int


@dataclass
class Halo:
    """Answers 429 to what is more than the limit in the window that ends now."""

    limited: int = 0
    taken: deque[float] = field(default_factory=deque)

    async def takes(self) -> bool:
        now = clock.now()
        while self.taken and self.taken[0] + WINDOW_S <= now:
            self.taken.popleft()
        fits = len(self.taken) < LIMIT
        if fits:
            self.taken.append(now)
        else:
            self.limited += 1
        await asyncio.sleep(ANSWER_S)
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
                    await asyncio.sleep(SLEEP_S)

    await asyncio.gather(*(sender() for _ in range(SENDERS)))


async def press_again(halo: Halo, changes: int) -> None:
    left = changes
    while left:
        done = sum([await halo.takes() for _ in range(left)])
        left -= done
        if left:
            await asyncio.sleep(WINDOW_S)


async def at_once() -> None:
    """Wait for nothing."""


def token_bucket() -> Wait:
    tokens, counted_at = float(LIMIT), 0.0

    async def wait() -> None:
        nonlocal tokens, counted_at
        while True:
            now = clock.now()
            tokens, counted_at = min(LIMIT, tokens + (now - counted_at) * LIMIT / WINDOW_S), now
            if tokens >= 1:
                tokens -= 1
                return
            await asyncio.sleep((1 - tokens) * WINDOW_S / LIMIT)

    return wait


class VirtualClock:
    """The simulation's time for pyrate-limiter."""

    def now(self) -> int:
        """Return milliseconds."""
        return int(clock.now() * 1000)


def pyrate() -> Wait:
    rate = Rate(LIMIT, int(WINDOW_S * 1000))
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


async def timed(name: str, work: Callable[[Halo], Awaitable[None]]) -> Result:
    halo, began = Halo(), clock.now()
    await work(halo)
    return Result(name, clock.now() - began, halo.limited)


def others(changes: int) -> list[Result]:
    ways: dict[str, Callable[[Halo], Awaitable[None]]] = {
        "press again": lambda halo: press_again(halo, changes),
        "sleep on 429": lambda halo: sleep_on_429(halo, changes, at_once),
        "token bucket": lambda halo: sleep_on_429(halo, changes, token_bucket()),
        "pyrate-limiter": lambda halo: sleep_on_429(halo, changes, pyrate()),
    }
    return [clock.run(timed(name, work)) for name, work in ways.items()]


def ours(changes: int) -> Result:
    world = Scenario(
        products=changes,
        known=0,
        stale=0,
        clients=max(changes // 100, 1),
        batch_size=1,
        page_size=100,
        most_rows=1000,
        limit=LIMIT,
        window_s=WINDOW_S,
    )
    outcome = simulate(1, rates=NONE, scenario=world)
    if not outcome.good or outcome.failed:
        raise SystemExit(f"the world is not as it should be: {outcome.broken or outcome.failed[:3]}")
    return Result("halosync", outcome.took_s, outcome.limited)


def ideal(changes: int, limit: int) -> float:
    """Return when the last change is made, the limit being used up at the beginning of each window."""
    windows, rest = divmod(changes - 1, limit)
    return windows * WINDOW_S + (rest // SENDERS + 1) * ANSWER_S


def main(
    changes: Annotated[int, typer.Option(min=1)] = 10_000,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the results to this file.")] = None,
) -> None:
    """Compare ways to keep within a limit."""
    quiet()
    mine = ours(changes)
    own = ideal(changes, LIMIT - RESERVE)
    results = [mine, *others(changes), Result("ideal", ideal(changes, LIMIT), 0), Result("ideal of 98 %", own, 0)]
    print(machine())
    print(f"{changes} changes     seconds  times the ideal      429s")
    for each in results:
        print(f"{each.name:16} {each.seconds:10.0f} {each.seconds / ideal(changes, LIMIT):16.3f} {each.limited:9}")
    if json_file is not None:
        content = {"machine": machine(), "changes": changes, "results": [asdict(each) for each in results]}
        json_file.write_text(json.dumps(content, indent=1))
    raise SystemExit(1 if mine.limited or mine.seconds > own * MOST else 0)


if __name__ == "__main__":
    typer.run(main)
