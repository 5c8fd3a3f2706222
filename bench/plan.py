"""The plan of a large invoice: the real planner's arithmetic beside a bare dict join, a SQL join and a pandas merge.

Every contender gets its inputs ready in memory (SQL: in tables with statistics) and says for each line or licence what
is to be done. The others compare exact names, quantities, prices and cycles and know no other rule. Times are processor
seconds, the least of the rounds, which take turns; memory is what a plan adds to its inputs at its peak.

The dict join comes bare, and with the items made that a plan has to store; the ratio is to that one, the median of the
rounds' ratios. How a plan grows is also looked at where halosync has written each licence, all of one customer.
"""

import asyncio
import gc
import multiprocessing
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import asyncpg
from beside import HERE, PROGRAMS
from devstack.postgres import postgres
from halosync.domain.model import Action
from halosync.domain.plan import PlanInput
from halosync.domain.planning import make_plan
from plan_inputs import dict_join, inputs_of, written_by_us
from row import Effort, Figure, Found, Row, WrongEndError, median_ratio

CASES = tuple((customers, changed) for customers in (1, 100, 10_000) for changed in (0, 5, 100))
SMALLER = 10
UNBOUND = 2
"""So many rounds have those by which nothing is bound: the SQL join and the pandas merge."""
MOST_TIMES, MOST_GROWTH, MOST_MEMORY = 2.5, 11.0, 3.0

JOIN = """
SELECT coalesce(l.line_no, 0), h.id, CASE WHEN h.id IS NULL THEN 'create' WHEN l.line_no IS NULL THEN 'delete'
    WHEN (l.quantity, l.price, l.cycle) IS DISTINCT FROM (h.quantity, h.price, h.cycle) THEN 'update'
    ELSE 'unchanged' END
FROM line l FULL JOIN licence h ON h.client_id = l.client_id AND h.name = l.code
"""


@dataclass(frozen=True)
class Measured:
    lines: int
    customers: int
    changed_percent: int
    times: float
    halosync_s: float
    bare_dict_s: float
    dict_s: float
    sql_s: float
    pandas_s: float | None
    memory_times: float


