"""The collector on real servers: whatever dies, however it died, is kept with its reason."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import aio_pika
import asyncpg
import pytest
from faststream.rabbit import RabbitBroker
from halosync.messaging.connection import connect_options
from halosync.messaging.dead_letters import collect_dead_letters
from halosync.messaging.declaring import declare_topology
from halosync.messaging.publisher import Publisher
from halosync.messaging.topology import DEAD, INVOICE_READY
from halosync.store.dead_letters import DeadLetterStore, OpenedLetter
from halosync.store.pool import Pool

Headers = Mapping[str, object]

pytestmark = pytest.mark.integration


class Watched:
    """The real store, which tells when it has kept something and can be out of order for a while."""

    def __init__(self, pool: Pool) -> None:
        self.store = DeadLetterStore(pool)
        self.numbers: asyncio.Queue[int] = asyncio.Queue()
        self.failures: list[Exception] = []

    async def keep(
        self, *, queue: str, message_type: str, reason: str, body: bytes, headers: Mapping[str, object]
    ) -> int:
        if self.failures:
            raise self.failures.pop()
        number = await self.store.keep(
            queue=queue, message_type=message_type, reason=reason, body=body, headers=headers
        )
        await self.numbers.put(number)
        return number

    async def next(self) -> OpenedLetter:
        async with asyncio.timeout(20):
            shown = await self.store.show(await self.numbers.get())
        assert shown is not None
        return shown


@pytest.fixture
async def watched(pool: Pool, amqp_url: str) -> AsyncIterator[Watched]:
    watched = Watched(pool)
    broker = RabbitBroker(**connect_options(amqp_url), logger=None)
    collect_dead_letters(broker, watched.keep)
    await broker.connect()
    await declare_topology(broker, ())
    await broker.start()
    yield watched
    await broker.stop()


@pytest.fixture
async def publisher(amqp_url: str) -> AsyncIterator[Publisher]:
    async with Publisher(amqp_url) as publisher:
        yield publisher


async def dead_letter(publisher: Publisher, body: bytes, headers: dict[str, object]) -> None:
    await publisher.publish(
        body, exchange=DEAD, routing_key="anything", message_type="invoice.ready.v1", headers=headers
    )


async def test_our_own_dead_letter_says_where_and_why(watched: Watched, publisher: Publisher) -> None:
    await dead_letter(
        publisher, b'{"a": 1}', {"halosync-queue": INVOICE_READY.name, "halosync-reason": "line 3: quantity"}
    )
    letter = await watched.next()
    assert (letter.queue, letter.reason, letter.body, letter.message_type) == (
        INVOICE_READY.name,
        "line 3: quantity",
        b'{"a": 1}',
        "invoice.ready.v1",
    )


async def test_a_message_that_the_broker_gave_up_says_where_it_died(watched: Watched, amqp_url: str) -> None:
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        message = aio_pika.Message(b"\xff\0 no JSON", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, routing_key=INVOICE_READY.name)
        queue = await channel.get_queue(INVOICE_READY.name)
        async with asyncio.timeout(10), queue.iterator() as deliveries:
            async for delivery in deliveries:
                await delivery.reject(requeue=False)
                break
    letter = await watched.next()
    assert (letter.queue, letter.body, letter.message_type) == (INVOICE_READY.name, b"\xff\0 no JSON", "")
    assert "rejected" in letter.reason


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"halosync-queue": 7, "halosync-reason": None},
        {"x-own": {"deep": [bytearray(b"\xff"), {"nul": "\0"}]}, "halosync-queue": "q\0"},
        {"x-death": "no list"},
    ],
)
async def test_odd_headers_are_kept_all_the_same(
    watched: Watched, publisher: Publisher, headers: dict[str, object]
) -> None:
    await dead_letter(publisher, b"", headers)
    assert (await watched.next()).body == b""


async def test_storing_is_tried_until_it_works(watched: Watched, publisher: Publisher) -> None:
    watched.failures += [asyncpg.CannotConnectNowError("starting"), RuntimeError("unforeseen")]
    await dead_letter(publisher, b"1", {"halosync-queue": "q", "halosync-reason": "r"})
    letter = await watched.next()
    assert (letter.queue, letter.reason, letter.times_seen) == ("q", "r", 1)
