"""The plan of a large invoice: the real planner's arithmetic beside a bare dict join, a SQL join and a pandas merge.

Every contender gets its inputs ready in memory (SQL: in tables with statistics) and says for each line or licence what
is to be done. The others compare exact names, quantities, prices and cycles and know no other rule. Times are processor
seconds, medians of the rounds, which take turns; memory is what a plan adds to its inputs at its peak.

The dict join comes bare, and with the items made that a plan has to store; the ratio is to that one.

Fails if a plan is wrong, or takes more than 2.5 times that dict join, or ten times the lines more than 11 times as
long, or more memory than its inputs three times.

    .venv/bin/python bench/plan.py [--lines 100000] [--rounds 3] [--json FILE]
"""

import asyncio
import gc
import json
import multiprocessing
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from beside import HERE, PROGRAMS
from devstack.postgres import postgres
from halosync.domain.model import Action, Client, Licence, LicenceState, Line, LineKind, Outcome
from halosync.domain.plan import PlanInput, PlannedItem, PlanSettings
from halosync.domain.planning import make_plan
from machine import machine

CASES = tuple((customers, changed) for customers in (1, 100, 10_000) for changed in (0, 5, 100))
SMALLER = 10
MOST_TIMES, MOST_GROWTH, MOST_MEMORY = 2.5, 11.0, 3.0
PRICE = Decimal("31.50")

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
    halosync_s: float
    bare_dict_s: float
    dict_s: float
    sql_s: float
    pandas_s: float | None
    memory_times: float


def inputs_of(lines: int, customers: int, changed: int) -> PlanInput:
    """Return an invoice and a Halo that has a licence for each of its lines, of which `changed` percent differ."""
    clients = [Client(number + 1, f"Customer {number}", inactive=False) for number in range(customers)]
    billed, licences = [], []
    for number in range(lines):
        customer, quantity = number % customers, Decimal(number % 40 + 1)
        code = f"PRODUCT-{number // customers}"
        name = f"Customer {customer}"
        billed.append(Line(number + 1, f"C-{customer}", name, code, LineKind.RECURRING, quantity, PRICE, "Monthly"))
        kept = quantity + 1 if number % 100 < changed else quantity
        licences.append(Licence(number + 1, customer + 1, code, kept, PRICE, None, "Monthly", is_active=True))
    return PlanInput(billed, clients, licences, settings=PlanSettings(delete_guard=None))


def dict_join(inputs: PlanInput, *, items: bool) -> list[object]:
    """Return what is to be done by the simplest program that can tell: exact names, and no rule besides.

    `items`: as what a plan has to store for each, with the states before and after; else as bare tuples.
    """
    client_of = {client.name: client.id for client in inputs.clients}
    found = {(licence.client_id, licence.name): licence for licence in inputs.licences}
    done: list[object] = []
    for line in inputs.lines:
        client_id = client_of[line.customer_name]
        licence = found.pop((client_id, line.product_code))
        kept = (licence.quantity, licence.price, licence.billing_cycle)
        wanted = (line.quantity, line.unit_price, line.billing_cycle)
        action = Action.UNCHANGED if kept == wanted else Action.UPDATE
        if items:
            state, after = LicenceState(*kept, licence.is_active), LicenceState(*wanted, active=True)
            of = ((line.customer_id,), line.customer_name, client_id, line.product_code, licence.name, licence.id)
            numbers = (line.line_no,)
            done.append(PlannedItem(*of, action, Outcome.PENDING, before=state, after=after, line_nos=numbers))
        else:
            done.append((action, line.line_no, licence.id))
    return done


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


async def measure(lines: int, customers: int, changed: int, rounds: int, url: str) -> Measured:
    inputs = inputs_of(lines, customers, changed)
    if not right(inputs, lines, changed):
        raise SystemExit(f"the plan of {customers} customers with {changed} % changed is wrong")
    connection = await asyncpg.connect(url)
    await fill(connection, inputs)
    ours, bare, theirs, sql, pandas = [], [], [], [], []
    for _ in range(rounds):
        ours.append(timed(lambda: make_plan(inputs)))
        bare.append(timed(lambda: dict_join(inputs, items=False)))
        theirs.append(timed(lambda: dict_join(inputs, items=True)))
        sql.append(await sql_join(connection))
        if PROGRAMS.exists():
            pandas.append(await pandas_merge(lines, customers, changed))
    await connection.close()
    median = statistics.median
    return Measured(
        *(lines, customers, changed),
        halosync_s=median(ours),
        bare_dict_s=median(bare),
        dict_s=median(theirs),
        sql_s=median(sql),
        pandas_s=median(pandas) if pandas else None,
        memory_times=memory_times(lines, customers, changed),
    )


async def compare(lines: int, rounds: int) -> tuple[list[Measured], Measured]:
    async with postgres(None) as server:
        measured = [await measure(lines, customers, changed, rounds, server.url) for customers, changed in CASES]
        return measured, await measure(lines // SMALLER, 100, 5, rounds, server.url)


def main(
    lines: Annotated[int, typer.Option(help="Lines, and licences in Halo.")] = 100_000,
    rounds: Annotated[int, typer.Option(min=1)] = 3,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the results to this file.")] = None,
) -> None:
    """Measure plans beside other ways to join the same rows."""
    measured, smaller = asyncio.run(compare(lines, rounds))
    print(machine())
    print(
        "  lines customers changed %  halosync  dict join  with items  times   SQL join   pandas  memory times inputs"
    )
    bad = False
    for each in [*measured, smaller]:
        times = each.halosync_s / each.dict_s
        pandas = "       -" if each.pandas_s is None else f"{each.pandas_s:8.3f}"
        joins = f"{each.halosync_s:9.3f} {each.bare_dict_s:10.3f} {each.dict_s:11.3f} {times:6.2f}"
        rest = f"{each.sql_s:10.3f} {pandas} {each.memory_times:10.2f}"
        print(f"{each.lines:7} {each.customers:9} {each.changed_percent:9} {joins} {rest}")
        bad |= times > MOST_TIMES or each.memory_times > MOST_MEMORY
    alike = next(each for each in measured if (each.customers, each.changed_percent) == (100, 5))
    growth = alike.halosync_s / smaller.halosync_s
    print(f"{SMALLER} times the lines take {growth:.1f} times as long")
    if json_file is not None:
        results = [asdict(each) for each in [*measured, smaller]]
        json_file.write_text(json.dumps({"machine": machine(), "plans": results, "growth": growth}, indent=1))
    raise SystemExit(1 if bad or growth > MOST_GROWTH else 0)


if __name__ == "__main__":
    typer.run(main)
