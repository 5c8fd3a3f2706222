"""Taking in a large invoice, by event and by `lines_url`, beside a bare COPY of the same rows.

The planner's real intake on a durable Postgres, in a process of its own, so that its peak of memory is its own; the
file with the lines comes as gzip and out of memory. The bare COPY has its rows ready and puts them into a table without
keys. The three take turns. A round counts only if every line was stored and the total is right. Measured are seconds,
processor seconds of our process, and its peak of memory.
"""

import asyncio
import gzip
import json
import multiprocessing
import statistics
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import asyncpg
import httpx
from devstack.fields import Fields
from devstack.postgres import postgres
from halosync.store.invoices import InvoiceStore
from halosync.store.migrate import migrate
from halosync.store.pool import open_pool
from halosync.store.runs import RunStore
from invoice_event import header, line
from plan import resident
from planner.intake import Intake
from planner.lines_fetcher import LinesFetcher
from planner.planning_slots import PlanningSlots
from row import Effort, Figure, Found, Row, WrongEndError, median_ratio

LEAST, MOST_MB = 0.4, 200
HOST = "invoices.test"
COLUMNS = (
    *("line_no", "line_id", "customer_id", "customer_name", "product_code", "product_name", "kind", "quantity"),
    *("unit_price", "billing_cycle"),
)
BARE = """
CREATE TABLE bare AS SELECT line_no, line_id, customer_id, customer_name, product_code, product_name, kind, quantity,
    unit_price, billing_cycle
FROM invoice_line WHERE false
"""
STORED = "SELECT line_count, total FROM invoice WHERE partner_id = $1"


def lines(number: int) -> Iterator[Fields]:
    for at in range(number):
        customer, product = divmod(at, 100)
        yield line(str(at), f"C-{customer}", f"Customer {customer}", product, at % 40 + 1)


def bodies(partner: str, number: int, *, by_url: bool) -> tuple[bytes, bytes]:
    """Return an event, and the file that it names if its lines are there."""
    if not by_url:
        return json.dumps({**header(partner), "lines": list(lines(number))}).encode(), b""
    file = gzip.compress(b"\n".join(json.dumps(each).encode() for each in lines(number)), compresslevel=1)
    return json.dumps({**header(partner), "lines_url": f"https://{HOST}/lines"}).encode(), file


async def take_in(url: str, partner: str, number: int, *, by_url: bool) -> tuple[float, float, float]:
    """Take an invoice in; return seconds, processor seconds, and the peak of memory in MB."""
    event, file = bodies(partner, number, by_url=by_url)
    pool = await open_pool(url)
    await pool.execute("INSERT INTO partner (partner_id, name) VALUES ($1, $1)", partner)
    http = httpx.AsyncClient(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, stream=httpx.ByteStream(file)))
    )
    runs, fetcher = RunStore(pool), LinesFetcher(http, frozenset({HOST}))
    intake = Intake(InvoiceStore(pool), runs, fetcher, PlanningSlots())
    began, spent = time.perf_counter(), time.process_time()
    await intake.take_in(event)
    took = time.perf_counter() - began, time.process_time() - spent
    row = await pool.fetchrow(STORED, partner)
    await pool.close()
    total = sum(at % 40 + 1 for at in range(number)) * Decimal("31.50")
    if row is None or tuple(row) != (number, total):
        raise WrongEndError(f"stored was {row}, not {number} lines of {total}")
    return *took, resident("VmHWM") / 1024


def child(url: str, partner: str, number: int, way: str, told: "multiprocessing.Queue[Any]") -> None:
    told.put(asyncio.run(take_in(url, partner, number, by_url=way == "lines_url")))


async def in_its_own_process(url: str, partner: str, number: int, way: str) -> tuple[float, float, float]:
    spawned = multiprocessing.get_context("spawn")
    told: multiprocessing.Queue[tuple[float, float, float]] = spawned.Queue()
    process = spawned.Process(target=child, args=(url, partner, number, way, told))
    process.start()
    found = await asyncio.to_thread(told.get, timeout=600)
    process.join()
    return found


async def copy(url: str, number: int) -> float:
    """Copy the rows into a bare table; return the seconds."""
    rows = [
        (at + 1, *(str(each[name]) for name in COLUMNS[1:7]), Decimal(each["quantity"]), Decimal("31.50"), "Monthly")
        for at, each in enumerate(lines(number))
    ]
    connection = await asyncpg.connect(url)
    await connection.execute("DROP TABLE IF EXISTS bare")
    await connection.execute(BARE)
    began = time.perf_counter()
    await connection.copy_records_to_table("bare", records=rows, columns=COLUMNS)
    took = time.perf_counter() - began
    if await connection.fetchval("SELECT count(*) FROM bare") != number:
        raise WrongEndError("the COPY is not whole")
    await connection.close()
    return took


async def measure(number: int, rounds: int) -> tuple[dict[str, list[tuple[float, float, float]]], list[float]]:
    found: dict[str, list[tuple[float, float, float]]] = {"event": [], "lines_url": []}
    bare: list[float] = []
    async with postgres(None, durable=True) as server:
        url = await server.create_database("intake")
        await migrate(url)
        for at in range(rounds):
            bare.append(await copy(url, number))
            for way, took in found.items():
                took.append(await in_its_own_process(url, f"{way}-{at}", number, way))
                print(f"  round {at + 1}: COPY {bare[-1]:.2f} s, by {way} {took[-1][0]:.2f} s", flush=True)
    return found, bare


def figures(way: str, found: Sequence[tuple[float, float, float]], bare: Sequence[float], number: int) -> list[Figure]:
    took, spent, peak = zip(*found, strict=True)
    return [
        Figure(f"by {way}: of the speed of the COPY", median_ratio(bare, took), LEAST, least=True),
        Figure(f"by {way}: memory at its peak", statistics.median(peak), MOST_MB, unit="MB"),
        Figure(f"by {way}: of our processor, a line", statistics.median(spent) / number * 1e6, unit="µs"),
    ]


def measure_row(effort: Effort) -> Found:
    """Measure the intake of an invoice."""
    number = effort.of(100_000, 5_000)
    found, bare = asyncio.run(measure(number, effort.turns))
    of_both = [each for way, rounds in found.items() for each in figures(way, rounds, bare, number)]
    names = ("seconds", "processor_s", "peak_mb")
    rounds = {way: [dict(zip(names, each, strict=True)) for each in these] for way, these in found.items()}
    return Found(of_both, {"lines": number, "copy_s": bare, **rounds}, rounds=effort.turns)


ROW = Row(
    name="intake",
    what="taking in 100,000 lines, by event and by lines_url",
    against="bare COPY of the same rows",
    to_reach="0.4 of it, under 200 MB",
    measure=measure_row,
    first_s=8,
    round_s=11,
)
