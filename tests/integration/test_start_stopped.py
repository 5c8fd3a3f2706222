"""A process that is told to stop while it waits for its servers ends at once, and well."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aio_pika
import asyncpg
import httpx
import pytest
import pytest_asyncio
from devstack.accounts import USERS, signed_in
from devstack.ports import LOOPBACK, free_port
from devstack.postgres import PostgresServer
from devstack.process import ChildProcess
from devstack.rabbitmq import RabbitServer
from devstack.servers import fresh_name
from halosync.domain.accounts import Account
from halosync.messaging.administration import prepare
from halosync.messaging.topology import RUN_REQUESTED
from halosync.store.migrate import migrate

pytestmark = pytest.mark.integration

TIERS_S = (1.0, 5.0, 30.0, 120.0, 300.0)
"""Those of the settings' defaults."""

ONE_USER = "one user does everything: no right is kept from anybody"

SOON_S = 8.0
"""Far less than the process would wait for its servers, or for what hangs while it stops."""
# Without the garbage collector: what is left over must be ended by us, not by chance.
PROGRAM = (
    "import gc\n"
    "gc.disable()\n"
    "from halosync.runtime import schema\n"
    "schema.LOOK_EVERY_S = 0.1\n"
    "from halosync.runtime.process import Composition, run\n"
    "from halosync.runtime.settings import ProcessSettings, load\n"
    "run('planner', load(ProcessSettings), lambda parts: Composition())\n"
    "print('ended well', flush=True)\n"
)


class Waiting:
    """A process without work of its own, on the servers that a test gives it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.process: ChildProcess | None = None
        self._health = f"http://{LOOPBACK}:{free_port()}"

    async def says_why(self, why: str) -> None:
        """It is alive, and not ready because of this."""
        async with httpx.AsyncClient(base_url=self._health, trust_env=False) as client:
            assert (await client.get("/healthz")).status_code == 200
            answer = await client.get("/readyz")
        assert (answer.status_code, why in answer.json()["process"]) == (503, True), answer.text

    def start(self, database_url: str, amqp_url: str) -> ChildProcess:
        """Start it."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HALOSYNC_")}
        servers = {"HALOSYNC_DATABASE_URL": database_url, "HALOSYNC_AMQP_URL": amqp_url, "HALOSYNC_LOGLEVEL": "a slip"}
        servers["HALOSYNC_HEALTH_PORT"] = self._health.rpartition(":")[2]
        argv = [sys.executable, "-u", "-c", PROGRAM]
        log = self._folder / "waiting.log"
        self.process = ChildProcess("waiting", argv, env=environment | servers, log=log, cwd=self._folder)
        self.process.start()
        return self.process


@pytest_asyncio.fixture(loop_scope="session")
async def waiting(tmp_path: Path) -> AsyncIterator[Waiting]:
    waiting = Waiting(tmp_path)
    yield waiting
    if waiting.process is not None:
        await waiting.process.kill()


async def ends_well(process: ChildProcess) -> None:
    """Tell it to stop and see it end soon, past the end of its program."""
    assert await process.terminate(timeout_s=SOON_S), process.log_tail()
    assert "stopped" in process.log_tail()
    assert process.log_tail().endswith("ended well\n"), process.log_tail()


async def test_without_postgres(waiting: Waiting) -> None:
    process = waiting.start(f"postgresql://me:secret@{LOOPBACK}:{free_port()}/x", f"amqp://{LOOPBACK}:{free_port()}/")
    await process.wait_ready(lambda: says(process, '"waits_for": "Postgres"'), timeout_s=30)
    await waiting.says_why("for Postgres and RabbitMQ")
    await ends_well(process)
    assert "secret" not in process.log_tail()
    assert process.log_tail().count("HALOSYNC_LOGLEVEL: there is no setting of this name") == 1


async def test_without_rabbitmq(waiting: Waiting, database_url: str) -> None:
    process = waiting.start(database_url, f"amqp://me:secret@{LOOPBACK}:{free_port()}/")
    await process.wait_ready(lambda: says(process, '"waits_for": "RabbitMQ"'), timeout_s=30)
    await ends_well(process)
    assert "secret" not in process.log_tail()


async def test_with_a_rabbitmq_that_says_nothing(waiting: Waiting, database_url: str) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        server.setblocking(False)
        process = waiting.start(database_url, f"amqp://{LOOPBACK}:{server.getsockname()[1]}/")
        async with asyncio.timeout(30):
            connection, _ = await asyncio.get_running_loop().sock_accept(server)
        with connection:
            await ends_well(process)


async def test_it_works_only_while_the_schema_fits(
    waiting: Waiting, postgres_server: PostgresServer, amqp_url: str
) -> None:
    """Unmigrated it takes no messages; on another schema it takes none any more, and begins again by itself."""
    name = fresh_name("test")
    url = await postgres_server.create_database(name)
    process = waiting.start(url, amqp_url)
    await process.wait_ready(lambda: says(process, '"waits_for": "a schema that fits"'), timeout_s=30)
    assert "run `halosync migrate`" in process.log_tail()
    assert "started" not in process.log_tail()
    await waiting.says_why("run `halosync migrate`")
    await migrate(url)
    await process.wait_ready(lambda: says(process, '"started"'), timeout_s=30)
    assert await says(process, ONE_USER), "the administrator's user is nobody's own"
    administrator = await asyncpg.connect(url)
    try:
        await administrator.execute("UPDATE migration SET sha256 = 'of another' WHERE name = 'schema'")
        await process.wait_ready(lambda: says(process, "does not fit any more"), timeout_s=30)
        await administrator.execute("DELETE FROM migration WHERE name = 'schema'")
        await migrate(url)
        await process.wait_ready(lambda: says(process, '"started"', times=2), timeout_s=30)
    finally:
        await administrator.close()
    await ends_well(process)
    await postgres_server.drop_database(name)


async def test_it_waits_for_a_topology_that_is_missing_and_says_so(
    waiting: Waiting, database_url: str, amqp_url: str, rabbit_server: RabbitServer
) -> None:
    """A service with a user of its own declares nothing: it waits until an administrator has."""
    await prepare(amqp_url, rabbit_server.management_url, USERS, TIERS_S)
    async with await aio_pika.connect(amqp_url) as administrator:
        await (await administrator.channel()).queue_delete(RUN_REQUESTED.name)
    process = waiting.start(database_url, signed_in(amqp_url, Account.PLANNER))
    await process.wait_ready(lambda: says(process, '"waits_for": "exchanges and queues"'), timeout_s=30)
    await waiting.says_why(f"RabbitMQ has no queue {RUN_REQUESTED.name}")
    await prepare(amqp_url, rabbit_server.management_url, USERS, TIERS_S)
    await process.wait_ready(lambda: says(process, '"started"'), timeout_s=30)
    assert not await says(process, ONE_USER)
    await ends_well(process)


async def says(process: ChildProcess, text: str, *, times: int = 1) -> bool:
    return process.log.read_text().count(text) >= times
