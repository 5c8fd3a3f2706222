"""RabbitMQ as it is set up in production, on a virtual host of the test's own, and a look at it from outside."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aio_pika
import pytest
import pytest_asyncio
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from devstack.fields import Fields
from devstack.wait import until
from faststream.rabbit import Channel, RabbitBroker
from faststream.rabbit.annotations import RabbitMessage
from halosync.contracts.run import RunRequested
from halosync.domain.delivery import DeliveryRules
from halosync.messaging.connection import connect_options
from halosync.messaging.declaring import declare_topology
from halosync.messaging.delivery import Deliveries
from halosync.messaging.publisher import Publisher
from halosync.messaging.topology import DEAD_LETTERS, KEPT_DEAD_LETTERS, RUN_REQUESTED, WORK

PATIENCE_S = 30.0
DELAYS_S = (0.05, 0.2)
MAX_ATTEMPTS = 3


@pytest.fixture(autouse=True)
def _is_integration(request: pytest.FixtureRequest) -> None:
    request.node.add_marker(pytest.mark.integration)


@dataclass
class Outside:
    """Looks at the queues with a connection of its own."""

    channel: AbstractChannel

    async def depth(self, queue: str) -> int:
        """How many messages wait in a queue."""
        declared = await self.channel.declare_queue(queue, passive=True)
        return declared.declaration_result.message_count or 0

    async def consumers(self, queue: str) -> int:
        """How many work on a queue."""
        declared = await self.channel.declare_queue(queue, passive=True)
        return declared.declaration_result.consumer_count or 0

    async def holds(self, queue: str, messages: int) -> None:
        """Wait until so many messages wait in a queue."""

        async def as_many() -> bool:
            return await self.depth(queue) == messages

        await until(as_many, what=f"{messages} messages in {queue}", timeout_s=PATIENCE_S)

    async def take(self, queue: str) -> AbstractIncomingMessage:
        """Wait for a message and take it out of its queue."""
        taken: asyncio.Future[AbstractIncomingMessage] = asyncio.get_running_loop().create_future()

        async def receive(message: AbstractIncomingMessage) -> None:
            if not taken.done():
                taken.set_result(message)

        source = await self.channel.get_queue(queue)
        tag = await source.consume(receive)
        async with asyncio.timeout(PATIENCE_S):
            message = await taken
        await source.cancel(tag)
        await message.ack()
        return message

    async def dead_letter(self) -> AbstractIncomingMessage:
        """Wait for a dead letter, which must be in both places where they are kept."""
        collected, kept = await self.take(DEAD_LETTERS.name), await self.take(KEPT_DEAD_LETTERS.name)
        assert (collected.body, collected.headers, collected.type) == (kept.body, kept.headers, kept.type)
        return collected

    async def send(self, body: bytes, queue: str, headers: Fields | None = None) -> None:
        """Publish a message as no part of halosync would."""
        message = aio_pika.Message(body, content_type="application/json", type="odd.v1", headers=headers or {})
        await self.channel.default_exchange.publish(message, routing_key=queue)


@dataclass
class Delivered:
    """What a handler saw of a delivery."""

    message: RunRequested
    attempt: object
    at: float
    redelivered: bool


@dataclass
class Worker:
    """A process with one handler, for `run.requested.v1`, that does what the test says."""

    broker: RabbitBroker
    publisher: Publisher
    outcomes: list[Exception] = field(default_factory=list)
    deliveries: asyncio.Queue[Delivered] = field(default_factory=asyncio.Queue)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    finished: list[str] = field(default_factory=list)

    def raises(self, *outcomes: Exception) -> None:
        """Say what the next deliveries raise, in turn; after that the handler returns."""
        self.outcomes += outcomes

    async def handle(self, message: RunRequested, delivery: RabbitMessage) -> None:
        """Note the delivery, wait for the gate, and raise what is to be raised."""
        clock = asyncio.get_running_loop().time()
        attempt = delivery.headers.get("attempt", 0)
        self.deliveries.put_nowait(Delivered(message, attempt, clock, bool(delivery.raw_message.redelivered)))
        await self.gate.wait()
        if self.outcomes:
            raise self.outcomes.pop(0)
        self.finished.append(message.partner_id)

    async def is_done(self) -> bool:
        """Tell whether the handler has returned once."""
        return bool(self.finished)

    async def next(self) -> Delivered:
        """Wait for a delivery."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.deliveries.get()

    async def publish(self, message: RunRequested) -> None:
        """Order work."""
        name = message.message_type
        body = message.model_dump_json().encode()
        await self.publisher.publish(body, exchange=WORK, routing_key=name, message_type=name)


@pytest_asyncio.fixture(loop_scope="session")
async def topology(amqp_url: str) -> str:
    """The URL of a virtual host in which everything is declared."""
    broker = RabbitBroker(**connect_options(amqp_url), logger=None)
    await broker.connect()
    await declare_topology(broker, DELAYS_S)
    await broker.stop()
    return amqp_url


@pytest_asyncio.fixture(loop_scope="session")
async def outside(amqp_url: str) -> AsyncIterator[Outside]:
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=1)  # what it does not take it does not touch
        yield Outside(channel)


@pytest_asyncio.fixture(loop_scope="session")
async def publisher(amqp_url: str) -> AsyncIterator[Publisher]:
    async with Publisher(amqp_url) as publisher:
        yield publisher


@pytest_asyncio.fixture(loop_scope="session")
async def worker(topology: str, publisher: Publisher) -> AsyncIterator[Worker]:
    """A worker that takes four messages at a time and whose gate is open."""
    deliveries = Deliveries(publisher, DeliveryRules(DELAYS_S, DELAYS_S, MAX_ATTEMPTS))
    broker = RabbitBroker(**connect_options(topology), middlewares=[deliveries.middleware], logger=None)
    worker = Worker(broker, publisher)
    broker.subscriber(RUN_REQUESTED.declaration(), channel=Channel(prefetch_count=4))(worker.handle)
    worker.gate.set()
    await broker.start()
    yield worker
    worker.gate.set()
    await broker.stop()
