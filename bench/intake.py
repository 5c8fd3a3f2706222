"""Taking in a large invoice, by event and by `lines_url`, beside a bare COPY of the same rows.

The planner's real intake on a durable Postgres, in a process of its own, so that its peak of memory is its own; the
file with the lines comes as gzip and out of memory. The bare COPY has its rows ready and puts them into a table without
keys. The three take turns. A round counts only if every line was stored and the total is right.

Prints medians of seconds, processor seconds of our process, and the ratio. Fails if an intake is slower than 0.4 of the
COPY, or its process needs 200 MB or more.

    .venv/bin/python bench/intake.py [--lines 100000] [--rounds 3]
"""

import asyncio
import gzip
import json
import multiprocessing
import statistics
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Any

import asyncpg
import httpx
import typer
from devstack.postgres import postgres
from halosync.store.invoices import InvoiceStore
from halosync.store.migrate import migrate
from halosync.store.pool import open_pool
from halosync.store.runs import RunStore
from invoice_event import header, line
from machine import machine
from plan import resident
from planner.intake import Intake
from planner.lines_fetcher import LinesFetcher
from planner.planning_slots import PlanningSlots

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


def lines(number: int) -> Iterator[dict[str, Any]]:
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
        raise SystemExit(f"stored was {row}, not {number} lines of {total}")
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
        raise SystemExit("the COPY is not whole")
    await connection.close()
    return took


async def measure(number: int, rounds: int) -> bool:
    found: dict[str, list[tuple[float, float, float]]] = {"event": [], "lines_url": []}
    bare: list[float] = []
    async with postgres(None, durable=True) as server:
        url = await server.create_database("intake")
        await migrate(url)
        for at in range(rounds):
            bare.append(await copy(url, number))
            for way, took in found.items():
                took.append(await in_its_own_process(url, f"{way}-{at}", number, way))
    print(machine())
    print(f"bare COPY of {number} rows: {statistics.median(bare):.2f} s")
    failed = [way for way, took in found.items() if told(way, took, bare)]
    return bool(failed)


def told(way: str, found: Sequence[tuple[float, float, float]], bare: Sequence[float]) -> bool:
    took, spent, peak = (statistics.median(each) for each in zip(*found, strict=True))
    ratio = statistics.median(least / each[0] for each, least in zip(found, bare, strict=True))
    print(f"by {way}: {took:.2f} s, {spent:.2f} s of its processor, {ratio:.2f} of the COPY, {peak:.0f} MB at most")
    return ratio < LEAST or peak >= MOST_MB


def main(lines: Annotated[int, typer.Option(min=1)] = 100_000, rounds: Annotated[int, typer.Option(min=1)] = 3) -> None:
    """Measure the intake of an invoice."""
    raise SystemExit(1 if asyncio.run(measure(lines, rounds)) else 0)


if __name__ == "__main__":
    typer.run(main)
