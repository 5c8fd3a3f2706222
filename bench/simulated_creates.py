"""Creates under the fault rates of messaging-facts section 4, on the simulation's virtual clock: none twice, none lost.

Every world has 100 creates, one to a request, by two of the real writers; the faults of each attempt as measured
there: 3 % unanswered (half of them applied, 30 % of those late), 1 % refused connections, 2 % killed writers, 0.5 %
stopped ones.
Beside it the same without the look-up's settle time, to show that the worlds are hard enough to tell.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial

from row import Effort, Figure, Found, Row, WrongEndError
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
                print(f"  {number * PER_WORLD} creates", flush=True)
    return total


def measure_row(effort: Effort) -> Found:
    """Count the creates that happened twice, or not at all."""
    creates, fewer = effort.of(100_000, 2_000), effort.of(10_000, 2_000)
    with_all, without = measure(creates, ALL), measure(fewer, ALL.without("settle"))
    if with_all.twice or with_all.lost or with_all.other:
        raise WrongEndError(f"of {creates} creates {with_all}")
    if not without.twice:
        raise WrongEndError("without the settle time none is made twice either: these worlds tell nothing")
    figures = [
        Figure("twice or lost", with_all.twice + with_all.lost, 0, unit=""),
        Figure("requests a create", with_all.requests / creates, unit=""),
        Figure(f"of {fewer:,} without the settle time, twice", without.twice, unit=""),
    ]
    return Found(figures, {"creates": creates, "all": asdict(with_all), "without_settle": asdict(without)})


ROW = Row(
    name="creates",
    what="100,000 creates under the fault rates of messaging-facts section 4, by simulation",
    against="the same without the settle time",
    to_reach="none twice, none lost",
    measure=measure_row,
    first_s=90,
    untimed=True,
    compared=False,
)
