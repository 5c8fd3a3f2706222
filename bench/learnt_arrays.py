"""How many requests a large invoice takes where the size of arrays is learnt, on the simulation's virtual clock.

One world without faults for each Halo: one that takes everything, beside what fixed arrays of 50 rows take; one that
refuses more than 50 rows, and one that takes 0.15 s for each row (spec section 9): at most a quarter of the requests,
and at most 5 % more.
"""

import time
from collections.abc import Mapping
from dataclasses import replace

from row import Effort, Figure, Found, Row, WrongEndError
from simulation.__main__ import quiet
from simulation.fault_rates import NONE
from simulation.scenario import Scenario
from simulation.world import simulate

START, MOST, A_CLIENT = 50, 500, 50
ROW_S = 0.15
OF_FIXED, OF_SAME = 0.25, 1.05


def requests(creates: int) -> dict[str, int]:
    """Return how many requests the creates take, by what their Halo is like."""
    quiet()
    fixed = Scenario(
        products=creates,
        known=0,
        stale=0,
        clients=max(creates // A_CLIENT, 1),
        batch_size=START,
        page_size=100,
        most_rows=1000,
        limit=1_000_000,
    )
    learnt = replace(fixed, most_batch=MOST)
    worlds = {
        "fixed arrays": fixed,
        "learnt": learnt,
        "refuses above 50": replace(learnt, largest_array=START),
        "is slow": replace(learnt, row_delay_s=ROW_S),
    }
    return {name: _requests(name, scenario, creates) for name, scenario in worlds.items()}


def _requests(name: str, scenario: Scenario, creates: int) -> int:
    began = time.monotonic()
    outcome = simulate(1, rates=NONE, scenario=scenario)
    if not outcome.good or outcome.failed:
        raise WrongEndError(f"{name}: {outcome.broken or outcome.failed[:3]}")
    print(f"  {creates} creates, {name}: {outcome.requests} requests, {time.monotonic() - began:.0f} s", flush=True)
    return outcome.requests


def figures(found: Mapping[str, int]) -> list[Figure]:
    fixed = found["fixed arrays"]
    worst = max(found["refuses above 50"], found["is slow"])
    return [
        *(Figure(f"{name}: requests", number, unit="") for name, number in found.items()),
        Figure("learnt, of the requests of fixed arrays", found["learnt"] / fixed, OF_FIXED),
        Figure("where Halo takes no large ones, of those of fixed arrays", worst / fixed, OF_SAME),
    ]


def measure_row(effort: Effort) -> Found:
    """Count the requests of one large invoice."""
    creates = effort.of(80_000, 2_000)
    found = requests(creates)
    return Found(figures(found), {"creates": creates, "requests": found})


ROW = Row(
    name="arrays",
    what="requests of 80,000 creates whose arrays are being learnt, by simulation",
    against="fixed arrays of 50",
    to_reach="a quarter; at most 5 % more where Halo takes no larger ones",
    measure=measure_row,
    first_s=260,
    untimed=True,
)
