"""The plan of a large invoice: the real planner's arithmetic beside a bare dict join, a SQL join and a pandas merge.

Every contender gets its inputs ready in memory (SQL: in tables with statistics) and says for each line or licence what
is to be done. The others compare exact names, quantities, prices and cycles and know no other rule. A case counts only
if all of them find as many updates as there are, and leave the rest. Times are processor seconds, those of the SQL join
seconds on the clock, because Postgres' processor time is told in hundredths; the least of the rounds, which take turns.
Garbage is not looked for while any of them is at work, as in the planner while a large plan is (`runtime/garbage.py`).
Memory is what a plan adds to its inputs at its peak.

The dict join comes bare, and with the items made that a plan has to store; the ratio is to that one, the median of the
rounds' ratios. How a plan grows is the median of the ratios of rounds of both sizes, of 100 customers, and of one where
halosync has written each licence.
"""

import asyncio
import gc
import json
import multiprocessing
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import asyncpg
from beside import HERE, PROGRAMS
from devstack.postgres import postgres
from halosync.domain.plan import PlanInput, PlannedItem
from halosync.domain.planning import make_plan
from halosync.runtime.garbage import garbage_left, look_for_garbage_seldom
from plan_inputs import dict_join, inputs_of, written_by_us
from row import Effort, Figure, Found, Row, WrongEndError, median_ratio

CASES = tuple((customers, changed) for customers in (1, 100, 10_000) for changed in (0, 5, 100))
SMALLER, ALIKE = 10, (100, 5)
"""How a plan grows is told of these customers and percent changed."""
UNBOUND = 2
"""So many rounds have those by which nothing is bound: the SQL join and the pandas merge."""
MOST_TIMES, MOST_GROWTH, MOST_MEMORY = 2.5, 11.0, 3.0

JOIN = """
SELECT coalesce(l.line_no, 0), h.id, CASE WHEN h.id IS NULL THEN 'create' WHEN l.line_no IS NULL THEN 'delete'
    WHEN (l.quantity, l.price, l.cycle) IS DISTINCT FROM (h.quantity, h.price, h.cycle) THEN 'update'
    ELSE 'unchanged' END AS action
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


def growth(inputs: Callable[[int], PlanInput], lines: int, rounds: int) -> float:
    """Return how many times as long ten times the lines take, in the median of rounds."""
    smaller, larger = inputs(lines // SMALLER), inputs(lines)
    took = [(timed(partial(make_plan, larger)), timed(partial(make_plan, smaller))) for _ in range(rounds)]
    return median_ratio([each for each, _ in took], [each for _, each in took])


def check(name: str, actions: Iterable[str], lines: int, changed: int) -> None:
    """Compare how many updates and unchanged ones a contender finds with how many there are.

    Raises:
        WrongEndError: it finds other ones.
    """
    updates = sum(number % 100 < changed for number in range(lines))
    wanted = Counter({"update": updates, "unchanged": lines - updates})
    if (found := Counter(actions)) != wanted:
        raise WrongEndError(f"{name} with {changed} % of {lines} changed finds {dict(found)}, not {dict(wanted)}")


def timed(work: Callable[[], object]) -> float:
    gc.collect()
    with garbage_left():
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
    look_for_garbage_seldom()
    before = resident("VmRSS")
    inputs = inputs_of(lines, customers, changed)
    with_inputs = resident("VmRSS")
    with garbage_left():
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
    """Return the seconds until its rows are here."""
    began = time.perf_counter()
    await connection.fetch(JOIN)
    return time.perf_counter() - began


async def pandas_merge(lines: int, customers: int, changed: int) -> float:
    """Return the processor seconds of the merge, which is checked as the others are."""
    process = await asyncio.create_subprocess_exec(
        *(str(PROGRAMS / "python"), str(HERE / "contenders" / "pandas_merge.py"), str(lines), str(customers)),
        str(changed),
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await process.communicate()
    found = json.loads(told)
    check("the pandas merge", Counter(found["actions"]).elements(), lines, changed)
    return float(found["seconds"])


async def measure(lines: int, customers: int, changed: int, effort: Effort, url: str) -> Measured:
    inputs = inputs_of(lines, customers, changed)
    connection = await asyncpg.connect(url)
    await fill(connection, inputs)
    check("the plan", (item.action for item in make_plan(inputs).items), lines, changed)
    for items in (False, True):
        joined = dict_join(inputs, items=items)
        actions = (each.action if isinstance(each, PlannedItem) else each[0] for each in joined)
        check("the dict join", actions, lines, changed)
    check("the SQL join", (row["action"] for row in await connection.fetch(JOIN)), lines, changed)
    ours, bare, theirs, sql, pandas = [], [], [], [], []
    for number in range(effort.turns):
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


async def compare(lines: int, effort: Effort) -> list[Measured]:
    """Return what each case takes, at last that of a tenth of the lines."""
    async with postgres(None) as server:
        measured = []
        for customers, changed in CASES:
            measured.append(await measure(lines, customers, changed, effort, server.url))
            print(f"  {measured[-1]}", flush=True)
        return [*measured, await measure(lines // SMALLER, *ALIKE, effort, server.url)]


def figures(measured: Sequence[Measured], grows: Mapping[str, float]) -> list[Figure]:
    *cases, smaller = measured
    found = [
        Figure(
            f"customers: {each.customers:,}, changed: {each.changed_percent} %: times the dict join",
            each.times,
            MOST_TIMES,
        )
        for each in cases
    ]
    found += [Figure(f"{SMALLER} times the lines, {which}", times, MOST_GROWTH) for which, times in grows.items()]
    alike = next(each for each in cases if (each.customers, each.changed_percent) == ALIKE)
    found.append(Figure(f"{SMALLER} times the lines, the dict join by its least", alike.dict_s / smaller.dict_s))
    sql = statistics.median(each.halosync_s / each.sql_s for each in cases)
    found.append(Figure("times the SQL join, in the middle", sql))
    merges = [each.halosync_s / each.pandas_s for each in cases if each.pandas_s]
    if merges:
        found.append(Figure("times the pandas merge, in the middle", statistics.median(merges)))
    found.append(Figure("memory, times its inputs, at most", max(each.memory_times for each in cases), MOST_MEMORY))
    return found


def measure_row(effort: Effort) -> Found:
    """Measure plans beside other ways to join the same rows."""
    look_for_garbage_seldom()
    lines = effort.of(100_000, 10_000)
    measured = asyncio.run(compare(lines, effort))
    grows = {
        "100 customers": growth(lambda number: inputs_of(number, *ALIKE), lines, effort.turns),
        "written by halosync": growth(lambda number: written_by_us(inputs_of(number, 1, 5)), lines, effort.turns),
    }
    details = {"plans": [asdict(each) for each in measured], "growth": grows}
    return Found(figures(measured, grows), details, rounds=effort.turns)


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
