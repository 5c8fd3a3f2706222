"""The consumers of this process, as the broker has them. The library keeps to itself what is needed for it."""

import asyncio
from typing import Any, cast

from aio_pika.abc import AbstractRobustQueue
from aiormq.abc import AbstractChannel
from aiormq.channel import Channel
from aiormq.exceptions import ChannelNotFoundEntity
from faststream.rabbit import RabbitBroker

from halosync.messaging.connection import plain_channel
from halosync.messaging.topology import QUEUES, READY


class NoConsumerError(Exception):
    """Nobody of this process takes messages from one of its queues."""


class Consumers:
    """Looks whether the broker has the consumers that this process believes to have."""

    def __init__(self, broker: RabbitBroker) -> None:
        self._broker = broker
        self._channel: AbstractChannel | None = None

    async def check(self) -> None:
        """Return if this process has a consumer on each of its queues.

        What the broker counts includes the consumers of other replicas; what this process knows does not include a
        queue that has gone. So both are asked, the broker on a channel that does no work.

        Raises:
            NoConsumerError: a queue has none, or is not there.
            ConnectionError: the connection is down.
        """
        for subscriber in self._broker.subscribers:
            name = subscriber.queue.name  # type: ignore[attr-defined]  # every subscriber of a RabbitBroker has one
            if not await _consumes(subscriber):
                raise NoConsumerError(f"{name}: not consuming")
            if self._channel is None or self._channel.is_closed:
                self._channel = await plain_channel(self._broker)
            try:
                declared = await self._channel.queue_declare(queue=name, passive=True)
            except ChannelNotFoundEntity:
                raise NoConsumerError(f"{name}: the queue is not there") from None
            if not declared.consumer_count:
                raise NoConsumerError(f"{name}: the broker knows no consumer of it")


async def _consumes(subscriber: Any) -> bool:
    """Tell whether the consumer stands on a channel that is open; the server may have cancelled it."""
    tag, queue = _consumer(subscriber)
    if tag is None or queue is None or not queue.channel.is_initialized or queue.channel.is_closed:
        return False
    channel = cast("Channel", await queue.channel.get_underlay_channel())
    return not channel.is_closed and tag in channel.consumers


async def keep_bound(broker: RabbitBroker) -> None:
    """Have the library bind our queues again when it restores their consumers: a queue that was deleted comes back.

    Without it, it would come back unbound, and nothing would reach it any more.
    """
    ours = {queue.name: queue for queue in QUEUES}
    for subscriber in broker.subscribers:
        _, queue = _consumer(subscriber)
        if queue is not None and queue.name in ours:
            await queue.bind(ours[queue.name].exchange.name, ours[queue.name].routing_key)
            await queue.bind(READY.name, queue.name)


async def cancel_consumers(broker: RabbitBroker) -> None:
    """Take no more messages; what is delivered already is worked on."""
    await asyncio.gather(*(_cancel(subscriber) for subscriber in broker.subscribers))


async def _cancel(subscriber: Any) -> None:
    tag, queue = _consumer(subscriber)
    if tag is not None and queue is not None:
        subscriber._consumer_tag = None  # noqa: SLF001 - so that the library does not cancel it once more
        await queue.cancel(tag)


def _consumer(subscriber: Any) -> tuple[str | None, AbstractRobustQueue | None]:
    return subscriber._consumer_tag, subscriber._queue_obj  # noqa: SLF001 - the library has no public call
