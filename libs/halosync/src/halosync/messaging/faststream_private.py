"""All that we touch of FastStream and aio-pika without a public way to it; no other file does.

`tests/integration/messaging/test_faststream_private.py` says which of these a new version has moved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from aio_pika import RobustChannel, RobustQueue
from aiormq.channel import Channel
from aiormq.connection import Connection
from faststream.rabbit import RabbitBroker
from faststream.rabbit.subscriber.usecase import RabbitSubscriber


@dataclass(frozen=True, slots=True)
class QueueConsumer:
    """A consumer that the library believes to have: its tag and its queue."""

    tag: str
    queue: RobustQueue


def subscribers(broker: RabbitBroker) -> Sequence[RabbitSubscriber]:
    """Return the subscribers of a broker, typed as what they are."""
    return cast("Sequence[RabbitSubscriber]", broker.subscribers)


def consumer_of(subscriber: RabbitSubscriber) -> QueueConsumer | None:
    """Return the consumer of a subscriber; None before it consumes and after it was cancelled."""
    tag, queue = subscriber._consumer_tag, subscriber._queue_obj  # noqa: SLF001 - there is no public way
    return None if tag is None or queue is None else QueueConsumer(tag, queue)


def forget_consumer(subscriber: RabbitSubscriber) -> None:
    """Have the library not cancel this consumer: we do."""
    subscriber._consumer_tag = None  # noqa: SLF001 - there is no public way


async def plain_channel_of(queue: RobustQueue) -> Channel | None:
    """Return the channel on which a queue is consumed, as the server knows it; None while there is none."""
    if not queue.channel.is_initialized or queue.channel.is_closed:
        return None
    return cast("Channel", await queue.channel.get_underlay_channel())


def connection_of(broker: RabbitBroker) -> Connection | None:
    """Return the connection to the server as it is now; after a reconnect it is another one."""
    robust = broker._connection  # noqa: SLF001 - there is no public way
    transport = None if robust is None else robust.transport
    return None if transport is None else cast("Connection", transport.connection)


async def publishing_channel(broker: RabbitBroker) -> RobustChannel:
    """Return the channel on which a broker publishes.

    Raises:
        IncorrectState: the broker was not started, or is stopped.
    """
    return cast("RobustChannel", await broker.config.channel_manager.get_channel())


def forget_declared_queues(broker: RabbitBroker) -> None:
    """Have the library declare each queue again, on its consumer's own channel.

    It remembers a declared queue with its channel, and would consume on that one. Ours declares and has no prefetch: a
    process would take in the whole queue.
    """
    broker.config.declarer._queues.clear()  # noqa: SLF001 - there is no public way


def look_at_queues(broker: RabbitBroker) -> None:
    """Have the library look whether the queues it consumes are there, and declare none but those of its own."""
    for subscriber in subscribers(broker):
        if not subscriber.queue.exclusive:
            subscriber.queue.declare = False


def queue_of_delivery(context: Any) -> str:
    """Return the name of the queue whose delivery a middleware works on."""
    return cast("RabbitSubscriber", context.get_local("handler_")).queue.name
