"""Servers end with the process that started them, however it ends and whatever state they are in."""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from devstack.process_tree import TrackedProcess, process_tree
from devstack.rabbitmq_node import installed_scripts
from devstack.wait import until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death"),
    pytest.mark.skipif(installed_scripts() is None, reason="rabbitmq-server is not installed here"),
]

STARTER = """
import asyncio
import asyncpg
from devstack.postgres import postgres
from devstack.rabbitmq import rabbitmq

async def main():
    async with postgres(None, durable=False) as database, rabbitmq(None) as broker:
        connection = await asyncpg.connect(database.url)
        async with database.paused(), broker.paused():
            print("here", flush=True)
            await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A place for files that nobody removes; the account of the servers reaches it."""
    with TemporaryDirectory() as made:
        Path(made).chmod(0o711)
        yield Path(made)


async def test_servers_that_are_stopped_end_when_who_started_them_is_killed(folder: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(folder)}
    starter = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STARTER), stdout=asyncio.subprocess.PIPE, env=environment
    )
    servers: list[TrackedProcess] = []

    async def gone() -> bool:
        return not any(each.lives() for each in servers)

    try:
        assert starter.stdout is not None
        async with asyncio.timeout(60):
            assert await starter.stdout.readline() == b"here\n"
        _, *servers = process_tree(starter.pid)
        assert len(servers) > 3, "Postgres and its own, RabbitMQ, its port mapper and its own"
        starter.kill()
        await starter.wait()
        await until(gone, what="the end of the servers", timeout_s=20)
    finally:
        for each in servers or process_tree(starter.pid):
            each.kill()
