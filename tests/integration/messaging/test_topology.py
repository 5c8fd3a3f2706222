"""Every queue is declared by every process, reached by its routing key, and has its worker."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from types import SimpleNamespace
from typing import Any, cast

import aio_pika
import auth.app
import halo_writer.composition as writer_main
import planner.composition as planner_main
import pytest
import report_api.composition as report_api_main
from devstack.fields import Fields
from devstack.rabbitmq_node import MOST_MESSAGE_BYTES
from faststream.rabbit import Channel, RabbitBroker, RabbitQueue
from halo_writer.environment import WriterSettings
from halosync.messaging.connection import connect_options
from halosync.messaging.declaring import declare_topology
from halosync.messaging.publisher import Publisher
from halosync.messaging.requests import raw_body
from halosync.messaging.topology import (
    DEAD,
    DEAD_LETTERS,
    KEPT_DEAD_LETTERS,
    LICENCE_ACTIONS,
    QUEUES,
    READY,
    Queue,
    delay_exchange,
    queues,
)
from halosync.runtime.process import Composition, Parts
from planner.environment import PlannerSettings
from report_api.environment import ReportApiSettings

from .conftest import DELAYS_S, PATIENCE_S, Outside

SETTINGS: Fields = {
    "database_url": "postgresql://u:p@127.0.0.1/halosync",
    "amqp_url": "amqp://u:p@127.0.0.1/",
    "public_url": "https://halosync.example",
}


def unconnected() -> Parts:
    broker = RabbitBroker("amqp://127.0.0.1:1/", logger=None)
    return Parts("", cast("Any", None), broker, Publisher("amqp://127.0.0.1:1/"), asyncio.Event())


def worked_on(parts: Parts) -> set[str]:
    """The queues that a process subscribes to, without its own for replies."""
    queues = {cast("Any", subscriber).queue.name for subscriber in parts.broker.subscribers}
    return {name for name in queues if not name.startswith("halosync.replies.")}


def of(worker: str) -> set[str]:
    return {queue.name for queue in QUEUES if queue.worker == worker}


@pytest.mark.parametrize(
    ("worker", "composed"),
    [
        ("planner", lambda parts: planner_main.compose(PlannerSettings(**SETTINGS), parts)),
        ("halo-writer", lambda parts: writer_main.compose(WriterSettings(**SETTINGS), parts)),
        ("report-api", lambda parts: report_api_main.compose(ReportApiSettings(**SETTINGS), parts)),
    ],
)
async def test_a_service_works_on_its_queues_and_on_no_others(
    worker: str, composed: Callable[[Parts], Composition]
) -> None:
    parts = unconnected()
    composition = composed(parts)
    for close in reversed(composition.close):
        await close()
    assert worked_on(parts) == of(worker)


def test_auth_works_on_its_queues_and_on_no_others() -> None:
    parts = unconnected()
    use_cases = SimpleNamespace(service=SimpleNamespace(begin=None, complete=None, end=None), tokens=None)
    auth.app.build(parts.broker, parts.publisher, cast("Any", use_cases), cast("Any", SimpleNamespace()))
    assert worked_on(parts) == of("auth")


def test_every_queue_has_one_of_the_services_as_its_worker() -> None:
    assert {queue.worker for queue in QUEUES} == {"planner", "halo-writer", "auth"}
    assert len({queue.name for queue in QUEUES}) == len(QUEUES)


@pytest.mark.parametrize("queue", [queue for queue, _ in queues(DELAYS_S)], ids=lambda queue: str(queue.name))
def test_no_queue_grows_without_bound_and_only_second_copies_are_dropped(queue: RabbitQueue) -> None:
    arguments: Fields = dict(queue.arguments or {})
    quorum = arguments["x-queue-type"] == "quorum"
    bounds = {"x-max-length-bytes"} if quorum else {"x-max-length", "x-message-ttl"}
    assert all(arguments[bound] > 0 for bound in bounds)
    assert arguments["x-overflow"] == ("drop-head" if queue is KEPT_DEAD_LETTERS else "reject-publish")


async def test_everything_can_be_declared_twice_and_by_many_at_once(amqp_url: str, outside: Outside) -> None:
    async def process() -> None:
        broker = RabbitBroker(**connect_options(amqp_url), logger=None)
        await broker.connect()
        await declare_topology(broker, DELAYS_S)
        await declare_topology(broker, DELAYS_S)
        await broker.stop()

    await asyncio.gather(*(process() for _ in range(4)))
    for queue in QUEUES:
        assert await outside.depth(queue.name) == 0


async def test_who_has_declared_everything_takes_no_more_than_its_prefetch(amqp_url: str, outside: Outside) -> None:
    gate, working = asyncio.Event(), asyncio.Semaphore(0)
    broker = RabbitBroker(**connect_options(amqp_url), logger=None)

    async def handle(_body: bytes) -> None:
        working.release()
        await gate.wait()

    broker.subscriber(LICENCE_ACTIONS.declaration(), channel=Channel(prefetch_count=3), decoder=raw_body)(handle)
    await broker.connect()
    await declare_topology(broker, DELAYS_S)
    for _ in range(10):
        await broker.publish(b"{}", queue=LICENCE_ACTIONS.name)
    await broker.start()
    async with asyncio.timeout(10):
        for _ in range(3):
            await working.acquire()
    assert await outside.depth(LICENCE_ACTIONS.name) == 7
    gate.set()
    await broker.stop()


@pytest.fixture
async def declared(topology: str) -> AsyncIterator[aio_pika.abc.AbstractChannel]:
    async with await aio_pika.connect(topology) as connection:
        yield await connection.channel()


def names(queues: Iterable[Queue]) -> list[str]:
    return [queue.name for queue in queues]


@pytest.mark.parametrize("queue", QUEUES, ids=names(QUEUES))
async def test_a_queue_is_reached_by_its_routing_key_and_by_its_name(
    queue: Queue, declared: aio_pika.abc.AbstractChannel, outside: Outside
) -> None:
    for exchange, routing_key in ((queue.exchange.name, queue.routing_key), (READY.name, queue.name)):
        source = await declared.get_exchange(exchange)
        await source.publish(aio_pika.Message(b"1"), routing_key=routing_key)
        assert (await outside.take(queue.name)).body == b"1"
    others = [other for other in QUEUES if other is not queue]
    assert [await outside.depth(other.name) for other in others] == [0] * len(others)


@pytest.mark.parametrize("delay_s", DELAYS_S)
async def test_a_message_waits_in_its_tier_and_then_goes_to_its_queue_only(
    delay_s: float, declared: aio_pika.abc.AbstractChannel, outside: Outside
) -> None:
    tier = await declared.get_exchange(delay_exchange(delay_s).name)
    clock = asyncio.get_running_loop().time
    sent = clock()
    await tier.publish(aio_pika.Message(b"1", delivery_mode=2), routing_key="halo-writer.licence-actions.v1")
    assert (await outside.take("halo-writer.licence-actions.v1")).body == b"1"
    assert clock() - sent >= delay_s
    assert await outside.depth("planner.run-requested.v1") == 0


@pytest.mark.parametrize("queue", [queue for queue in QUEUES if queue.quorum and queue is not DEAD_LETTERS])
async def test_what_is_refused_becomes_a_dead_letter(
    queue: Queue, declared: aio_pika.abc.AbstractChannel, outside: Outside
) -> None:
    await outside.send(b"refuse me", queue.name)
    source = await declared.get_queue(queue.name)
    async with asyncio.timeout(PATIENCE_S), source.iterator() as messages:
        async for message in messages:
            await message.reject(requeue=False)
            break
    letter = await outside.dead_letter()
    assert (letter.body, cast("Any", letter.headers["x-death"])[0]["queue"]) == (b"refuse me", queue.name)


async def test_a_dead_letter_is_kept_twice(topology: str, publisher: Publisher, outside: Outside) -> None:
    assert topology
    await publisher.publish(b"1", exchange=DEAD, routing_key="any", message_type="any.v1")
    assert (await outside.take(KEPT_DEAD_LETTERS.name)).body == b"1"
    assert (await outside.take(DEAD_LETTERS.name)).body == b"1"


async def test_a_message_above_the_largest_event_is_refused_to_whoever_sends_it(topology: str) -> None:
    async with await aio_pika.connect(topology) as connection:
        for size, taken in ((MOST_MESSAGE_BYTES, True), (MOST_MESSAGE_BYTES + 1, False)):
            channel = await connection.channel()
            queue = await channel.declare_queue(exclusive=True)
            message = aio_pika.Message(bytes(size))
            if taken:
                assert await channel.default_exchange.publish(message, queue.name)
                await queue.delete(if_empty=False)
            else:
                with pytest.raises(aio_pika.exceptions.AMQPError):
                    await channel.default_exchange.publish(message, queue.name)
