"""How much a run is slowed by people who look at report pages meanwhile, and how long their pages take.

The real stack and a Halo without delay or limit. READERS people of another partner, who has an invoice of 20,000 lines
and its run, ask in turn for a page of 100 lines, of one customer's lines, of items, and for the month, and for the next
one half a minute after it has come, as a person looks at a page. Rounds of creates alone and beside
the readers take turns, and which of the two is first; a round counts only if Halo then has every licence once, and
every page came.

Measured are the creates' seconds, and of each page the median and the 95th percentile, alone and beside creates.
"""

import asyncio
import contextlib
import itertools
import statistics
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import psutil
from halosync.domain.acts import COMMAND_LINE
from halosync.ports.keys import MOST_IN_USE
from halosync.store.keys import KeyStore
from halosync.store.pool import open_pool
from ours import ours
from report_rows import PARTNER, load
from rounds import measure
from row import Effort, Figure, Found, Row, WrongEndError, median_ratio
from throughput import WARM_UP, servers

LINES, PAGE, MOST = 20_000, 100, 1.05
ALONE_S = 15.0
PAGES = {
    "lines": f"invoices/INV-1/lines?limit={PAGE}",
    "a customer's lines": f"invoices/INV-1/lines?limit={PAGE}&customer_id=C-7",
    "items": f"runs/{{run}}/items?limit={PAGE}",
    "month": "months/2026-11",
}


class Readers:
    """Look at pages; a partner has fewer keys than there are readers, so they share them."""

    def __init__(
        self, base_url: str, keys: Sequence[str], readers: int, pages: Mapping[str, str], pause_s: float
    ) -> None:
        self._base_url, self._pages, self._pause_s = base_url, pages, pause_s
        self._keys = [key for key, _ in zip(itertools.cycle(keys), range(readers))]
        self.took_ms: dict[str, list[float]] = {name: [] for name in pages}

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        async with httpx.AsyncClient(base_url=self._base_url, timeout=60, trust_env=False) as client:
            tasks = [asyncio.create_task(self._read(client, key, number)) for number, key in enumerate(self._keys)]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                for task in tasks:
                    with contextlib.suppress(asyncio.CancelledError):
                        await task

    async def _read(self, client: httpx.AsyncClient, key: str, number: int) -> None:
        await asyncio.sleep(self._pause_s * number / len(self._keys))
        pages = list(self._pages)
        for name in itertools.cycle(pages[number % len(pages) :] + pages[: number % len(pages)]):
            began = time.perf_counter()
            answer = await client.get(
                f"/v1/partners/{PARTNER}/{self._pages[name]}", headers={"Authorization": f"Bearer {key}"}
            )
            self.took_ms[name].append(1000 * (time.perf_counter() - began))
            if answer.status_code != 200:
                raise WrongEndError(f"{name} answered {answer.status_code}: {answer.text[:200]}")
            await asyncio.sleep(self._pause_s)

    def told(self) -> dict[str, dict[str, float]]:
        """Return how long each page took, and forget it."""
        told = {name: _times(took) for name, took in self.took_ms.items() if len(took) > 1}
        self.took_ms = {name: [] for name in self._pages}
        return told


def _times(took_ms: Sequence[float]) -> dict[str, float]:
    p95 = statistics.quantiles(took_ms, n=20)[-1]
    return {"pages": len(took_ms), "median_ms": statistics.median(took_ms), "p95_ms": p95}


async def compare(creates: int, readers: int, pause_s: float, rounds: int) -> Found:
    alone: list[float] = []
    beside: list[float] = []
    async with servers() as run, AsyncExitStack() as exits:
        contender = await ours(exits, run, 2)
        pool = await open_pool(contender.database_url, max_size=2)
        await load(pool, LINES)
        await pool.execute("ANALYZE")
        number = min(readers, MOST_IN_USE)
        keys = [(await KeyStore(pool).create(PARTNER, f"{n}", by=COMMAND_LINE)).api_key for n in range(number)]
        run_id = await pool.fetchval("SELECT run_id FROM run WHERE partner_id = $1", PARTNER)
        postmaster = psutil.Process(await pool.fetchval("SELECT pg_backend_pid()")).ppid()
        await pool.close()
        pages = {name: page.format(run=run_id) for name, page in PAGES.items()}
        looking = Readers(contender.http_url, keys, readers, pages, pause_s)
        await measure(contender, run, WARM_UP, 2, postmaster)
        async with looking.at_work():
            await asyncio.sleep(ALONE_S)
        pages_alone = looking.told()
        for number in range(rounds):
            for watched in (False, True) if number % 2 else (True, False):
                async with looking.at_work() if watched else contextlib.nullcontext():
                    took = (await measure(contender, run, creates, 2, postmaster)).seconds
                (beside if watched else alone).append(took)
            print(f"  round {number + 1}: {alone[-1]:.2f} s alone, {beside[-1]:.2f} s beside readers", flush=True)
        pages_beside = looking.told()
    figures = [
        Figure(f"{readers} readers: creates take, times those alone", median_ratio(beside, alone), MOST),
        Figure("pages alone, the slowest median", max(each["median_ms"] for each in pages_alone.values()), unit="ms"),
    ]
    if pages_beside:
        slowest = max(each["median_ms"] for each in pages_beside.values())
        figures.append(Figure("pages beside creates, the slowest median", slowest, unit="ms"))
    measured = {"alone_s": alone, "beside_s": beside, "pages_alone": pages_alone, "pages_beside": pages_beside}
    return Found(figures, {"creates": creates, "readers": readers, "pause_s": pause_s, **measured}, rounds=rounds)


def measure_row(effort: Effort) -> Found:
    """Measure creates beside readers."""
    pause_s = effort.of(30.0, 3.0)
    return asyncio.run(compare(effort.of(20_000, 500), effort.of(100, 10), pause_s, effort.turns))


ROW = Row(
    name="readers",
    what="20,000 creates with 100 readers of lines, items and the month",
    against="the run alone",
    to_reach="5 % slower",
    measure=measure_row,
    first_s=45,
    round_s=8,
    quick_s=45,
)
