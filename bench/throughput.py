"""From an event with new licences to their being in Halo and recorded: halosync beside those one would take instead.

Real are Postgres (durable), RabbitMQ, every worker process and a stand-in Halo without delay or limit; each contender
is started once a case and warmed up, and their rounds take turns. A round counts only if Halo then has every licence
once, with the right quantity, and the contender has recorded each. Contenders:

    halosync     the four processes: intake, reading Halo, plan, arrays, a row and its history for each product
    celery, dramatiq, taskiq     one task and one durable result row a product
    DBOS         one durable workflow a product
    bare         one consumer of bare aio-pika that posts the arrays and keeps nothing: what it cannot be quicker than
    durable      the same with the rows copied into Postgres before and updated after each array

bare and durable are one process, whatever the number of writers.

Measured are seconds and processor seconds, of contender and Postgres together, at each size and with one, two and four
writers, or as many workers of the others. A contender that has taken long enough has no further round unless all is to
be thorough, so DBOS has one at 20,000 creates; with one and four writers each of the others has one or two, and at
20,000 the quickest queue alone. A ratio is the median of what each round is to halosync's beside it.
"""

import asyncio
import os
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass

import asyncpg
import psutil
from beside import HERE, beside
from devstack.ports import free_port
from devstack.postgres import postgres
from devstack.rabbitmq import rabbitmq
from machine import versions
from ours import ours
from plots import bars
from ratios import figures
from rounds import Contender, Round, Servers, by_size, measure
from row import Effort, Found, Row

WARM_UP = 200
QUEUES, LEAST = ("celery", "dramatiq", "taskiq"), ("durable", "bare")


@dataclass(frozen=True)
class Case:
    """A size with a number of workers: who is beside halosync, and after how many seconds one has had enough rounds."""

    creates: int
    workers: int
    names: Sequence[str]
    enough_s: float


CASES = (
    Case(1500, 1, (*QUEUES, "dbos", *LEAST), 12.0),
    Case(1500, 2, (*QUEUES, "dbos", *LEAST), 60.0),
    Case(1500, 4, (*QUEUES, "dbos", *LEAST), 12.0),
    Case(20_000, 1, ("taskiq", *LEAST), 12.0),
    Case(20_000, 2, (*QUEUES, "dbos", *LEAST), 60.0),
    Case(20_000, 4, ("taskiq", *LEAST), 12.0),
)
QUICK = (Case(300, 1, (*QUEUES, "dbos", *LEAST), 1.0), Case(300, 2, (*QUEUES, "dbos", *LEAST), 1.0))


@asynccontextmanager
async def servers(read_s: float = 0.0) -> AsyncIterator[Servers]:
    """Run Postgres, RabbitMQ and a Halo of which each read takes `read_s` seconds."""
    port, env = free_port(), {**os.environ, "BENCH_READ_S": str(read_s)}
    async with postgres(None, durable=True) as database, rabbitmq(None) as rabbit:
        halo = await asyncio.create_subprocess_exec(sys.executable, str(HERE / "stand_in_halo.py"), str(port), env=env)
        try:
            yield Servers(database, rabbit, f"http://127.0.0.1:{port}")
        finally:
            halo.terminate()
            await halo.wait()


async def measure_case(run: Servers, case: Case, rounds: int, *, spared: bool) -> list[Round]:
    """Let the contenders take turns at one size with one number of workers."""
    spent: defaultdict[str, float] = defaultdict(float)
    async with AsyncExitStack() as exits:
        contenders: list[Contender] = [await ours(exits, run, case.workers)]
        contenders += [await beside(exits, run, name, case.workers) for name in case.names]
        connection = await asyncpg.connect(run.postgres.url)
        postmaster = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()")).ppid()
        await connection.close()
        for contender in contenders:
            await measure(contender, run, WARM_UP, case.workers, postmaster)
        measured = []
        for number in range(1, rounds + 1):
            for contender in contenders:
                if spared and spent[contender.name] > case.enough_s:
                    continue
                last = await measure(contender, run, case.creates, case.workers, postmaster)
                measured.append(last)
                spent[contender.name] += last.seconds
                rate = (
                    f"{case.creates / last.seconds:8.0f}/s {last.cpu_seconds / case.creates * 1000:8.3f} s a thousand"
                )
                told = f"{case.creates:6} creates {case.workers} workers round {number} {contender.name:9} {rate}"
                print(f"  {told}", flush=True)
        return measured


async def server_versions(run: Servers) -> str:
    connection = await asyncpg.connect(run.postgres.url)
    postgres_version = await connection.fetchval("SHOW server_version")
    await connection.close()
    return f"Postgres {postgres_version} RabbitMQ {await run.rabbit.version()}"


async def compare(cases: Sequence[Case], rounds: int, *, spared: bool) -> tuple[list[Round], str]:
    async with servers() as run:
        versions_of_servers = await server_versions(run)
        print(f"  {versions_of_servers}", flush=True)
        return [
            each for case in cases for each in await measure_case(run, case, rounds, spared=spared)
        ], versions_of_servers


def drawn(measured: Sequence[Round]) -> dict[str, str]:
    """Draw creates a second and processor seconds a thousand, for each size and number of workers."""
    drawings = {}
    for (creates, number), of in by_size(measured).items():
        rate, cost = {name: each.rate for name, each in of.items()}, {name: each.cost for name, each in of.items()}
        sized = f"{creates:,} creates, {number} workers"
        drawings[f"rate-{creates}-{number}"] = bars(f"Creates a second: {sized}", rate)
        drawings[f"processor-{creates}-{number}"] = bars(f"Processor seconds a thousand, with Postgres: {sized}", cost)
    return drawings


def measure_row(effort: Effort) -> Found:
    """Measure event to applied, halosync beside the others."""
    measured, servers_are = asyncio.run(compare(effort.of(CASES, QUICK), effort.turns, spared=not effort.thorough))
    details = {"versions": f"{servers_are} {versions()}", "rounds": [asdict(each) for each in measured]}
    return Found(figures(measured), details, drawn(measured), effort.turns)


ROW = Row(
    name="throughput",
    what="event to applied, 1,500 and 20,000 creates, 1, 2 and 4 writers",
    against="celery, dramatiq, taskiq; DBOS; bare aio-pika; the same with bare COPY and UPDATE",
    to_reach="5 times the best queue at 20,000, 3 at 1,500; 15 times DBOS; 0.5 of the last; a third of the processor",
    measure=measure_row,
    first_s=330,
    round_s=70,
    quick_s=90,
)
