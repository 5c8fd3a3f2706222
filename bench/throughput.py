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
import statistics
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Protocol
from uuid import uuid4

import aio_pika
import asyncpg
import httpx
import psutil
import typer
from devstack.options import StackOptions, new_token_key
from devstack.ports import free_port
from devstack.postgres import PostgresServer, postgres
from devstack.rabbitmq import RabbitServer, rabbitmq
from devstack.stack import Stack, running_stack
from devstack.wait import until
from halosync.runtime.vault import Vault
from machine import machine
from pydantic import SecretStr

HERE = Path(__file__).parent
BESIDE = HERE.parent / ".venv" / "bench" / "bin"
TABLES = """
CREATE TABLE result (contender text, tenant text, name text, licence_id integer, at timestamptz DEFAULT now());
CREATE TABLE action (tenant text, name text, body jsonb, state text, licence_id integer, PRIMARY KEY (tenant, name));
"""
WARM_UP = 200
PATIENCE_S = 900.0


class Contender(Protocol):
    name: str

    async def prepare(self, tenant: str, number: int) -> None: ...

    async def publish(self, tenant: str, number: int) -> None: ...

    async def recorded(self, tenant: str) -> int: ...

    def pids(self) -> Sequence[int]: ...

    def ended(self) -> list[str]: ...


@dataclass(frozen=True)
class Servers:
    postgres: PostgresServer
    rabbit: RabbitServer
    halo_url: str


class Beside:
    """A contender of another make: programs in the virtual environment beside ours."""

    def __init__(self, name: str, pool: "asyncpg.Pool[Any]", programs: Mapping[str, asyncio.subprocess.Process]) -> None:
        self.name, self._pool, self._programs = name, pool, programs

    async def prepare(self, tenant: str, number: int) -> None:
        await self._pool.execute("TRUNCATE result, action")

    async def publish(self, tenant: str, number: int) -> None:
        if (standard_input := self._programs["publisher"].stdin) is None:
            raise RuntimeError("the publisher was started without its standard input")
        standard_input.write(f"{tenant} {number}\n".encode())

    async def recorded(self, tenant: str) -> int:
        statement = "SELECT (SELECT count(*) FROM result WHERE tenant = $1) + (SELECT count(*) FROM action WHERE tenant = $1 AND state = 'applied')"
        return int(await self._pool.fetchval(statement, tenant))

    def pids(self) -> Sequence[int]:
        return [process.pid for process in self._programs.values()]

    def ended(self) -> list[str]:
        return [name for name, process in self._programs.items() if process.returncode is not None]


class Bare(Beside):
    """Keeps no rows: what Halo has is all there is to count."""

    async def recorded(self, tenant: str) -> int:
        return sys.maxsize


