"""The relay on real servers: what is not committed, what no queue takes, and a crash."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import aio_pika
import pytest
import pytest_asyncio
from halosync.contracts.connection import ConnectionLost
from halosync.contracts.run import RunRequested
from halosync.messaging.publisher import NotAnsweredError, NotPublishedError, Publisher
from halosync.messaging.topology import CONNECTION_END, EVENTS, RUN_REQUESTED
from halosync.runtime import relay as relaying
from halosync.runtime.relay import Relay
from halosync.store.outbox import emit
from halosync.store.pool import Pool

from .conftest import Outside
from .relay_office import Office, UndoneError, received

pytestmark = pytest.mark.usefixtures("topology")


@pytest_asyncio.fixture(loop_scope="session")
async def office(database_url: str, pool: Pool, publisher: Publisher) -> Office:
    return Office(database_url, pool, publisher)


async def test_what_was_rolled_back_is_never_published(office: Office, outside: Outside) -> None:
    async with office.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await emit(connection, RunRequested(run_id=uuid4(), partner_id="undone"))
        assert await office.relay().drain() == 0, "not before the commit either"
        await transaction.rollback()
    assert await office.relay().drain() == 0
    assert await outside.depth(RUN_REQUESTED.name) == 0


async def test_a_message_that_no_queue_takes_does_not_hold_up_the_others(office: Office, outside: Outside) -> None:
    await office.pool.execute(
        "INSERT INTO outbox (exchange, routing_key, message_type, body) VALUES ('halosync.work', 'x.v1', 'x.v1', '{}')"
    )
    await office.emit(3)
    with pytest.raises(NotPublishedError, match="1 of 4"):
        await office.relay().drain()
    assert await office.left() == 1
    await outside.holds(RUN_REQUESTED.name, 3)


async def test_what_the_outbox_publishes_is_vouched_for_by_nobody(office: Office, outside: Outside) -> None:
    """Every service may write into it: a request put there would else be the request of whoever publishes it."""
    await office.pool.execute(
        "INSERT INTO outbox (exchange, routing_key, message_type, body, headers)"
        " VALUES ('halosync.work', $1, $1, '{}', $2)",
        *(CONNECTION_END.routing_key, {"user_id": "report-api", "user-id": "report-api"}),
    )
    assert await office.relay().drain() == 1
    assert (await outside.take(CONNECTION_END.name)).user_id is None


async def test_an_exchange_that_is_gone_holds_up_none_but_its_own_messages(office: Office, outside: Outside) -> None:
    await office.pool.execute("INSERT INTO partner (partner_id, name) VALUES ('acme', 'Acme')")
    async with office.pool.acquire() as connection, connection.transaction():
        for number in range(4):
            await emit(connection, RunRequested(run_id=uuid4(), partner_id=f"partner-{number}"))
            lost = ConnectionLost(
                partner_id="acme", tenant="acme", reason="disconnected", problem="", lost_at=datetime.now(UTC)
            )
            await emit(connection, lost)
    await office.publisher.publish(b"{}", exchange=EVENTS, routing_key="nobody.v1", message_type="nobody.v1")
    await outside.channel.exchange_delete(EVENTS.name)
    relay = office.relay()
    for _ in range(2):
        with pytest.raises(NotPublishedError, match="4 of"):
            await relay.drain()
        assert (await office.left(), await outside.depth(RUN_REQUESTED.name)) == (4, 4)
    await outside.channel.declare_exchange(EVENTS.name, aio_pika.ExchangeType.TOPIC, durable=True)
    assert await relay.drain() == 4


async def test_more_than_a_batch_for_an_exchange_that_is_gone_holds_up_nothing_else(
    office: Office, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "BATCH", 4)
    for number in range(9):
        await office.pool.execute(
            "INSERT INTO outbox (exchange, routing_key, message_type, body) VALUES ('gone', 'x.v1', 'x.v1', $1)",
            str(number).encode(),
        )
    names = await office.emit(10)
    relay = office.relay()
    with pytest.raises(NotPublishedError, match="4 of 4"):
        await relay.drain()
    assert [await relay.drain() for _ in range(2)] == [4, 4], "the others go first, and nothing makes them wait"
    with pytest.raises(NotPublishedError, match="2 of 4"):
        await relay.drain()
    assert await received(outside, 10) == names
    exchange = await outside.channel.declare_exchange("gone", aio_pika.ExchangeType.TOPIC, auto_delete=True)
    queue = await outside.channel.declare_queue("found", exclusive=True)
    await queue.bind(exchange, "x.v1")
    assert [await relay.drain() for _ in range(3)] == [4, 4, 1]
    assert [(await outside.take("found")).body for _ in range(9)] == [str(number).encode() for number in range(9)]


async def test_a_crash_after_publishing_publishes_again_rather_than_never(office: Office, outside: Outside) -> None:
    await office.emit()

    class Crashing(Publisher):
        async def publish(self, *arguments: Any, **options: Any) -> None:
            await office.publisher.publish(*arguments, **options)
            raise UndoneError

    crashing = Relay(office.database_url, office.pool, Crashing("amqp://127.0.0.1:1/"))
    with pytest.raises(UndoneError):
        await crashing.drain()
    assert await office.left() == 1
    assert await office.relay().drain() == 1
    assert await received(outside, 2) == ["partner-000"] * 2


async def test_a_broker_that_does_not_answer_is_tried_with_one_message_at_a_time(
    office: Office, outside: Outside
) -> None:
    """It may have taken what it did not confirm, and a message that no queue takes must not look like an outage."""
    await office.pool.execute(
        "INSERT INTO outbox (exchange, routing_key, message_type, body) VALUES ('halosync.work', 'x.v1', 'x.v1', '{}')"
    )
    await office.emit(9)
    tried: list[str] = []

    class Silent(Publisher):
        async def publish(self, *_: object, **options: Any) -> None:
            tried.append(options["routing_key"])
            raise NotAnsweredError("no confirmation in time")

    relay = Relay(office.database_url, office.pool, Silent("amqp://127.0.0.1:1/"))
    for _ in range(3):
        with pytest.raises(NotPublishedError):
            await relay.drain()
    assert len(tried) == 10 + 1 + 1
    relay._publisher = office.publisher
    with pytest.raises(NotPublishedError, match="1 of 1"):
        await relay.drain()  # the oldest is the one that no queue takes: the broker has answered
    with pytest.raises(NotPublishedError, match="1 of 10"):
        await relay.drain()
    await outside.holds(RUN_REQUESTED.name, 9)
