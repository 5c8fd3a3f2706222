"""A message sent through the broker and back: proof that publishing and delivering work (messaging-facts section 1.4).

A connection that is open proves little: a broker that is frozen keeps it open until heartbeats are missed, and one that
is short of memory or disk keeps it open and takes nothing.
"""

import asyncio
import contextlib
from uuid import uuid4

from aiormq.abc import AbstractChannel, DeliveredMessage
from faststream.rabbit import RabbitBroker

from halosync.messaging.connection import given_up, plain_channel
from halosync.messaging.publisher import Publisher
from halosync.messaging.rights import own_queue
from halosync.messaging.topology import REPLIES

MESSAGE_TYPE = "probe"
CLOSE_S = 1.0
"""How long closing the channel after a failure may take."""
QUEUE_EXPIRES_MS = 60_000
"""A queue without a consumer goes after so long: a run may end between its declaration and the consumer."""


class Probe:
    """Publishes on the publisher's connection and receives on the consumers', as the work of a process does.

    Its queue has a new name, is exclusive, and on a channel that nothing restores. It goes with the connection; a
    new connection gets a new one. After any failure the next run has a new channel and a new queue: the old queue may
    be gone while its channel is open.
    """

    def __init__(self, publisher: Publisher, broker: RabbitBroker) -> None:
        self._publisher = publisher
        self._broker = broker
        self._channel: AbstractChannel | None = None
        self._queue: str | None = None
        self._awaited: tuple[bytes, asyncio.Future[None]] | None = None

    async def run(self) -> None:
        """Send one message and wait until it has come back. One at a time; the caller bounds it in time.

        Raises:
            NotPublishedError: the broker did not confirm it.
            ConnectionError: a connection is down.
            AMQPError: the broker refused the queue.
        """
        try:
            queue = await self._consumed_queue()
            token, received = uuid4().hex.encode(), asyncio.get_running_loop().create_future()
            self._awaited = (token, received)
            await self._publisher.publish(
                token, exchange=REPLIES, routing_key=queue, message_type=MESSAGE_TYPE, persist=False
            )
            await received
        except BaseException:
            await self._abandon()
            raise

    async def _abandon(self) -> None:
        """Close the channel, as far as that is possible, and forget it and its queue."""
        channel, self._channel, self._queue = self._channel, None, None
        if channel is not None:
            with contextlib.suppress(Exception), given_up():
                async with asyncio.timeout(CLOSE_S):
                    await channel.close()

    async def _consumed_queue(self) -> str:
        if self._channel is None or self._channel.is_closed:
            self._queue = None
            self._channel = await plain_channel(self._broker)
        if self._queue is None:
            name = own_queue(self._publisher.signed_in.account)
            await self._channel.queue_declare(
                queue=name, exclusive=True, auto_delete=True, arguments={"x-expires": QUEUE_EXPIRES_MS}
            )
            await self._channel.queue_bind(queue=name, exchange=REPLIES.name, routing_key=name)
            await self._channel.basic_consume(name, self._receive, no_ack=True)
            self._queue = name
        return self._queue

    async def _receive(self, message: DeliveredMessage) -> None:
        """Take what comes; one that comes after its time belongs to nobody."""
        if self._awaited is not None and self._awaited[0] == message.body and not self._awaited[1].done():
            self._awaited[1].set_result(None)
