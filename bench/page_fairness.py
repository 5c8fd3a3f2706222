"""Whether one partner that does its worst keeps another waiting for its report page.

Real are Postgres, RabbitMQ and the four processes. Partner `greedy` has KEYS keys and an invoice of LINES lines with
its run. Each key asks for as much at once as one key may (and for more): exports of all lines, and pages of 500 of
them. Partner `quiet` has 200 lines, and a browser opens its report page again and again. Rounds alone and beside the
greedy one take turns. Prints median and 95th percentile of both and their ratio; exit code 1: the ratio of the 95th
percentiles is over LIMIT in the median round.

    .venv/bin/python bench/page_fairness.py [KEYS] [LINES]     # 1 and 20,000 by default
"""

import asyncio
import contextlib
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import httpx
from devstack.options import StackOptions
from devstack.stack import running_stack
from halosync.domain.acts import COMMAND_LINE
from halosync.store.keys import KeyStore
from halosync.store.pool import open_pool

LIMIT = 3.0
ROUNDS, PAGES = 4, 60
EXPORTS, LARGE_PAGES = 4, 12
"""What each key asks for at once: more than it gets."""
GREEDY, QUIET = "greedy", "quiet"


async def load(pool: "asyncpg.Pool[asyncpg.Record]", partner: str, number: int) -> None:
    """Store a partner with an invoice of `number` lines and the run that applied it."""
    await pool.execute("INSERT INTO partner (partner_id, name) VALUES ($1, $1)", partner)
    await pool.execute("INSERT INTO connection (partner_id, state, tenant) VALUES ($1, 'connected', $1)", partner)
    invoice_pk = await pool.fetchval(
        "INSERT INTO invoice"
        " (partner_id, invoice_id, revision, event_id, period, currency, issued_at, line_count, total)"
        " VALUES ($1, 'INV-1', 1, $2, '2026-11', 'AUD', now(), $3, 0) RETURNING invoice_pk",
        *(partner, uuid4(), number),
    )
    run_id = await pool.fetchval(
        "INSERT INTO run (partner_id, invoice_pk, tenant, mode, state, requested_by)"
        " VALUES ($1, $2, $1, 'apply', 'writing', 'bench') RETURNING run_id",
        *(partner, invoice_pk),
    )
    await pool.execute(
        "INSERT INTO invoice_line (invoice_pk, line_no, line_id, customer_id, customer_name, product_code,"
        " product_name, kind, quantity, unit_price, billing_cycle)"
        " SELECT $1, n, n::text, 'C-' || n % 200, 'Customer ' || n % 200,"
        " 'PRODUCT-' || n, 'Product number ' || n, 'recurring', n % 400 + 1, 31.5, 'Monthly'"
        " FROM generate_series(1, $2::integer) AS n",
        *(invoice_pk, number),
    )
    await pool.execute(
        "INSERT INTO item (run_id, seq, customer_ids, customer_name, product_code, action, outcome, line_nos)"
        " SELECT $1, n, ARRAY['C-' || n % 200], 'Customer ' || n % 200, 'PRODUCT-' || n, 'update', 'synced', ARRAY[n]"
        " FROM generate_series(1, $2::integer) AS n",
        *(run_id, number),
    )
    await pool.execute("UPDATE run SET state = 'succeeded', finished_at = now() WHERE run_id = $1", run_id)


class Greedy:
    """Asks for all that it can get, again and again."""

    def __init__(self, url: str, keys: list[str]) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=120, limits=httpx.Limits(max_connections=None))
        self._lines = f"/v1/partners/{GREEDY}/invoices/INV-1/lines"
        self._keys = keys
        self.answered: Counter[int] = Counter()

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(self._ask(key, exports=number < EXPORTS))
            for key in self._keys
            for number in range(EXPORTS + LARGE_PAGES)
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, key: str, *, exports: bool) -> None:
        headers = {"Authorization": f"Bearer {key}", "Accept": "text/csv" if exports else "application/json"}
        while True:
            try:
                async with self._client.stream("GET", self._lines, headers=headers, params={"limit": 500}) as answer:
                    async for _ in answer.aiter_raw():
                        pass
                self.answered[answer.status_code] += 1
                if answer.status_code == 429:
                    await asyncio.sleep(0.2)
            except httpx.TransportError:
                self.answered[0] += 1
                await asyncio.sleep(0.2)

    async def close(self) -> None:
        await self._client.aclose()


async def sign_in(client: httpx.AsyncClient, key: str) -> None:
    form = re.search(r'name="csrf" value="(\w+)"', (await client.get("/sign-in")).text)
    if form is None:
        raise SystemExit("there is no form to sign in with")
    await client.post("/sign-in", data={"csrf": form[1], "api_key": key})


async def page_ms(client: httpx.AsyncClient) -> list[float]:
    took = []
    for _ in range(PAGES):
        began = time.perf_counter()
        answer = await client.get(f"/portal/{QUIET}/report")
        took.append(1000 * (time.perf_counter() - began))
        if answer.status_code != 200 or "Product number" not in answer.text:
            raise SystemExit(f"the page answered {answer.status_code}")
    return took


def p95(took: list[float]) -> float:
    return statistics.quantiles(took, n=20)[-1]


async def measure(number_of_keys: int, lines: int) -> int:
    options = StackOptions(environment={"HALOSYNC_LOG_LEVEL": "WARNING"})
    async with running_stack(options) as stack:
        pool = await open_pool(stack.database_url, max_size=2)
        await load(pool, GREEDY, lines)
        await load(pool, QUIET, 200)
        await pool.execute("ANALYZE")
        keys = KeyStore(pool)
        made = [(await keys.create(GREEDY, f"bench {n}", by=COMMAND_LINE)).api_key for n in range(number_of_keys)]
        quiet = (await keys.create(QUIET, "bench", by=COMMAND_LINE)).api_key
        greedy = Greedy(stack.http_url, made)
        ratios = []
        print(
            f"{number_of_keys} keys, {lines} lines\nround    alone: median, p95     beside: median, p95    ratio of p95"
        )
        async with httpx.AsyncClient(base_url=stack.http_url, timeout=60, follow_redirects=True) as client:
            await sign_in(client, quiet)
            await page_ms(client)
            for turn in range(1, ROUNDS + 1):
                alone = await page_ms(client)
                async with greedy.at_work():
                    await asyncio.sleep(1.0)
                    beside = await page_ms(client)
                ratios.append(p95(beside) / p95(alone))
                print(
                    f"{turn:5} {statistics.median(alone):10.0f} {p95(alone):6.0f} ms {statistics.median(beside):12.0f} "
                    f"{p95(beside):6.0f} ms {ratios[-1]:10.2f}",
                    flush=True,
                )
        print(f"the greedy one's answers: {dict(greedy.answered)}")
        await greedy.close()
        await pool.close()
    ratio = statistics.median(ratios)
    print(f"{'holds' if ratio <= LIMIT else 'DOES NOT HOLD'}: {ratio:.2f} (at most {LIMIT:g})")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    sys.exit(asyncio.run(measure(*arguments, *(1, 20_000)[len(arguments) :])))
