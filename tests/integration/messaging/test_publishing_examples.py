"""The examples of docs/publishing.md do what they say."""

import asyncio
import json
import os
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from aio_pika import connect
from devstack.rabbitmq import RabbitServer

pytestmark = pytest.mark.integration

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
EVENT = {"event_id": "0b7c", "partner_id": "acme-msp"}


async def ends(*argv: str, environment: dict[str, str]) -> tuple[int, str]:
    """Run a program to its end; return its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *argv, env={**os.environ, **environment}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, told.decode()


@pytest.mark.parametrize("example", ["publish_invoice.py", "publish_invoice.sh"])
async def test_an_example_publishes_to_who_listens_and_fails_where_nobody_does(
    example: str, rabbit_server: RabbitServer, amqp_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "invoice.json"
    file.write_text(json.dumps(EVENT))
    parts = urlsplit(amqp_url)
    environment = {
        "AMQP_URL": amqp_url,
        "MANAGEMENT_URL": rabbit_server.management_url,
        "VHOST": quote(parts.path.removeprefix("/"), safe="%"),
        "LOGIN": f"{parts.username or 'guest'}:{parts.password or 'guest'}",
    }
    program = [sys.executable if example.endswith(".py") else "sh", str(EXAMPLES / example), str(file)]
    async with await connect(amqp_url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange("converge.invoices", "topic", durable=True)
        code, told = await ends(*program, environment=environment)
        assert code != 0, told
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(exchange, "invoice.ready.v1")
        code, told = await ends(*program, environment=environment)
        assert (code, told) == (0, "RabbitMQ keeps it.\n")
        message = await queue.get(timeout=10)
        assert (json.loads(message.body), message.type) == (EVENT, "invoice.ready.v1")
        assert message.delivery_mode == 2
        await message.ack()
