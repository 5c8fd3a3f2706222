"""What rounds of the throughput bench say: how many times as quick halosync is, and at what share of the processor."""

import statistics
from collections.abc import Sequence

from rounds import Round
from row import Figure, median_ratio

QUEUES, DURABLE = ("celery", "dramatiq", "taskiq"), "durable"
TIMES_A_QUEUE = {1_500: 3.0, 20_000: 5.0}
"""How many times as quick as the best task queue halosync is to be, by how much there is to create."""
TIMES_DBOS, OF_DURABLE, OF_PROCESSOR = 15.0, 0.5, 1 / 3


def figures(measured: Sequence[Round]) -> list[Figure]:
    """Return the figures of each size with each number of workers."""
    sizes = sorted({(each.creates, each.workers) for each in measured})
    return [figure for creates, workers in sizes for figure in of_size(measured, creates, workers)]


def of_size(measured: Sequence[Round], creates: int, workers: int) -> list[Figure]:
    of: dict[str, list[Round]] = {}
    for each in measured:
        if (each.creates, each.workers) == (creates, workers):
            of.setdefault(each.contender, []).append(each)
    own = of["halosync"]
    seconds, spent = [each.seconds for each in own], [each.cpu_seconds for each in own]
    times = {name: median_ratio([each.seconds for each in of[name]], seconds) for name in of}
    share = {name: median_ratio(spent, [each.cpu_seconds for each in of[name]]) for name in of}
    queues = [name for name in QUEUES if name in of]
    writers = f"{workers} writer{'s' if workers > 1 else ''}"
    sized = f"{creates:,} creates, {writers}: "
    found = [Figure(f"{sized}creates a second", creates / statistics.median(seconds), unit="")]
    if queues:
        found.append(
            Figure(
                f"{sized}times the best task queue",
                min(times[name] for name in queues),
                TIMES_A_QUEUE.get(creates),
                least=True,
            )
        )
    if "dbos" in of:
        found.append(Figure(f"{sized}times DBOS", times["dbos"], TIMES_DBOS, least=True))
    if DURABLE in of:
        found.append(Figure(f"{sized}of the speed of durable", times[DURABLE], OF_DURABLE, least=True))
    if queues:
        least = max(share[name] for name in queues)
        found.append(Figure(f"{sized}of the best queue's processor time", least, OF_PROCESSOR))
    return found
