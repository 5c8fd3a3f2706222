"""How long many changes take under a limit of 500 requests in a rolling window of five minutes, on a virtual clock.

Every request carries one change, so that nothing but the waiting is compared. halosync is the real planner and writers
in the simulation; the others are loops of four senders, as one would write them:

    press again     send everything; what got a 429 fails, and somebody presses Sync again a window later
    sleep on 429    wait a minute after each 429
    token bucket    500 tokens that come back evenly, and a minute's sleep after a 429
    pyrate-limiter  its rolling window, in one process; no other process knows of it

The ideal begins 500 requests with each window. Batch work of halosync leaves 2 % to people, so its own ideal is that of
490. A way counts only if each change, known by its number, was made once. `scaled.py` lets real servers do the
same in less time.
"""

from collections.abc import Mapping
from dataclasses import asdict

from limited_ways import SENDERS, WAYS, Limit, Waited, timed
from plots import bars
from row import Effort, Figure, Found, Row, WrongEndError
from simulation import clock
from simulation.__main__ import quiet
from simulation.fault_rates import NONE
from simulation.scenario import Scenario
from simulation.world import simulate

MOST = 1.03
UNSCALED = Limit(requests=500, window_s=300.0, answer_s=0.2, sleep_s=60.0)


def ours(changes: int, limit: Limit) -> Waited:
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
    return Waited("halosync", outcome.took_s, outcome.limited)


def ideal(changes: int, limit: Limit, *, reserved: int = 0) -> float:
    """Return when the last change is made, the limit less `reserved` being used up as each window begins."""
    windows, rest = divmod(changes - 1, limit.requests - reserved)
    return windows * limit.window_s + (rest // SENDERS + 1) * limit.answer_s


def figures(results: Mapping[str, Waited], changes: int, limit: Limit) -> list[Figure]:
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


def found_of(results: Mapping[str, Waited], changes: int, limit: Limit, drawing: str) -> Found:
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
    untimed=True,
)
