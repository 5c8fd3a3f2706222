"""How much slower the pages of 20,000 lines and 1,000 customers are than the statements they issue.

Real are the application behind uvicorn, its pool, Postgres, and a browser's session; nothing else goes on. Each view of
the page is asked for over HTTP; every statement that this took is recorded and then executed alone, in turns with the
page. Measured are the medians of both and their ratio, and how much the browser gets. A view that sends more than one
page of lines counts nothing.
"""

import asyncio
import logging
import re
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, TypeAlias, cast

import httpx
import structlog
from devstack.ports import free_port
from devstack.postgres import postgres
from devstack.wait import until
from halosync.contracts.settings import RateLimit
from halosync.domain.acts import COMMAND_LINE
from halosync.ports.requests import Asker
from halosync.runtime.health import serve_until, server
from halosync.store.migrate import migrate
from halosync.store.pool import Pool, open_pool
from report_api.app import build
from report_api.assembly import ports_on
from report_api.ports import Ports
from report_api.web.paging import ROWS
from report_rows import PARTNER, load, sign_in
from row import Effort, Figure, Found, Row, WrongEndError

Statement: TypeAlias = tuple[str, tuple[object, ...]]

LIMIT = 3.0
MOST_BYTES = 100_000
"""Of a page with 50 or 200 rows. Pages are not compressed: they hold the form's token beside what a stranger may have
named (BREACH)."""
QUICK_MS = 20.0
"""A page that takes no longer is quick enough, whatever its statements take."""
WARM_UP = 6
"""Requests before anything is measured: Postgres settles on a plan for a prepared statement after five."""

VIEWS = {
    "report, first page": "report",
    "failed": "report?status=failed",
    "needs attention": "report?status=attention",
    "searched": "report?q=product+number+77",
    "sorted by status": "report?sort=status",
    "sorted by total": "report?sort=-total",
    "one customer's lines": "report?customer=C-7",
    "late page": "report?page={last}",
    "200 rows": "report?rows=200",
    "nothing found": "report?q=nothing+has+this+name",
    "month": "month",
    "month, 200 customers": "month?rows=200",
    "month, rows of a reason": "month?reason={reason}",
    "customer": "customer/C-7",
    "search, many hits": "search?q=product",
    "search, one hit": "search?q=customer+77+pty",
    "history": "history",
    "run": "runs/{run}",
    "run, 200 items": "runs/{run}?rows=200",
    "history, sorted": "history?sort=-took",
    "audit log": "audit?q=sync",
}


def api_ports(pool: Pool, url: str) -> Ports:
    """Return ports with every store on the pool."""
    nobody = cast("Asker", None)  # the page asks nobody
    return ports_on(pool, public_url=url, rate_limit=RateLimit(requests=500, window_s=300), services=nobody)


async def answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/sign-in")).is_success
    except httpx.ConnectError:
        return False


