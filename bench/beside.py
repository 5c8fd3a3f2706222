"""The contenders of another make: how their programs are started, told what to do, and ended."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from uuid import uuid4

import asyncpg
import psutil
from halosync.store.pool import Pool
from rounds import Servers
from row import WrongEndError

HERE = Path(__file__).parent
PROGRAMS = HERE.parent / ".venv" / "bench" / "bin"
END_S = 10.0
TABLES = """
CREATE TABLE result (contender text, tenant text, name text, licence_id integer, at timestamptz DEFAULT now());
CREATE TABLE action (tenant text, name text, body jsonb, state text, licence_id integer, PRIMARY KEY (tenant, name));
"""
RECORDED = """
SELECT (SELECT count(*) FROM result WHERE tenant = $1)
    + (SELECT count(*) FROM action WHERE tenant = $1 AND state = 'applied')
"""


class Beside:
    """A contender of another make: programs in the virtual environment beside ours."""

    def __init__(self, name: str, pool: Pool, programs: Mapping[str, asyncio.subprocess.Process]) -> None:
        self.name, self._pool, self._programs = name, pool, programs
        self._tenant, self._number = "", 0

    async def prepare(self, tenant: str, number: int) -> None:
        await self._pool.execute("TRUNCATE result, action")
        self._tenant, self._number = tenant, number

    async def publish(self) -> None:
        if (standard_input := self._programs["publisher"].stdin) is None:
            raise RuntimeError("the publisher was started without its standard input")
        standard_input.write(f"{self._tenant} {self._number}\n".encode())

    async def recorded(self) -> int:
        return int(await self._pool.fetchval(RECORDED, self._tenant))

    def pids(self) -> Sequence[int]:
        return [process.pid for process in self._programs.values()]

    def ended(self) -> list[str]:
        return [name for name, process in self._programs.items() if process.returncode is not None]


class Bare(Beside):
    """Keeps no rows: what Halo has is all there is to count."""

    async def recorded(self) -> int:
        return sys.maxsize


@asynccontextmanager
async def programs(
    commands: Mapping[str, Sequence[str]], env: Mapping[str, str]
) -> AsyncIterator[dict[str, asyncio.subprocess.Process]]:
    """Run programs of the contenders with their standard input open; end them and their children."""
    started: dict[str, asyncio.subprocess.Process] = {}
    try:
        for name, command in commands.items():
            log = sys.stderr if os.environ.get("BENCH_LOG") else asyncio.subprocess.DEVNULL
            started[name] = await asyncio.create_subprocess_exec(
                *(str(PROGRAMS / command[0]), *command[1:]),
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
        for process in started.values():
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), END_S)
        for one in psutil.wait_procs([each for each in family if each.is_running()], timeout=END_S)[1]:
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
    raise ValueError(f"There is no contender {name}.")


async def beside(exits: AsyncExitStack, servers: Servers, name: str, workers: int) -> Beside:
    """Start a contender, with a database and a virtual host of its own."""
    own = f"bench_{name}_{uuid4().hex[:6]}"
    database_url, amqp_url = await servers.postgres.create_database(own), await servers.rabbit.create_vhost(own)
    exits.push_async_callback(servers.rabbit.delete_vhost, own)
    exits.push_async_callback(servers.postgres.drop_database, own)
    pool = await exits.enter_async_context(asyncpg.create_pool(database_url, min_size=1, max_size=2))
    await pool.execute(TABLES)
    env = {"BENCH_AMQP_URL": amqp_url, "BENCH_DATABASE_URL": database_url, "BENCH_HALO_URL": servers.halo_url}
    if name == "dbos":  # its tables must be whole before a worker or the publisher uses them
        async with programs({"tables": ["python", "dbos_workflows.py", "tables"]}, env) as making:
            if await making["tables"].wait():
                raise WrongEndError("DBOS has not made its tables; BENCH_LOG=1 shows what it said")
    working, publishing = commands_of(name, workers)
    commands = {**{f"worker-{at}": command for at, command in enumerate(working)}, "publisher": publishing}
    started = await exits.enter_async_context(programs(commands, env))
    kind = Bare if name == "bare" else Beside
    return kind(name, pool, started)
