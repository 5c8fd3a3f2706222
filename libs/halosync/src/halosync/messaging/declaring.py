"""Declaring the topology on a broker, and looking whether it is there."""

from collections.abc import Sequence

from aiormq.abc import AbstractChannel
from aiormq.exceptions import ChannelNotFoundEntity
from faststream.rabbit import RabbitBroker

from halosync.messaging.faststream_private import forget_declared_queues
from halosync.messaging.topology import exchanges, queues


class MissingTopologyError(Exception):
    """An exchange or queue is not there; the text names it and says who makes it."""


async def declare_topology(broker: RabbitBroker, delays_s: Sequence[float]) -> None:
    """Declare everything, before any process works: a message is never unroutable because its worker has yet to start.

    An administrator does it by `halosync migrate`; where one user does all, every process.

    The library declares it again whenever it reconnects, to a server that has lost everything for instance.
    """
    for exchange in exchanges(delays_s):
        await broker.declare_exchange(exchange)
    for queue, bindings in queues(delays_s):
        declared = await broker.declare_queue(queue)
        for exchange, routing_key in bindings:
            await declared.bind(await broker.declare_exchange(exchange), routing_key=routing_key)
    forget_declared_queues(broker)


async def declare_again(channel: AbstractChannel, delays_s: Sequence[float]) -> None:
    """Declare everything on a plain channel: what somebody has deleted comes back, what is there stays as it is.

    Raises:
        AMQPError: something is there with other arguments, as in an upgrade; the channel is closed.
    """
    for exchange in exchanges(delays_s):
        await channel.exchange_declare(exchange=exchange.name, exchange_type=exchange.type.value, durable=True)
    for queue, bindings in queues(delays_s):
        await channel.queue_declare(queue=queue.name, durable=True, arguments=queue.arguments)
        for exchange, routing_key in bindings:
            await channel.queue_bind(queue=queue.name, exchange=exchange.name, routing_key=routing_key)


async def look_at_topology(channel: AbstractChannel, delays_s: Sequence[float]) -> None:
    """Look whether everything is there, on a plain channel, which a miss closes; it takes no right to look.

    Raises:
        MissingTopologyError: something is not there.
    """
    kind, name = "exchange", ""
    try:
        for exchange in exchanges(delays_s):
            kind, name = "exchange", exchange.name
            await channel.exchange_declare(exchange=name, passive=True)
        for queue, _ in queues(delays_s):
            kind, name = "queue", queue.name
            await channel.queue_declare(queue=name, passive=True)
    except ChannelNotFoundEntity:
        raise MissingTopologyError(
            f"RabbitMQ has no {kind} {name}: an administrator makes it by `halosync migrate`, with the same "
            "HALOSYNC_RETRY_DELAYS_S as the services"
        ) from None
