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
import statistics
import sys
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

LIMIT = 3.0
ROUNDS, PAGES = 4, 60
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
            raise SystemExit(f"the page answered {answer.status_code}")
    return took


def p95(took: list[float]) -> float:
    return statistics.quantiles(took, n=20)[-1]


async def measure(number_of_keys: int, lines: int) -> int:
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