class Ours:
    """The stack, with a partner and a tenant of its own for each round."""

    name = "halosync"

    def __init__(self, stack: Stack, pool: "asyncpg.Pool[Any]", vault: Vault, exchange: aio_pika.abc.AbstractExchange) -> None:
        self._stack, self._pool, self._vault, self._exchange = stack, pool, vault, exchange
        self._event = b""

    async def prepare(self, tenant: str, number: int) -> None:
        now, secret = datetime.now(UTC), self._vault.encrypt(SecretStr("bench"))
        await self._pool.execute("INSERT INTO partner (partner_id, name, auto_sync) VALUES ($1, $1, true)", tenant)
        await self._pool.execute(
            "INSERT INTO connection (partner_id, state, tenant, client_id, connected_at)"
            " VALUES ($1, 'connected', $1, 'bench', $2)",
            *(tenant, now),
        )
        await self._pool.execute(
            "INSERT INTO oauth_token (partner_id, generation, access_token, refresh_token, expires_at)"
            " VALUES ($1, 1, $2, $2, $3)",
            *(tenant, secret, now + timedelta(hours=2)),
        )
        self._event = json.dumps(event(tenant, number)).encode()

    async def publish(self, tenant: str, number: int) -> None:
        message = aio_pika.Message(
            self._event,
            content_type="application/json",
            type="invoice.ready.v1",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        await self._exchange.publish(message, "invoice.ready.v1", mandatory=True)

    async def recorded(self, tenant: str) -> int:
        statement = "SELECT synced FROM run WHERE partner_id = $1 AND state = 'succeeded'"
        return int(await self._pool.fetchval(statement, tenant) or 0)

    def ended(self) -> list[str]:
        return [name for name, service in self._stack.services.items() if not service.process.running]

    def pids(self) -> Sequence[int]:
        return [pid for service in self._stack.services.values() if (pid := service.process.pid) is not None]


def event(partner: str, number: int) -> dict[str, Any]:
    lines = [
        {
            "line_id": str(at),
            "customer_id": f"C-{at % 100}",
            "customer_name": f"Customer {at % 100 + 1}",
            "product_code": f"PRODUCT-{at}",
            "product_name": f"Product number {at}",
            "kind": "recurring",
            "quantity": str(at % 40 + 1),
            "unit_price": "31.50",
            "billing_cycle": "Monthly",
        }
        for at in range(number)
    ]
    return {
        "event_id": str(uuid4()),
        "partner_id": partner,
        "invoice_id": f"INV-{partner}",
        "revision": 1,
        "replaces": None,
        "period": "2026-11",
        "currency": "AUD",
        "issued_at": "2026-11-05T02:00:00Z",
        "line_count": number,
        "total": f"{units(number) * 63 / 2:.2f}",
        "lines": lines,
        "lines_url": None,
    }


def units(number: int) -> int:
    return sum(at % 40 + 1 for at in range(number))


@dataclass(frozen=True)
class Round:
    contender: str
    creates: int
    workers: int
    seconds: float
    cpu_seconds: float
    requests: int


def cpu_s(pids: Sequence[int], ended: dict[int, float]) -> float:
    """Return the processor seconds of processes and their descendants, those that have ended included."""
    for pid in pids:
        for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
            times = process.cpu_times()
            ended[process.pid] = times.user + times.system
    return sum(ended.values())


async def measure(contender: Contender, servers: Servers, creates: int, workers: int, postmaster: int) -> Round:
    tenant = f"t{uuid4().hex[:12]}"
    seen: dict[int, float] = {}
    async with httpx.AsyncClient(trust_env=False) as client:
        await contender.prepare(tenant, creates)
        pids = [*contender.pids(), postmaster]
        before, began = cpu_s(pids, seen), time.perf_counter()
        await contender.publish(tenant, creates)

        async def stats() -> dict[str, int]:
            return dict((await client.get(f"{servers.halo_url}/{tenant}/stats")).json())

        async def done() -> bool:
            if ended := contender.ended():
                raise SystemExit(f"{contender.name} has ended by itself: {', '.join(ended)}")
            return (await stats())["licences"] >= creates and await contender.recorded(tenant) >= creates

        await until(done, what=f"{contender.name}'s {creates} licences", timeout_s=PATIENCE_S, every_s=0.02)
        seconds, spent = time.perf_counter() - began, cpu_s(pids, seen) - before
        end = await stats()
    wanted = {"licences": creates, "twice": 0, "units": units(creates)}
    if {name: end[name] for name in wanted} != wanted:
        raise SystemExit(f"{contender.name}: Halo has {end}, not {wanted}")
    return Round(contender.name, creates, workers, seconds, spent, end["writes"] + end["reads"])


@asynccontextmanager
async def programs(commands: Mapping[str, Sequence[str]], env: Mapping[str, str]) -> AsyncIterator[dict[str, asyncio.subprocess.Process]]:
    """Run programs of the contenders with their standard input open; end them and their children."""
    started: dict[str, asyncio.subprocess.Process] = {}
    try:
        for name, command in commands.items():
            log = sys.stderr if os.environ.get("BENCH_LOG") else asyncio.subprocess.DEVNULL
            started[name] = await asyncio.create_subprocess_exec(
                *(str(BESIDE / command[0]), *command[1:]),
                env={**os.environ, **env},
                cwd=HERE / "contenders",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=log,
            )
        yield started
    finally:
        family = [one for process in started.values() for one in _tree(process.pid)]
        for one in family:
            one.terminate()
        for one in psutil.wait_procs(family, timeout=10)[1]:
            one.kill()


def _tree(pid: int) -> list[psutil.Process]:
    try:
        return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def commands_of(name: str, workers: int) -> tuple[list[list[str]], list[str]]:
    """Return how the workers of a contender are started, and its publisher."""
    match name:
        case "celery":
            worker = ["celery", "-A", "celery_tasks", "worker", "--concurrency", "2", "--loglevel", "ERROR"]
            return [[*worker, "-n", f"w{at}"] for at in range(workers)], ["python", "celery_tasks.py"]
        case "dramatiq":
            worker = ["dramatiq", "dramatiq_tasks", "--processes", str(workers), "--threads", "8"]
            return [worker], ["python", "dramatiq_tasks.py"]
        case "taskiq":
            worker = ["taskiq", "worker", "taskiq_tasks:broker", "--workers", str(workers), "--log-level", "ERROR"]
            return [worker], ["python", "taskiq_tasks.py"]
        case "dbos":
            return [["python", "dbos_workflows.py", "worker"]] * workers, ["python", "dbos_workflows.py"]
        case "bare":
            return [["python", "bare.py"]], ["python", "bare.py", "publish"]
        case "durable":
            return [["python", "bare.py", "durable"]], ["python", "bare.py", "publish", "durable"]
    raise SystemExit(f"There is no contender {name}.")


async def beside(exits: AsyncExitStack, servers: Servers, name: str, workers: int) -> Beside:
    """Start a contender, with a database and a virtual host of its own."""
    own = f"bench_{name}_{uuid4().hex[:6]}"
    database_url, amqp_url = await servers.postgres.create_database(own), await servers.rabbit.create_vhost(own)
    exits.push_async_callback(servers.rabbit.delete_vhost, own)
    exits.push_async_callback(servers.postgres.drop_database, own)
    pool = await exits.enter_async_context(asyncpg.create_pool(database_url, min_size=1, max_size=2))
    await pool.execute(TABLES)
    env = {"BENCH_AMQP_URL": amqp_url, "BENCH_DATABASE_URL": database_url, "BENCH_HALO_URL": servers.halo_url}
    working, publishing = commands_of(name, workers)
    commands = {**{f"worker-{at}": command for at, command in enumerate(working)}, "publisher": publishing}
    started = await exits.enter_async_context(programs(commands, env))
    kind = Bare if name == "bare" else Beside
    return kind(name, pool, started)


async def ours(exits: AsyncExitStack, servers: Servers, workers: int) -> Ours:
    key = new_token_key()
    options = StackOptions(
        writers=workers,
        token_keys=key,
        halo_url_template=f"{servers.halo_url}/{{tenant}}",
        environment={"HALOSYNC_HALO_RATE_REQUESTS": "100000", "HALOSYNC_LOG_LEVEL": "WARNING"},
    )
    stack = await exits.enter_async_context(running_stack(options, servers.postgres, servers.rabbit))
    await stack.review_nothing()
    pool = await exits.enter_async_context(asyncpg.create_pool(stack.database_url, min_size=1, max_size=2))
    connection = await exits.enter_async_context(await aio_pika.connect(stack.amqp_url))
    exchange = await (await connection.channel()).get_exchange("converge.invoices", ensure=False)
    return Ours(stack, pool, Vault([SecretStr(key)]), exchange)


@asynccontextmanager
async def servers() -> AsyncIterator[Servers]:
    port = free_port()
    async with postgres(None, durable=True) as database, rabbitmq(None) as rabbit:
        halo = await asyncio.create_subprocess_exec(sys.executable, str(HERE / "stand_in_halo.py"), str(port))
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
                print(f"  {creates:6} creates {workers} workers round {number} {contender.name:9} {rate}", file=sys.stderr)
        return measured


def table(measured: Sequence[Round]) -> str:
    lines = ["creates workers contender  seconds   per s   s CPU/1000  times halosync's time  times its CPU"]
    for creates, workers in sorted({(each.creates, each.workers) for each in measured}):
        these = [each for each in measured if (each.creates, each.workers) == (creates, workers)]
        base = [each for each in these if each.contender == "halosync"]
        for name in dict.fromkeys(each.contender for each in these):
            rounds = [each for each in these if each.contender == name]
            took = statistics.median(each.seconds for each in rounds)
            cost = statistics.median(each.cpu_seconds for each in rounds)
            times = statistics.median(each.seconds / own.seconds for each, own in zip(rounds, base, strict=True))
            cpu = statistics.median(each.cpu_seconds / own.cpu_seconds for each, own in zip(rounds, base, strict=True))
            lines.append(
                f"{creates:7} {workers:7} {name:9} {took:8.2f} {creates / took:8.0f} {cost / creates * 1000:10.3f}"
                f" {times:16.2f} {cpu:19.2f}"
            )
    return "\n".join(lines)


ALL = ("halosync", "celery", "dramatiq", "taskiq", "dbos", "bare", "durable")


async def compare(names: Sequence[str], creates: Sequence[int], workers: Sequence[int], rounds: int) -> list[Round]:
    async with servers() as run:
        return [
            each
            for size in creates
            for number in workers
            for each in await case(run, names, size, number, rounds)
        ]


def main(
    creates: Annotated[list[int], typer.Option(help="Licences to create a round.")] = [1500, 20_000],  # noqa: B006
    workers: Annotated[list[int], typer.Option(help="Writers, and workers of the others.")] = [2],  # noqa: B006
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    only: Annotated[list[str] | None, typer.Option(help="These contenders beside halosync.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write every round to this file.")] = None,
) -> None:
    """Measure event to applied, halosync beside the others."""
    measured = asyncio.run(compare(only or ALL, creates, workers, rounds))
    print(machine())
    print(table(measured))
    if json_file is not None:
        json_file.write_text(json.dumps({"machine": machine(), "rounds": [asdict(each) for each in measured]}, indent=1))


if __name__ == "__main__":
    typer.run(main)
