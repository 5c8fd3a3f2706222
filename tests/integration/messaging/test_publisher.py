"""A message is published when the broker has confirmed it, and never believed to be before."""

import asyncio
from typing import Any

import aio_pika
import pytest
from aiormq.channel import Channel
from devstack.fields import Fields
from devstack.wait import until
from faststream.rabbit import RabbitBroker
from halosync.messaging.connection import connect_options, connection_now
from halosync.messaging.declaring import declare_topology
from halosync.messaging.publisher import NotPublishedError, Publisher
from halosync.messaging.topology import EVENTS, RUN_REQUESTED, WORK

from .conftest import DELAYS_S, PATIENCE_S, Outside

pytestmark = pytest.mark.usefixtures("topology")


async def publish(publisher: Publisher, exchange: str = WORK.name, routing_key: str = "run.requested.v1") -> None:
    await publisher.publish(
        b"{}", exchange=exchange, routing_key=routing_key, message_type="run.requested.v1", headers={"attempt": 2}
    )


async def publish_patiently(publisher: Publisher) -> None:
    """Publish once the channel is open again, which takes longer on a busy machine than a message waits."""

    async def works() -> bool:
        try:
            await publish(publisher)
        except NotPublishedError:
            return False
        return True

    await until(works, what="publishing", timeout_s=PATIENCE_S)


async def declare(amqp_url: str) -> None:
    """Do what `halosync migrate` does for the broker."""
    async with RabbitBroker(**connect_options(amqp_url), logger=None) as broker:
        await broker.connect()
        await declare_topology(broker, DELAYS_S)


async def test_a_message_is_there_when_publishing_returns(publisher: Publisher, outside: Outside) -> None:
    await publish(publisher)
    message = await outside.take(RUN_REQUESTED.name)
    assert (message.body, message.type, message.content_type) == (b"{}", "run.requested.v1", "application/json")
    assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
    assert message.headers["attempt"] == 2


async def test_a_message_can_be_published_that_does_not_persist(publisher: Publisher, outside: Outside) -> None:
    await publisher.publish(
        b"{}", exchange=WORK, routing_key="token.request.v1", message_type="token.request.v1", persist=False
    )
    message = await outside.take("auth.token-request.v1")
    assert message.delivery_mode == aio_pika.DeliveryMode.NOT_PERSISTENT


async def test_work_that_no_queue_takes_is_an_error(publisher: Publisher) -> None:
    with pytest.raises(NotPublishedError, match=r"run\.requested\.v1 to halosync\.work"):
        await publish(publisher, routing_key="nobody.listens.v1")
    with pytest.raises(NotPublishedError):
        await publish(publisher, exchange="", routing_key="no-such-queue")
    await publish(publisher)


async def test_an_event_that_nobody_listens_to_is_none(publisher: Publisher) -> None:
    await publish(publisher, exchange=EVENTS.name, routing_key="nobody.listens.v1")


async def test_a_missing_exchange_is_an_error_from_which_publishing_recovers(
    publisher: Publisher, outside: Outside
) -> None:
    with pytest.raises(NotPublishedError):
        await publish(publisher, exchange="halosync.missing")
    await publish_patiently(publisher)
    assert await outside.depth(RUN_REQUESTED.name) == 1


@pytest.mark.parametrize("gone", [[WORK.name], [WORK.name, EVENTS.name]])
async def test_publishing_goes_on_once_an_exchange_that_was_deleted_is_back(
    topology: str, publisher: Publisher, outside: Outside, gone: list[str]
) -> None:
    """Whoever publishes has used it before, and what the library knows of it must not keep its channel closed."""
    await publish(publisher)
    await publish(publisher, exchange=EVENTS.name, routing_key="nobody.listens.v1")
    for name in gone:
        await outside.channel.exchange_delete(name)
    for _ in range(3):
        with pytest.raises(NotPublishedError):
            await publish(publisher)
    connection = connection_now(publisher.broker)
    await declare(topology)
    await publish_patiently(publisher)
    await outside.holds(RUN_REQUESTED.name, 2)
    assert connection_now(publisher.broker) is connection, "nobody waits for another connection"


async def test_nothing_is_published_on_a_channel_that_is_being_opened_again(
    topology: str, publisher: Publisher, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library gives a channel up for good that is closed before it has set it up again."""
    await publish(publisher)
    opening, go_on, sets_up = asyncio.Event(), asyncio.Event(), Channel.basic_qos

    async def held(channel: Channel, **prefetch: Any) -> Any:
        opening.set()
        await go_on.wait()
        return await sets_up(channel, **prefetch)

    await outside.channel.exchange_delete(WORK.name)
    with monkeypatch.context() as slow:
        slow.setattr(Channel, "basic_qos", held)
        with pytest.raises(NotPublishedError):
            await publish(publisher)
        await opening.wait()
        with pytest.raises(NotPublishedError, match="not open"):
            await publish(publisher)
        go_on.set()
    await declare(topology)
    await publish_patiently(publisher)
    await outside.holds(RUN_REQUESTED.name, 2)


async def test_while_one_exchange_is_gone_the_others_are_published_to(publisher: Publisher, outside: Outside) -> None:
    await publish(publisher)
    await outside.channel.exchange_delete(EVENTS.name)
    for _ in range(2):
        with pytest.raises(NotPublishedError):
            await publish(publisher, exchange=EVENTS.name, routing_key="nobody.listens.v1")
        await publish_patiently(publisher)
    await outside.holds(RUN_REQUESTED.name, 3)


async def test_a_binding_that_was_deleted_is_an_error_until_it_is_back(
    topology: str, publisher: Publisher, outside: Outside
) -> None:
    queue = await outside.channel.get_queue(RUN_REQUESTED.name)
    await queue.unbind(WORK.name, RUN_REQUESTED.routing_key)
    with pytest.raises(NotPublishedError):
        await publish(publisher)
    await declare(topology)
    await publish(publisher)
    await outside.holds(RUN_REQUESTED.name, 1)


async def test_a_message_that_the_broker_refuses_is_an_error(publisher: Publisher, outside: Outside) -> None:
    full: Fields = {"x-max-length": 1, "x-overflow": "reject-publish"}
    queue = await outside.channel.declare_queue("full", arguments=full, durable=True)
    await publish(publisher, exchange="", routing_key=queue.name)
    with pytest.raises(NotPublishedError):
        await publish(publisher, exchange="", routing_key=queue.name)
    assert await outside.depth(queue.name) == 1


async def test_among_many_in_flight_each_hears_of_its_own(publisher: Publisher, outside: Outside) -> None:
    """A return is matched by message id, so two messages must never share one."""
    keys = ["run.requested.v1" if number % 3 else "nobody.listens.v1" for number in range(90)]
    results = await asyncio.gather(*(publish(publisher, routing_key=key) for key in keys), return_exceptions=True)
    assert [isinstance(result, NotPublishedError) for result in results] == [key.startswith("nobody") for key in keys]
    await outside.holds(RUN_REQUESTED.name, 60)
