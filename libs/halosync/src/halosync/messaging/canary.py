"""A message sent through the broker and back: the only proof that publishing and delivering work (messaging-facts 1.4).

A connection that is open proves little: a broker that is frozen keeps it open until heartbeats are missed, and one that
is short of memory or disk keeps it open and takes nothing.
"""

import asyncio
from uuid import uuid4

from aiormq.abc import AbstractChannel, DeliveredMessage
from faststream.rabbit import RabbitBroker

from halosync.messaging.connection import plain_channel
from halosync.messaging.publisher import Publisher

MESSAGE_TYPE = "canary"


class Canary:
    """Publishes on the publisher's connection and hears on the consumers', as the work of a process does.

    Its queue is named by the server, exclusive and on a channel that nothing restores: it goes with the connection, a
    new connection gets a new one, and no old one is ever in the way.
    """

    def __init__(self, publisher: Publisher, broker: RabbitBroker) -> None:
        self._publisher = publisher
        self._broker = broker
        self._channel: AbstractChannel | None = None
        self._queue: str | None = None
        self._awaited: tuple[bytes, asyncio.Future[None]] | None = None

    async def fly(self) -> None:
        """Send one and wait until it has come back. One at a time; the caller bounds it in time.

        Raises:
            NotPublishedError: the broker did not confirm it.
            ConnectionError: a connection is down.
            AMQPError: the broker refused the queue.
        """
        queue = await self._nest()
        song, heard = uuid4().hex.encode(), asyncio.get_running_loop().create_future()
        self._awaited = (song, heard)
        await self._publisher.publish(song, exchange="", routing_key=queue, message_type=MESSAGE_TYPE, persist=False)
        await heard

    async def _nest(self) -> str:
        if self._channel is None or self._channel.is_closed:
            self._queue = None
            self._channel = await plain_channel(self._broker)
        if self._queue is None:
            declared = await self._channel.queue_declare(exclusive=True, auto_delete=True)
            await self._channel.basic_consume(str(declared.queue), self._hear, no_ack=True)
            self._queue = str(declared.queue)
        return self._queue

    async def _hear(self, message: DeliveredMessage) -> None:
        """Take what comes; one that comes after its time belongs to nobody."""
        if self._awaited is not None and self._awaited[0] == message.body and not self._awaited[1].done():
            self._awaited[1].set_result(None)