@asynccontextmanager
async def portal(pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    """Serve the application, and give a browser that is signed in."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    ports = api_ports(pool, url)
    key = (await ports.keys.create(PARTNER, "bench", by=COMMAND_LINE)).api_key
    stop = asyncio.Event()
    serving = asyncio.create_task(serve_until(server(build(ports), "127.0.0.1", port), stop))
    async with httpx.AsyncClient(base_url=url, timeout=60, follow_redirects=True) as client:
        await until(partial(answers, client), what="an answer of the portal", timeout_s=30)
        await sign_in(client, key)
        yield client
    stop.set()
    await serving


def recorder(statements: list[Statement]) -> Callable[[Any], None]:
    """Return what keeps the statements that a connection executes."""

    def record(logged: Any) -> None:
        # The pool's own tidying between two borrowers is no statement of the page.
        if "pg_advisory_unlock_all" not in logged.query:
            statements.append((logged.query, tuple(logged.args or ())))

    return record


async def timed(work: Callable[[], Awaitable[Any]]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = await work()
    return 1000 * (time.perf_counter() - started), result


async def execute(pool: Pool, statements: list[Statement]) -> None:
    async with pool.acquire() as connection:
        for query, args in statements:
            await (connection.fetch(query, *args) if args else connection.execute(query))


@dataclass(frozen=True)
class Viewed:
    """How long a view and its bare statements take in the middle, and what the browser gets."""

    name: str
    statements: int
    bare_ms: float
    page_ms: float
    rows: int
    size: int

    @property
    def times(self) -> float:
        return self.page_ms / self.bare_ms


async def view(pool: Pool, client: httpx.AsyncClient, name: str, query: str, rounds: int) -> Viewed:
    """Measure one view of the page."""
    statements: list[Statement] = []
    address = f"/portal/{PARTNER}/{query}"
    pages, bare = [], []
    await client.get(address)
    record = recorder(statements)
    async with pool.acquire() as connection:  # the only one, so also the one that the page will borrow
        connection.add_query_logger(record)
    response = await client.get(address)
    async with pool.acquire() as connection:
        connection.remove_query_logger(record)
    for round_ in range(WARM_UP + rounds):
        page_ms, response = await timed(lambda: client.get(address))
        bare_ms, _ = await timed(lambda: execute(pool, statements))
        if round_ >= WARM_UP:
            pages.append(page_ms)
            bare.append(bare_ms)
    rows = len(re.findall(r'<td class="status"', response.text))
    if response.status_code != 200 or rows > (200 if "rows=200" in query else ROWS):
        raise WrongEndError(f"{address} answered {response.status_code} with {rows} rows")
    middle = statistics.median(bare), statistics.median(pages)
    viewed = Viewed(name, len(statements), *middle, rows, len(response.content))
    print(f"  {viewed}, {viewed.times:.2f} times", flush=True)
    return viewed


async def measure(number: int, rounds: int) -> list[Viewed]:
    # Nothing of the access log among the figures.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    async with postgres(None) as running:
        url = await running.create_database("bench")
        await migrate(url)
        pool = await open_pool(url, max_size=1)
        await load(pool, number)
        last = -(-number // ROWS)
        run = await pool.fetchval("SELECT run_id FROM run")
        reason = await pool.fetchval(
            "SELECT reason FROM item WHERE reason IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC"
        )
        async with portal(pool) as client:
            viewed = [
                await view(pool, client, name, query.format(last=last, run=run, reason=reason), rounds)
                for name, query in VIEWS.items()
            ]
        await pool.close()
    return viewed


def figures(viewed: Sequence[Viewed]) -> list[Figure]:
    """Return the slowest of the views, those apart that are quick enough whatever their statements take."""
    found = []
    if slow := [each for each in viewed if each.page_ms > QUICK_MS]:
        worst = max(slow, key=lambda each: each.times)
        found.append(Figure(f"views of more than {QUICK_MS:g} ms, the worst ({worst.name})", worst.times, LIMIT))
    if quick := [each for each in viewed if each.page_ms <= QUICK_MS]:
        worst = max(quick, key=lambda each: each.times)
        found.append(Figure(f"views of at most {QUICK_MS:g} ms, the worst ({worst.name})", worst.times))
    largest = max(each.size for each in viewed)
    return [*found, Figure("the largest view", largest / 1000, MOST_BYTES / 1000, unit="kB")]


def measure_row(effort: Effort) -> Found:
    """Measure the pages of many lines."""
    rounds = 3 * effort.turns
    viewed = asyncio.run(measure(effort.of(20_000, 1_000), rounds))
    return Found(figures(viewed), {"views": [asdict(each) | {"times": each.times} for each in viewed]}, rounds=rounds)


ROW = Row(
    name="report",
    what="report, month, customer, search, history, run and audit pages of 20,000 lines, alone",
    against="their bare SQL",
    to_reach="3 times; 100 kB",
    measure=measure_row,
    first_s=30,
    round_s=10,
)
