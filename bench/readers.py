"""How much a run is slowed by people who look at report pages meanwhile, and how long their pages take.

The real stack and a Halo without delay or limit. READERS keys of another partner, who has an invoice of 20,000 lines,
each ask for a page of 100 of its lines, and for the next one PAUSE_S after it has come. Rounds of creates alone and
beside the readers take turns; a round counts only if Halo then has every licence once, and every page came.

Prints medians of the creates' seconds, their ratio, and the pages' median and 95th percentile. Fails if creates take
more than 1.05 times as long beside the readers.

    .venv/bin/python bench/readers.py [--creates 20000] [--readers 100] [--rounds 5]
"""

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated

import httpx
import psutil
import typer
from halosync.domain.acts import COMMAND_LINE
from halosync.store.keys import KeyStore
from halosync.store.pool import open_pool
from machine import machine
from ours import ours
from report_rows import PARTNER, load
from rounds import measure
from throughput import WARM_UP, servers

LINES, PAGE, PAUSE_S, MOST = 20_000, 100, 5.0, 1.05


class Readers:
    """Look at pages, each with a key of its own."""

    def __init__(self, base_url: str, keys: Sequence[str]) -> None:
        self._base_url, self._keys = base_url, keys
        self.took_ms: list[float] = []

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        async with httpx.AsyncClient(base_url=self._base_url, timeout=60, trust_env=False) as client:
            tasks = [
                asyncio.create_task(self._read(client, key, PAUSE_S * number / len(self._keys)))
                for number, key in enumerate(self._keys)
            ]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                for task in tasks:
                    with contextlib.suppress(asyncio.CancelledError):
                        await task

    async def _read(self, client: httpx.AsyncClient, key: str, wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        while True:
            began = time.perf_counter()
            answer = await client.get(
                f"/v1/partners/{PARTNER}/invoices/INV-1/lines",
                params={"limit": PAGE},
                headers={"Authorization": f"Bearer {key}"},
            )
            self.took_ms.append(1000 * (time.perf_counter() - began))
            if answer.status_code != 200 or len(answer.json()["items"]) != PAGE:
                raise SystemExit(f"a page answered {answer.status_code}: {answer.text[:200]}")
            await asyncio.sleep(PAUSE_S)


async def compare(creates: int, readers: int, rounds: int) -> bool:
    alone: list[float] = []
    beside: list[float] = []
    async with servers() as run, AsyncExitStack() as exits:
        contender = await ours(exits, run, 2)
        pool = await open_pool(contender.database_url, max_size=2)
        await load(pool, LINES)
        await pool.execute("ANALYZE")
        keys = [(await KeyStore(pool).create(PARTNER, f"{n}", by=COMMAND_LINE)).api_key for n in range(readers)]
        postmaster = psutil.Process(await pool.fetchval("SELECT pg_backend_pid()")).ppid()
        await pool.close()
        looking = Readers(contender.http_url, keys)
        await measure(contender, run, WARM_UP, 2, postmaster)
        for _ in range(rounds):
            alone.append((await measure(contender, run, creates, 2, postmaster)).seconds)
            async with looking.at_work():
                beside.append((await measure(contender, run, creates, 2, postmaster)).seconds)
    ratio = statistics.median(later / first for first, later in zip(alone, beside, strict=True))
    pages = looking.took_ms
    print(machine())
    print(
        f"{creates} creates: {statistics.median(alone):.2f} s alone, {statistics.median(beside):.2f} s beside {readers}"
        f" readers, {ratio:.2f} times; {len(pages)} pages: median {statistics.median(pages):.0f} ms,"
        f" 95th percentile {statistics.quantiles(pages, n=20)[-1]:.0f} ms"
    )
    return ratio > MOST


def main(
    creates: Annotated[int, typer.Option(min=1)] = 20_000,
    readers: Annotated[int, typer.Option(min=2)] = 100,
    rounds: Annotated[int, typer.Option(min=1)] = 5,
) -> None:
    """Measure creates beside readers."""
    raise SystemExit(1 if asyncio.run(compare(creates, readers, rounds)) else 0)


if __name__ == "__main__":
    typer.run(main)
