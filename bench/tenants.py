"""10,000 tenants whose runs are requested at once, a few of them giants, by simulation with the real scheduling code.

The giants come first: each has 1,000 arrays, so twice as many requests as its limit lets pass in a window. The others
have 5 creates. Four planners and four writers work on a virtual clock (`tenants_world.py`). Their scheduling is

    halosync    as it is: at most 4 batches of a run with the writers, 4 places of a tenant in each, delay tiers
    tiers only  all batches at once and no shares: what has no permit comes again after a delay
    one FIFO    all batches at once, in one queue that is worked off in order: what has no permit waits in its place

and alone are the small ones without the giants, and the giants without the small ones, as halosync schedules them. A
case counts only if every tenant has each licence once, and none was asked more often than its limit lets pass.
"""

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context

from halosync.store.batches import IN_FLIGHT
from plots import bars
from row import Effort, Figure, Found, Row
from simulation import clock
from simulation.__main__ import quiet
from tenants_world import Crowd, Scheduling

SMALL, GIANT, ALL = 5, 5_000, 1_000_000
HALOSYNC = Scheduling("halosync", IN_FLIGHT, 4)
TIERS = Scheduling("tiers only", ALL, ALL)
FIFO = Scheduling("one FIFO", ALL, ALL, in_place=True)
MOST_TIMES, MOST_MESSAGES = 2.0, 2.0


@dataclass(frozen=True)
class Ended:
    """When runs ended, in seconds; of no run: 0."""

    small_median_s: float
    small_p99_s: float
    small_last_s: float
    giants_first_s: float
    giants_last_s: float
    after_giants: int
    """Small runs that ended after the first giant: they starve."""
    messages: float
    """Deliveries to the writers a batch."""


def case(scheduling: Scheduling, giants: int, small: int, giant: int = GIANT) -> Ended:
    """Let the runs of one case end."""
    quiet()
    crowd = Crowd([giant] * giants + [SMALL] * small, scheduling)
    took = clock.run(crowd.live())
    large, rest = sorted(took[:giants]), sorted(took[giants:])
    return Ended(
        rest[len(rest) // 2] if rest else 0.0,
        rest[-1 - len(rest) // 100] if rest else 0.0,
        rest[-1] if rest else 0.0,
        large[0] if large else 0.0,
        large[-1] if large else 0.0,
        sum(each > large[0] for each in rest) if large else 0,
        crowd.messages / crowd.batches,
    )


def compare(giants: int, small: int, giant: int) -> dict[str, Ended]:
    """Return how each case ended; two at a time."""
    cases = {
        "halosync": (HALOSYNC, giants, small),
        "tiers only": (TIERS, giants, small),
        "one FIFO": (FIFO, giants, small),
        "small ones alone": (HALOSYNC, 0, small),
        "giants alone": (HALOSYNC, giants, 0),
    }
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        begun = {name: pool.submit(case, *each, giant) for name, each in cases.items()}
        found = {}
        for name, future in begun.items():
            found[name] = future.result()
            print(f"  {name}: {found[name]}", flush=True)
    return found


def figures(found: Mapping[str, Ended]) -> list[Figure]:
    alone, giants = found["small ones alone"].small_p99_s, found["giants alone"].giants_last_s
    told = []
    for name in ("halosync", "tiers only", "one FIFO"):
        each, ours = found[name], name == "halosync"
        times, messages = (MOST_TIMES, MOST_MESSAGES) if ours else (None, None)
        told += [
            Figure(f"{name}: the 99th of a hundred small runs, times without giants", each.small_p99_s / alone, times),
            Figure(f"{name}: small runs that end after a giant", each.after_giants, 0 if ours else None, unit=""),
            Figure(f"{name}: the last giant, times without small runs", each.giants_last_s / giants, times),
            Figure(f"{name}: messages moved an action", each.messages, messages, unit=""),
        ]
    return told


def measure_row(effort: Effort) -> Found:
    """Compare how work is shared out."""
    giants, small, giant = effort.of((5, 10_000, GIANT), (1, 300, 3_000))
    found = compare(giants, small, giant)
    seconds = {name: each.small_p99_s for name, each in found.items() if each.small_p99_s}
    drawing = bars("Seconds until the 99th of a hundred small runs has ended", seconds)
    sizes = {"giants": giants, "small": small, "creates_of_a_giant": giant}
    return Found(
        figures(found), {**sizes, **{name: asdict(each) for name, each in found.items()}}, {"tenants": drawing}
    )


ROW = Row(
    name="tenants",
    what="10,000 tenants at once beside giants, by simulation with the real scheduling code",
    against="one FIFO; tiers only",
    to_reach="the 99th after 2 times alone; nobody starves; at most 2 messages moved an action",
    measure=measure_row,
    first_s=100,
    untimed=True,
)
