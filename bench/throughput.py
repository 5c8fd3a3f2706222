"""From an event with new licences to their being in Halo and recorded: halosync beside those one would take instead.

Real are Postgres (durable), RabbitMQ, every worker process and a stand-in Halo without delay or limit; each contender
is started once a case and warmed up, and their rounds take turns. A round counts only if Halo then has every licence
once, with the right quantity, and the contender has recorded each. Contenders:

    halosync     the four processes: intake, reading Halo, plan, arrays, a row and its history for each product
    celery, dramatiq, taskiq     one task and one durable result row a product
    DBOS         one durable workflow a product
    bare         one consumer of bare aio-pika that posts the arrays and keeps nothing: what it cannot be quicker than
    durable      the same with the rows copied into Postgres before and updated after each array

Prints medians of seconds, of processor seconds (contender and Postgres together) and of the ratios to halosync's round
beside it; with --json to a file as well.

    .venv/bin/python bench/throughput.py [--creates 1500 --creates 20000] [--workers 1 --workers 2] [--rounds 5]
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import asyncpg
import psutil
import typer
from beside import HERE, beside
from devstack.ports import free_port
from devstack.postgres import postgres
from devstack.rabbitmq import rabbitmq
from machine import machine
from ours import ours
from plots import bars
from rounds import Contender, Round, Servers, measure, medians, table

WARM_UP = 200


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


async def case(run: Servers, names: Sequence[str], creates: int, workers: int, rounds: int) -> list[Round]:
    """Let the contenders take turns at one size with one number of workers."""
    async with AsyncExitStack() as exits:
        contenders: list[Contender] = [await ours(exits, run, workers)]
        contenders += [await beside(exits, run, name, workers) for name in names if name != "halosync"]
        connection = await asyncpg.connect(run.postgres.url)
        postmaster = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()")).ppid()
        await connection.close()
        for contender in contenders:
            await measure(contender, run, WARM_UP, workers, postmaster)
        measured = []
        for number in range(1, rounds + 1):
            for contender in contenders:
                measured.append(await measure(contender, run, creates, workers, postmaster))
                last = measured[-1]
                rate = f"{creates / last.seconds:8.0f}/s {last.cpu_seconds / creates * 1000:8.3f} s a thousand"
                print(
                    f"  {creates:6} creates {workers} workers round {number} {contender.name:9} {rate}", file=sys.stderr
                )
        return measured


ALL = ("halosync", "celery", "dramatiq", "taskiq", "dbos", "bare", "durable")


async def compare(names: Sequence[str], creates: Sequence[int], workers: Sequence[int], rounds: int) -> list[Round]:
    async with servers() as run:
        return [each for size in creates for number in workers for each in await case(run, names, size, number, rounds)]


def main(
    *,
    creates: Annotated[list[int] | None, typer.Option(help="Licences to create a round; 1500 and 20000.")] = None,
    workers: Annotated[list[int] | None, typer.Option(help="Writers, and workers of the others; 2.")] = None,
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    only: Annotated[list[str] | None, typer.Option(help="These contenders beside halosync.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write every round to this file.")] = None,
    svg: Annotated[Path | None, typer.Option(help="Draw the medians into this folder.")] = None,
) -> None:
    """Measure event to applied, halosync beside the others."""
    if svg is not None:
        svg.mkdir(parents=True, exist_ok=True)
    measured = asyncio.run(compare(only or ALL, creates or [1500, 20_000], workers or [2], rounds))
    print(machine())
    print(table(measured))
    if json_file is not None:
        json_file.write_text(
            json.dumps({"machine": machine(), "rounds": [asdict(each) for each in measured]}, indent=1)
        )
    if svg is not None:
        draw(measured, svg)


def draw(measured: Sequence[Round], folder: Path) -> None:
    """Draw creates a second and processor seconds a thousand, a file for each size and number of workers."""
    for creates, number in sorted({(each.creates, each.workers) for each in measured}):
        rate, cost = medians(measured, creates, number)
        sized = f"{creates:,} creates, {number} workers"
        (folder / f"rate-{creates}-{number}.svg").write_text(bars(f"Creates a second: {sized}", rate))
        (folder / f"processor-{creates}-{number}.svg").write_text(
            bars(f"Processor seconds a thousand, with Postgres: {sized}", cost)
        )


if __name__ == "__main__":
    typer.run(main)
