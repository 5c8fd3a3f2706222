"""20,000 creates of one tenant, and the same spread over 300 tenants whose invoices come at once.

The real stack and a Halo without delay or limit. Rounds of one tenant with all of them, of the 300 at once, and of one
of these tenants alone take turns. A round counts only if every run succeeded and Halo has every licence once.

Prints the seconds from the first event to the end of the median, the 99th of a hundred and the last run, the ratios of
the 99th to the one large run and to a small one alone, and how many messages moved an action: deliveries to writers a
batch. Fails if the 99th takes more than twice as long as the one large run, or more than two messages moved a batch.

    .venv/bin/python bench/spread.py [--creates 20000] [--tenants 300] [--rounds 3]
"""

import asyncio
import json
import os
import re
import statistics
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import asyncpg
import httpx
import typer
from devstack.wait import until
from machine import machine
from ours import Ours, event, ours
from rounds import Servers, units
from throughput import WARM_UP, servers

MOST_TIMES, MOST_MESSAGES, PATIENCE_S = 2.0, 2.0, 900.0
ENDED = "SELECT state, finished_at FROM run WHERE partner_id = ANY($1) AND finished_at IS NOT NULL"
BATCHES = "SELECT count(*) FROM batch JOIN run USING (run_id) WHERE run.partner_id = ANY($1)"
DELIVERED = re.compile(
    r'^halosync_deliveries_total\{queue="([^"]*licence-actions[^"]*)".*\} ([0-9.e+]+)$', re.MULTILINE
)


@dataclass(frozen=True)
class Took:
    median_s: float
    p99_s: float
    last_s: float
    messages: float
    """Deliveries to writers a batch."""


class Bench:
    def __init__(self, contender: Ours, connection: "asyncpg.Connection[asyncpg.Record]", halo_url: str) -> None:
        self._contender, self._connection, self._halo_url = contender, connection, halo_url

    async def took(self, tenants: int, creates: int) -> Took:
        """Publish invoices of so many new tenants, of so many creates each, and wait until their runs have ended."""
        names = [f"t{uuid4().hex[:12]}" for _ in range(tenants)]
        for name in names:
            await self._contender.prepare(name, creates)
        bodies = [json.dumps(event(name, creates)).encode() for name in names]
        delivered = await self._delivered()
        began: datetime = await self._connection.fetchval("SELECT clock_timestamp()")
        for body in bodies:
            await self._contender.publish(body)
        rows: list[asyncpg.Record] = []

        async def ended() -> bool:
            rows[:] = await self._connection.fetch(ENDED, names)
            return len(rows) == tenants

        await until(ended, what=f"{tenants} runs", timeout_s=PATIENCE_S, every_s=0.1)
        await self._check(names, creates, rows)
        took = sorted((row["finished_at"] - began).total_seconds() for row in rows)
        batches: int = await self._connection.fetchval(BATCHES, names)
        p99 = took[-1 - tenants // 100]
        messages = (await self._delivered() - delivered) / batches
        return Took(statistics.median(took), p99, took[-1], messages)

    async def _check(self, names: list[str], creates: int, rows: list[asyncpg.Record]) -> None:
        wanted = {"licences": creates, "twice": 0, "units": units(creates)}
        async with httpx.AsyncClient(trust_env=False) as client:
            for name in names:
                has = (await client.get(f"{self._halo_url}/{name}/stats")).json()
                if {key: has[key] for key in wanted} != wanted:
                    raise SystemExit(f"Halo has {has}, not {wanted}")
        if any(row["state"] != "succeeded" for row in rows):
            raise SystemExit("a run has not succeeded")

    async def _delivered(self) -> float:
        async with httpx.AsyncClient(trust_env=False) as client:
            texts = [(await client.get(address)).text for address in self._contender.writers]
        return sum(float(number) for text in texts for _, number in DELIVERED.findall(text))


async def measure(run: Servers, creates: int, tenants: int, rounds: int) -> tuple[list[Took], list[Took], list[Took]]:
    async with AsyncExitStack() as exits:
        contender = await ours(exits, run, 2)
        connection = await asyncpg.connect(contender.database_url)
        bench = Bench(contender, connection, run.halo_url)
        await bench.took(1, WARM_UP)
        one, spread, alone = [], [], []
        for number in range(rounds):
            one.append(await bench.took(1, creates))
            alone.append(await bench.took(1, creates // tenants))
            spread.append(await bench.took(tenants, creates // tenants))
            told = f"one tenant {one[-1].last_s:.2f} s, a small one alone {alone[-1].last_s:.2f} s"
            print(f"round {number + 1}: {told}, {tenants} at once {spread[-1]}", flush=True)
        await connection.close()
    return one, spread, alone


async def compare(creates: int, tenants: int, rounds: int) -> dict[str, float]:
    async with servers() as run:
        one, spread, alone = await measure(run, creates, tenants, rounds)
    pairs = zip(spread, one, alone, strict=True)
    to_one, to_alone = zip(
        *((each.p99_s / large.last_s, each.p99_s / small.last_s) for each, large, small in pairs), strict=True
    )
    median = statistics.median
    return {
        "creates": creates,
        "tenants": tenants,
        "one_s": median(each.last_s for each in one),
        "alone_s": median(each.last_s for each in alone),
        "median_s": median(each.median_s for each in spread),
        "p99_s": median(each.p99_s for each in spread),
        "last_s": median(each.last_s for each in spread),
        "p99_times_one": median(to_one),
        "p99_times_alone": median(to_alone),
        "messages_a_batch": max(each.messages for each in spread),
    }


def main(
    creates: Annotated[int, typer.Option(min=1)] = 20_000,
    tenants: Annotated[int, typer.Option(min=1)] = 300,
    rounds: Annotated[int, typer.Option(min=1)] = 3,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the results to this file.")] = None,
) -> None:
    """Measure creates of one tenant beside the same spread over many."""
    result = asyncio.run(compare(creates, tenants, rounds))
    print(f"{machine()}; load {os.getloadavg()[0]:.1f}")
    print("\n".join(f"{name:18} {value:10.2f}" for name, value in result.items()))
    if json_file is not None:
        json_file.write_text(json.dumps({"machine": machine(), **result}, indent=1))
    bad = result["p99_times_one"] > MOST_TIMES or result["messages_a_batch"] > MOST_MESSAGES
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    typer.run(main)
