"""A broker that is silent for so long that its connections are given up: what waits for it is told, and not cancelled.

The library hands the cancellation of its own reader to everybody who waits for an answer (messaging-facts section 6.5,
F5 and F18).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from devstack.rabbitmq import RabbitServer
from devstack.rabbitmq_node import RabbitNode
from devstack.wait import until
from faststream.rabbit import RabbitBroker
from halosync.contracts.run import RunRequested
from halosync.messaging.connection import connect_options, connection_now, given_up
from halosync.messaging.publisher import NotPublishedError, Publisher
from halosync.messaging.topology import RUN_REQUESTED
from halosync.runtime.checks import checks_of
from halosync.runtime.loops import every
from halosync.runtime.readiness import CheckTiming, ReadinessChecks
from halosync.store.pool import Pool
from halosync.store.schema_fit import schema_check

from .conftest import PATIENCE_S

pytestmark = pytest.mark.usefixtures("topology")


@asynccontextmanager
async def silent(server: RabbitServer, *brokers: RabbitBroker) -> AsyncIterator[None]:
    """Freeze the server until the connections of these have been given up."""
    own = server._own
    if not isinstance(own, RabbitNode):
        pytest.skip("the server is not ours to freeze")
    before = [connection_now(broker) for broker in brokers]

    async def all_given_up() -> bool:
        return all(connection.is_closed for connection in before)

    async with own._server.paused():
        yield
        await until(all_given_up, what="giving up the connections", timeout_s=PATIENCE_S)


def impatient(amqp_url: str) -> str:
    """An address whose connections are given up after 6 s."""
    return f"{amqp_url}?heartbeat=1"


async def test_who_publishes_is_told(amqp_url: str, rabbit_server: RabbitServer) -> None:
    async with Publisher(impatient(amqp_url)) as publisher:

        async def taken() -> bool:
            try:
                await publisher.publish(
                    b"{}", exchange="", routing_key=RUN_REQUESTED.name, message_type="run.requested.v1"
                )
            except NotPublishedError:
                return False
            return True

        async def publish() -> None:
            await until(taken, what="publishing", timeout_s=PATIENCE_S)

        await publish()
        async with silent(rabbit_server, publisher.broker):
            publishing = [asyncio.create_task(publish()) for _ in range(5)]
        assert await asyncio.gather(*publishing, return_exceptions=True) == [None] * 5


async def test_readiness_goes_on_looking(amqp_url: str, rabbit_server: RabbitServer, pool: Pool) -> None:
    async with (
        Publisher(impatient(amqp_url)) as publisher,
        RabbitBroker(**connect_options(impatient(amqp_url)), logger=None) as broker,
    ):

        async def handle(message: RunRequested) -> None:
            """Take it."""

        broker.subscriber(RUN_REQUESTED.declaration())(handle)
        await broker.start()
        checks = checks_of(pool, broker, publisher, schema_check(pool))
        readiness, stop = ReadinessChecks(checks, CheckTiming(0.1, 20.0, 30.0)), asyncio.Event()
        watching = asyncio.create_task(readiness.watch(stop))

        async def ready() -> bool:
            return set(readiness.report().values()) == {"ok"}

        await until(ready, what="being ready", timeout_s=PATIENCE_S)
        async with silent(rabbit_server, publisher.broker, broker):
            pass  # the looks have far more time than the connections: they are at it when those are given up
        await until(ready, what="being ready again", timeout_s=PATIENCE_S)
        assert not watching.done()
        stop.set()
        await watching


async def test_background_work_that_is_cancelled_by_nobody_goes_on() -> None:
    turns, stop = 0, asyncio.Event()

    async def work() -> None:
        nonlocal turns
        turns += 1
        if turns == 3:
            stop.set()
        raise asyncio.CancelledError

    async with asyncio.timeout(PATIENCE_S):
        await every("work", 0.001, work, stop)
    assert turns == 3


async def test_who_is_cancelled_by_somebody_is_cancelled() -> None:
    async def wait() -> None:
        with given_up():
            await asyncio.Event().wait()

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)  # it waits
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
