"""The consumers of this process, as the broker has them."""

import asyncio

from aiormq.abc import AbstractChannel
from aiormq.exceptions import ChannelNotFoundEntity
from faststream.rabbit import RabbitBroker
from faststream.rabbit.subscriber.usecase import RabbitSubscriber

from halosync.messaging.connection import plain_channel
from halosync.messaging.faststream_private import consumer_of, forget_consumer, plain_channel_of, subscribers
from halosync.messaging.topology import QUEUES, bindings_of


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
        for subscriber in subscribers(self._broker):
            name = subscriber.queue.name
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


async def _consumes(subscriber: RabbitSubscriber) -> bool:
    """Tell whether the consumer stands on a channel that is open; the server may have cancelled it."""
    consumer = consumer_of(subscriber)
    channel = None if consumer is None else await plain_channel_of(consumer.queue)
    return consumer is not None and channel is not None and not channel.is_closed and consumer.tag in channel.consumers


async def keep_bound(broker: RabbitBroker) -> None:
    """Have the library bind our queues again when it restores their consumers: a queue that was deleted comes back.

    Without it, it would come back unbound, and nothing would reach it any more.
    """
    ours = {queue.name: queue for queue in QUEUES}
    for consumer in map(consumer_of, subscribers(broker)):
        if consumer is not None and (queue := ours.get(consumer.queue.name)) is not None:
            for exchange, routing_key in bindings_of(queue):
                await consumer.queue.bind(exchange.name, routing_key)


async def cancel_consumers(broker: RabbitBroker) -> None:
    """Take no more messages; what is delivered already is worked on."""
    await asyncio.gather(*map(_cancel, subscribers(broker)))


async def _cancel(subscriber: RabbitSubscriber) -> None:
    consumer = consumer_of(subscriber)
    if consumer is not None:
        forget_consumer(subscriber)
        await consumer.queue.cancel(consumer.tag)
