"""Whether one partner that does its worst keeps another waiting for its report page.

Real are Postgres, RabbitMQ and the four processes. Partner `greedy` has KEYS keys and an invoice of LINES lines with
its run. Each key asks for as much at once as one key may (and for more): exports of all lines, and pages of 500 of
them. Partner `quiet` has 200 lines, and a browser opens its report page again and again. Rounds alone and beside the
greedy one take turns.
"""

import asyncio
import contextlib
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator

import httpx
from devstack.options import StackOptions
from devstack.stack import running_stack
from halosync.domain.acts import COMMAND_LINE
from halosync.store.keys import KeyStore
from halosync.store.pool import open_pool
from report_rows import load, sign_in
from row import Effort, Figure, Found, Row, WrongEndError, median_ratio

LIMIT = 3.0
KEYS, PAGES = 1, 60
EXPORTS, LARGE_PAGES = 4, 12
"""What each key asks for at once: more than it gets."""
GREEDY, QUIET = "greedy", "quiet"


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


async def page_ms(client: httpx.AsyncClient) -> list[float]:
    took = []
    for _ in range(PAGES):
        began = time.perf_counter()
        answer = await client.get(f"/portal/{QUIET}/report")
        took.append(1000 * (time.perf_counter() - began))
        if answer.status_code != 200 or "Product number" not in answer.text:
            raise WrongEndError(f"the page answered {answer.status_code}")
    return took


def p95(took: list[float]) -> float:
    return statistics.quantiles(took, n=20)[-1]


async def measure(number_of_keys: int, lines: int, rounds: int) -> tuple[list[list[float]], list[list[float]]]:
    """Return the milliseconds of the quiet one's pages, alone and beside the greedy one, by round."""
    options = StackOptions(environment={"HALOSYNC_LOG_LEVEL": "WARNING"})
    async with running_stack(options) as stack:
        pool = await open_pool(stack.database_url, max_size=2)
        await load(pool, lines, GREEDY)
        await load(pool, 200, QUIET)
        await pool.execute("ANALYZE")
        keys = KeyStore(pool)
        made = [(await keys.create(GREEDY, f"bench {n}", by=COMMAND_LINE)).api_key for n in range(number_of_keys)]
        quiet = (await keys.create(QUIET, "bench", by=COMMAND_LINE)).api_key
        greedy = Greedy(stack.http_url, made)
        alone, beside = [], []
        async with httpx.AsyncClient(base_url=stack.http_url, timeout=60, follow_redirects=True) as client:
            await sign_in(client, quiet)
            await page_ms(client)
            for _ in range(rounds):
                alone.append(await page_ms(client))
                async with greedy.at_work():
                    await asyncio.sleep(1.0)
                    beside.append(await page_ms(client))
                print(f"  95th percentile {p95(alone[-1]):.0f} ms alone, {p95(beside[-1]):.0f} ms beside", flush=True)
        print(f"  the greedy one's answers: {dict(greedy.answered)}", flush=True)
        await greedy.close()
        await pool.close()
    return alone, beside


def measure_row(effort: Effort) -> Found:
    """Measure a partner's page beside one that does its worst."""
    alone, beside = asyncio.run(measure(KEYS, effort.of(20_000, 1_000), effort.turns))
    times = median_ratio([p95(each) for each in beside], [p95(each) for each in alone])
    figures = [Figure("the 95th percentile of the page, times alone", times, LIMIT)]
    return Found(figures, {"keys": KEYS, "alone_ms": alone, "beside_ms": beside}, rounds=effort.turns)


ROW = Row(
    name="greedy",
    what="another partner's report page while one asks for all it can get",
    against="the page alone",
    to_reach="3 times",
    measure=measure_row,
    first_s=20,
    round_s=20,
    compared=False,
)
