"""Creates under the fault rates of messaging-facts section 4, on the simulation's virtual clock: none twice, none lost.

Every world has 100 creates, one to a request, by two of the real writers; the faults of each attempt as measured
there: 3 % unanswered (half of them applied, 30 % of those late), 1 % refused connections, 2 % killed writers, 0.5 %
stopped ones.
The second line is the same without the look-up's settle time, to show that the worlds are hard enough to tell.

    .venv/bin/python bench/simulated_creates.py [CREATES]
"""

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from simulation.__main__ import quiet
from simulation.fault_rates import MEASURED
from simulation.guards import ALL, Guards
from simulation.scenario import Scenario
from simulation.world import WorldResult, simulate

PER_WORLD = 100
WORLD = Scenario(products=PER_WORLD, known=0, stale=0, batch_size=1, limit=500, page_size=100, max_attempts=8)


@dataclass
class Sum:
    twice: int = 0
    lost: int = 0
    other: int = 0
    requests: int = 0

    def add(self, outcome: WorldResult) -> None:
        self.requests += outcome.requests
        for problem in outcome.broken:
            if problem.startswith("I2"):
                self.twice += 1
            elif "missing" in problem:
                self.lost += 1
            else:
                self.other += 1


def world(seed: int, guards: Guards) -> WorldResult:
    quiet()
    return simulate(seed, guards=guards, rates=MEASURED, scenario=WORLD)


def measure(creates: int, guards: Guards) -> Sum:
    total = Sum()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        worlds = range(-(-creates // PER_WORLD))
        for number, outcome in enumerate(pool.map(partial(world, guards=guards), worlds, chunksize=5), 1):
            total.add(outcome)
            if number % 100 == 0:
                print(f"  {number * PER_WORLD} creates", file=sys.stderr)
    return total


def main() -> None:
    creates = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    bad = False
    print(
        f"{'guards':<16} {'creates':>8} {'twice':>6} {'lost':>6} {'other':>6} {'requests a create':>18} {'seconds':>8}"
    )
    for name, guards, number in (("all", ALL, creates), ("without settle", ALL.without("settle"), creates // 10)):
        began = time.monotonic()
        total = measure(number, guards)
        print(
            f"{name:<16} {number:>8} {total.twice:>6} {total.lost:>6} {total.other:>6} "
            f"{total.requests / number:>18.3f} {time.monotonic() - began:>8.0f}"
        )
        bad |= guards == ALL and bool(total.twice or total.lost or total.other)
        bad |= guards != ALL and not total.twice
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
