"""How many requests a large invoice takes where the size of arrays is learnt, on the simulation's virtual clock.

One world without faults for each Halo: one that takes everything, beside what fixed arrays of 50 rows take; one that
refuses more than 50 rows, and one that takes 0.15 s for each row (spec section 9): at most a quarter of the requests,
and at most 5 % more.

    .venv/bin/python bench/learnt_arrays.py [CREATES]
"""

import sys
import time
from dataclasses import replace

from simulation.__main__ import quiet
from simulation.fault_rates import NONE
from simulation.scenario import Scenario
from simulation.world import simulate

START, MOST, A_CLIENT = 50, 500, 50
ROW_S = 0.15


def main() -> None:
    creates = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
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
    requests, bad = {}, False
    print(f"{'Halo':<18} {'creates':>8} {'requests':>9} {'failed':>7} {'seconds':>8}")
    for name, scenario in worlds.items():
        began = time.monotonic()
        outcome = simulate(1, rates=NONE, scenario=scenario)
        requests[name], bad = outcome.requests, bad or not outcome.good or bool(outcome.failed)
        took_s = time.monotonic() - began
        print(f"{name:<18} {creates:>8} {outcome.requests:>9} {len(outcome.failed):>7} {took_s:>8.0f}")
    bad |= requests["learnt"] * 4 > requests["fixed arrays"]
    bad |= max(requests["refuses above 50"], requests["is slow"]) > requests["fixed arrays"] * 1.05
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
