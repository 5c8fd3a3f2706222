"""The composition's health check of RabbitMQ, run as the engine runs it: a node that hangs is seen."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import yaml
from devstack.fields import Fields
from devstack.ports import LOOPBACK, free_port

SERVICES: Fields = yaml.safe_load(Path("docker-compose.yml").read_text("utf-8"))["services"]
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As RabbitMQ's management does to whoever asks for its first page."""
    await reader.readline()
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    writer.close()


async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As the kernel does for a frozen node: the connection is there, and nobody says anything."""
    await reader.read()
    writer.close()


async def says_another_thing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"no\n")
    writer.close()


@contextlib.asynccontextmanager
async def listening(serve: Serve | None) -> AsyncIterator[int]:
    """A port where somebody serves, or nobody."""
    port = free_port()
    if serve is None:
        yield port
        return
    server = await asyncio.start_server(serve, LOOPBACK, port)
    yield port
    server.close()


async def status(amqp: int, management: int) -> int:
    """The exit status of the check with these ports in the place of RabbitMQ's, and less patience."""
    command = [str(word) for word in SERVICES["rabbitmq"]["healthcheck"]["test"][1:]]
    text = command[-1].replace("$$", "$").replace("-t 4", "-t 0.3")
    command[-1] = text.replace("/5672", f"/{amqp}").replace("/15672", f"/{management}")
    process = await asyncio.create_subprocess_exec(*command, env=os.environ, stderr=asyncio.subprocess.DEVNULL)
    return await asyncio.wait_for(process.wait(), 30)


@pytest.mark.parametrize(
    ("amqp", "management", "well"),
    [
        (hangs, answers, True),  # AMQP waits for its client's first word
        (hangs, hangs, False),
        (None, answers, False),
        (hangs, None, False),
        (hangs, says_another_thing, False),
    ],
)
async def test_a_node_that_does_not_answer_is_not_well(
    amqp: Serve | None, management: Serve | None, well: bool
) -> None:
    async with listening(amqp) as first, listening(management) as second:
        assert (await status(first, second) == 0) is well


@pytest.mark.parametrize("name", ["postgres", "rabbitmq"])
def test_a_server_that_hangs_is_called_unhealthy_within_half_a_minute(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    seconds = {key: int(str(check[key]).removesuffix("s")) for key in ("interval", "timeout", "start_period")}
    assert (seconds["interval"] + seconds["timeout"]) * check["retries"] <= 30
    assert seconds["start_period"] >= 120, "it may take so long to start"
    assert check["test"][0] == "CMD", "a shell between would leave what it started to the server, which is process 1"
