"""A relay whose servers are away says so, instead of ending."""

import asyncio
from typing import Any, cast

from devstack.wait import until
from halosync.messaging.publisher import Publisher
from halosync.runtime.relay import Relay
from structlog.testing import capture_logs


async def test_it_says_for_what_it_waits_and_why() -> None:
    stop = asyncio.Event()
    relay = Relay("postgresql://me:secret@127.0.0.1:1/x", cast("Any", None), Publisher("amqp://127.0.0.1:1/"))
    with capture_logs() as logs:
        running = asyncio.create_task(relay.run(stop))

        async def told() -> bool:
            return any(line["event"] == "waits" for line in logs)

        await until(told, what="the line", timeout_s=10)
        stop.set()
        await running
    waits = next(line for line in logs if line["event"] == "waits")
    assert waits["waits_for"] == "its messages to be published"
    assert waits["why"].startswith("ConnectionRefusedError: ")
    assert "secret" not in str(logs)
