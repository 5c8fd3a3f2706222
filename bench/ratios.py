"""What rounds of the throughput bench say: how many times as quick halosync is, and at what share of the processor."""

from collections.abc import Mapping, Sequence

from rounds import Round, Turns, by_size
from row import Figure, median_ratio

QUEUES, DURABLE = ("celery", "dramatiq", "taskiq"), "durable"
TIMES_A_QUEUE = {1_500: 3.0, 20_000: 5.0}
"""How many times as quick as the best task queue halosync is to be, by how much there is to create."""
TIMES_DBOS, OF_DURABLE, OF_PROCESSOR = 15.0, 0.5, 1 / 3


def figures(measured: Sequence[Round]) -> list[Figure]:
    """Return the figures of each size with each number of workers."""
    return [figure for size, of in by_size(measured).items() for figure in of_size(*size, of)]


def of_size(creates: int, workers: int, of: Mapping[str, Turns]) -> list[Figure]:
    """Return the figures of one size; those beside task queues say which queues ran."""
    own, queues = of["halosync"], [name for name in QUEUES if name in of]
    times = {name: median_ratio(each.seconds, own.seconds) for name, each in of.items()}
    share = {name: median_ratio(own.cpu_seconds, each.cpu_seconds) for name, each in of.items()}
    sized = f"{creates:,} creates, {workers} writer{'s' if workers > 1 else ''}: "
    found = [Figure(f"{sized}creates a second", own.rate, unit="")]
    one = len(queues) == 1
    beside = f"{queues[0]}, the only queue that ran" if one else f"the best task queue (of {', '.join(queues)})"
    if queues:
        best = min(times[name] for name in queues)
        found.append(Figure(f"{sized}times {beside}", best, TIMES_A_QUEUE.get(creates), least=True))
    if "dbos" in of:
        found.append(Figure(f"{sized}times DBOS", times["dbos"], TIMES_DBOS, least=True))
    if DURABLE in of:
        found.append(Figure(f"{sized}of the speed of durable, one process", times[DURABLE], OF_DURABLE, least=True))
    if queues:
        most = max(share[name] for name in queues)
        found.append(Figure(f"{sized}of the processor time of {beside}", most, OF_PROCESSOR))
    return found
