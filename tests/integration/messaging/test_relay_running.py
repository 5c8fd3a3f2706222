"""The relay as it runs in a process: what wakes it, and servers that go away."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from devstack.rabbitmq import RabbitServer
from devstack.wait import until
from halosync.messaging.publisher import NotPublishedError, Publisher
from halosync.messaging.topology import RUN_REQUESTED
from halosync.runtime import relay as relaying
from halosync.runtime.relay import Relay
from halosync.store.pool import Pool

from .conftest import PATIENCE_S, Outside
from .relay_office import Office, everything, received

pytestmark = pytest.mark.usefixtures("topology")


@pytest_asyncio.fixture(loop_scope="session")
async def office(database_url: str, pool: Pool, publisher: Publisher) -> Office:
    return Office(database_url, pool, publisher)


@pytest_asyncio.fixture(loop_scope="session")
async def running(office: Office) -> AsyncIterator[Relay]:
    """A relay that runs as in a process."""
    stop, relay = asyncio.Event(), office.relay()
    task = asyncio.create_task(relay.run(stop))
    yield relay
    stop.set()
    async with asyncio.timeout(PATIENCE_S):
        await task


async def test_a_notification_wakes_the_relay(
    office: Office, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "POLL_S", 10 * PATIENCE_S)
    stop, relay = asyncio.Event(), office.relay()
    await office.emit(prefix="before")
    task = asyncio.create_task(relay.run(stop))
    assert await received(outside, 1) == ["before-000"]
    await office.emit(prefix="after")
    assert await received(outside, 1) == ["after-000"]
    stop.set()
    async with asyncio.timeout(PATIENCE_S):
        await task


@pytest.mark.usefixtures("running")
async def test_a_lost_database_connection_is_made_again(office: Office, outside: Outside) -> None:
    await office.emit(prefix="before")
    await office.emptied()
    await office.pool.execute(
        """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid()"""
    )
    await office.emit(prefix="after")
    assert await received(outside, 2) == ["before-000", "after-000"]


async def test_a_connection_that_ends_in_the_middle_of_a_statement_ends_no_relay(
    office: Office, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay, stop, failures = office.relay(), asyncio.Event(), [asyncpg.InternalClientError("another operation")]
    drain = relay.drain

    async def drained() -> int:
        if failures:
            raise failures.pop()
        return await drain()

    monkeypatch.setattr(relay, "drain", drained)
    await office.emit()
    task = asyncio.create_task(relay.run(stop))
    assert await received(outside, 1) == ["partner-000"]
    stop.set()
    async with asyncio.timeout(PATIENCE_S):
        await task


@pytest.mark.usefixtures("running")
async def test_a_lost_broker_connection_loses_no_message(
    office: Office, rabbit_server: RabbitServer, amqp_url: str
) -> None:
    await office.emit(prefix="before")
    await office.emptied()
    closing = asyncio.create_task(rabbit_server.close_all_connections())
    names: list[str] = []
    while not closing.done():  # some of these fall into the outage, wherever it is
        names += await office.emit(5, prefix=f"during-{len(names)}")
        await asyncio.wait([closing], timeout=0.05)
    await closing
    names += await office.emit(5, prefix="after")
    await office.emptied()
    assert set(names) <= await everything(amqp_url)


@pytest.mark.usefixtures("running")
async def test_while_the_broker_takes_nothing_the_messages_stay(office: Office, outside: Outside) -> None:
    await outside.channel.exchange_delete("halosync.work")
    await office.emit(3)

    async def refused() -> bool:
        try:
            await office.relay().drain()
        except NotPublishedError:
            return True
        return False  # the relay that runs had the messages in its hands

    await until(refused, what="a relay whose messages nobody takes", timeout_s=PATIENCE_S)
    assert await office.left() == 3
    exchange = await outside.channel.declare_exchange("halosync.work", "topic", durable=True)
    await (await outside.channel.get_queue(RUN_REQUESTED.name)).bind(exchange, "run.requested.v1")
    await office.emptied()
    found: set[str] = set()
    while len(found) < 3:  # one whose confirmation went with the channel comes twice
        found.update(await received(outside, 1))
    assert found == {"partner-000", "partner-001", "partner-002"}