def growth(lines: int, rounds: int) -> float:
    """Return how many times as long ten times the lines take, for one customer whose licences halosync wrote."""
    sizes = [written_by_us(inputs_of(number, 1, 5)) for number in (lines // SMALLER, lines)]
    took = [[timed(partial(make_plan, inputs)) for inputs in sizes] for _ in range(rounds)]
    return min(larger for _, larger in took) / min(smaller for smaller, _ in took)


def right(inputs: PlanInput, lines: int, changed: int) -> bool:
    items = make_plan(inputs).items
    updates = sum(item.action is Action.UPDATE for item in items)
    return len(items) == lines and updates == sum(number % 100 < changed for number in range(lines))


def timed(work: Callable[[], object]) -> float:
    gc.collect()
    began = time.process_time()
    kept = work()
    took = time.process_time() - began
    del kept
    return took


def resident(field: str) -> int:
    text = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(field))


def memory_of(lines: int, customers: int, changed: int, told: "multiprocessing.Queue[float]") -> None:
    """Tell how many times its inputs a plan's process needs, inputs included; in a process of its own."""
    before = resident("VmRSS")
    inputs = inputs_of(lines, customers, changed)
    with_inputs = resident("VmRSS")
    make_plan(inputs)
    told.put((resident("VmHWM") - before) / (with_inputs - before))


def memory_times(lines: int, customers: int, changed: int) -> float:
    spawned = multiprocessing.get_context("spawn")
    told: multiprocessing.Queue[float] = spawned.Queue()
    process = spawned.Process(target=memory_of, args=(lines, customers, changed, told))
    process.start()
    times = told.get()
    process.join()
    return times


async def fill(connection: "asyncpg.Connection[asyncpg.Record]", inputs: PlanInput) -> None:
    await connection.execute(
        """DROP TABLE IF EXISTS line, licence;
        CREATE TABLE line (line_no int, client_id int, code text, quantity numeric, price numeric, cycle text);
        CREATE TABLE licence (id int, client_id int, name text, quantity numeric, price numeric, cycle text)"""
    )
    client_of = {client.name: client.id for client in inputs.clients}
    lines = [
        (each.line_no, client_of[each.customer_name], each.product_code, each.quantity, each.unit_price, "Monthly")
        for each in inputs.lines
    ]
    licences = [
        (each.id, each.client_id, each.name, each.quantity, each.price, each.billing_cycle) for each in inputs.licences
    ]
    await connection.copy_records_to_table("line", records=lines)
    await connection.copy_records_to_table("licence", records=licences)
    await connection.execute("ANALYZE line, licence")


async def sql_join(connection: "asyncpg.Connection[asyncpg.Record]") -> float:
    """Return processor seconds of the server and of taking the rows."""
    spent = Path(f"/proc/{connection.get_server_pid()}/stat")

    def server_s() -> float:
        fields = spent.read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    before, began = server_s(), time.process_time()
    await connection.fetch(JOIN)
    return server_s() - before + time.process_time() - began


async def pandas_merge(lines: int, customers: int, changed: int) -> float:
    process = await asyncio.create_subprocess_exec(
        *(str(PROGRAMS / "python"), str(HERE / "contenders" / "pandas_merge.py"), str(lines), str(customers)),
        str(changed),
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await process.communicate()
    return float(told)


async def measure(lines: int, customers: int, changed: int, effort: Effort, url: str) -> Measured:
    inputs = inputs_of(lines, customers, changed)
    if not right(inputs, lines, changed):
        raise WrongEndError(f"the plan of {customers} customers with {changed} % changed is wrong")
    connection = await asyncpg.connect(url)
    await fill(connection, inputs)
    ours, bare, theirs, sql, pandas = [], [], [], [], []
    for number in range(effort.of(effort.rounds, 1)):
        ours.append(timed(lambda: make_plan(inputs)))
        bare.append(timed(lambda: dict_join(inputs, items=False)))
        theirs.append(timed(lambda: dict_join(inputs, items=True)))
        if number >= effort.most(UNBOUND):
            continue
        sql.append(await sql_join(connection))
        if PROGRAMS.exists():
            pandas.append(await pandas_merge(lines, customers, changed))
    await connection.close()
    return Measured(
        *(lines, customers, changed),
        times=median_ratio(ours, theirs),
        halosync_s=min(ours),
        bare_dict_s=min(bare),
        dict_s=min(theirs),
        sql_s=min(sql),
        pandas_s=min(pandas) if pandas else None,
        memory_times=memory_times(lines, customers, changed),
    )


async def compare(lines: int, effort: Effort) -> tuple[list[Measured], Measured]:
    async with postgres(None) as server:
        measured = []
        for customers, changed in CASES:
            measured.append(await measure(lines, customers, changed, effort, server.url))
            print(f"  {measured[-1]}", flush=True)
        return measured, await measure(lines // SMALLER, 100, 5, effort, server.url)


def figures(measured: Sequence[Measured], grows: Mapping[str, float]) -> list[Figure]:
    found = [
        Figure(
            f"customers: {each.customers:,}, changed: {each.changed_percent} %: times the dict join",
            each.times,
            MOST_TIMES,
        )
        for each in measured
    ]
    found += [Figure(f"{SMALLER} times the lines, {which}", times, MOST_GROWTH) for which, times in grows.items()]
    sql = statistics.median(each.halosync_s / each.sql_s for each in measured)
    found.append(Figure("times the SQL join, in the middle", sql))
    merges = [each.halosync_s / each.pandas_s for each in measured if each.pandas_s]
    if merges:
        found.append(Figure("times the pandas merge, in the middle", statistics.median(merges)))
    found.append(Figure("memory, times its inputs, at most", max(each.memory_times for each in measured), MOST_MEMORY))
    return found


def measure_row(effort: Effort) -> Found:
    """Measure plans beside other ways to join the same rows."""
    lines = effort.of(100_000, 10_000)
    measured, smaller = asyncio.run(compare(lines, effort))
    alike = next(each for each in measured if (each.customers, each.changed_percent) == (100, 5))
    grows = {
        "100 customers": alike.halosync_s / smaller.halosync_s,
        "written by halosync": growth(lines, effort.of(effort.rounds, 1)),
    }
    details = {"plans": [asdict(each) for each in [*measured, smaller]], "growth": grows}
    return Found(figures(measured, grows), details)


ROW = Row(
    name="plan",
    what="plan 100,000 lines and licences: 1, 100, 10,000 customers; 0, 5, 100 % changed",
    against="a dict join; a SQL join; pandas merge",
    to_reach="2.5 times the dict join; ten times the lines 11-fold; memory 3 times its inputs",
    measure=measure_row,
    first_s=75,
    round_s=24,
    quick_s=60,
)
