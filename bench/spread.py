"""20,000 creates of one tenant, and the same spread over 300 tenants whose invoices come at once.

The real stack and a Halo without delay or limit. Rounds of one tenant with all of them, of the 300 at once, and of one
of these tenants alone take turns. A round counts only if every run succeeded and Halo has every licence once.

Measured are the seconds from the first event to the end of the median, the 99th of a hundred and the last run, the
ratios of the 99th to the one large run and to a small one alone, and how many messages moved an action: deliveries to
writers a batch.
"""

import asyncio
import json
import re
import statistics
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import uuid4

import asyncpg
import httpx
from devstack.wait import until
from ours import Ours, event, ours
from rounds import Servers, units
from row import Effort, Figure, Found, Row, WrongEndError, median_ratio
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
                    raise WrongEndError(f"Halo has {has}, not {wanted}")
        if any(row["state"] != "succeeded" for row in rows):
            raise WrongEndError("a run has not succeeded")

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


async def compare(creates: int, tenants: int, rounds: int) -> Found:
    async with servers() as run:
        one, spread, alone = await measure(run, creates, tenants, rounds)
    p99 = [each.p99_s for each in spread]
    messages = max(each.messages for each in spread)
    figures = [
        Figure("the 99th of a hundred, times one tenant with all", median_ratio(p99, _last(one)), MOST_TIMES),
        Figure("the 99th of a hundred, times a small one alone", median_ratio(p99, _last(alone))),
        Figure("messages moved an action", messages, MOST_MESSAGES, unit=""),
    ]
    took = {"one": one, "spread": spread, "alone": alone}
    rounds_of = {name: [asdict(each) for each in these] for name, these in took.items()}
    return Found(figures, {"creates": creates, "tenants": tenants, "rounds": rounds_of}, rounds=rounds)


def _last(took: list[Took]) -> list[float]:
    return [each.last_s for each in took]


def measure_row(effort: Effort) -> Found:
    """Measure creates of one tenant beside the same spread over many."""
    return asyncio.run(compare(effort.of(20_000, 300), effort.of(300, 20), effort.most(3)))


ROW = Row(
    name="spread",
    what="20,000 creates spread over 300 tenants at once",
    against="one tenant with all of them; one of the 300 alone",
    to_reach="the 99th after 2 times; at most 2 messages moved an action",
    measure=measure_row,
    first_s=80,
)
