"""What we touch of FastStream without a public way is where it was, on a real connection; and touched in one file only.

A new version that moves a part of it fails here, by name, before anything fails strangely.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aio_pika
import halosync.messaging.faststream_private as private
from aiormq.channel import Channel
from aiormq.connection import Connection
from faststream import BaseMiddleware
from faststream.rabbit.subscriber.usecase import RabbitSubscriber
from halosync.messaging.connection import connection_now
from halosync.messaging.topology import RUN_REQUESTED

from .test_delivery import order

if TYPE_CHECKING:
    from .conftest import Worker

ROOT = Path(__file__).resolve().parents[3]
HINT = "FastStream has moved it: see libs/halosync/src/halosync/messaging/faststream_private.py"
NAMES = re.compile(
    r"\._consumer_tag\b|\._queue_obj\b|\bbroker\._\w+|\bdeclarer\b|\bchannel_manager\b|[\"']handler_[\"']|get_underlay_channel"
    r"|faststream\._internal"
)


def attribute(owner: object, name: str, kind: type) -> Any:
    """Return a private attribute; fail by name where it is not there or is something else."""
    assert hasattr(owner, name), f"{type(owner).__name__} has no {name}. {HINT}"
    value = getattr(owner, name)
    assert isinstance(value, kind), f"{type(owner).__name__}.{name} is no {kind.__name__}: {type(value)}. {HINT}"
    return value


async def test_a_subscriber_has_its_consumer_and_the_consumer_its_channel(worker: "Worker") -> None:
    [subscriber] = private.subscribers(worker.broker)
    assert isinstance(subscriber, RabbitSubscriber), HINT
    tag = attribute(subscriber, "_consumer_tag", str)
    queue = attribute(subscriber, "_queue_obj", aio_pika.RobustQueue)
    assert private.consumer_of(subscriber) == private.QueueConsumer(tag, queue)
    channel = await private.plain_channel_of(queue)
    assert isinstance(channel, Channel), HINT
    assert tag in attribute(channel, "consumers", dict), HINT
    private.forget_consumer(subscriber)
    assert private.consumer_of(subscriber) is None
    await queue.cancel(tag)


async def test_a_broker_has_its_connection_and_its_declared_queues(worker: "Worker") -> None:
    robust = attribute(worker.broker, "_connection", aio_pika.RobustConnection)
    assert isinstance(robust.transport.connection, Connection), HINT
    assert private.connection_of(worker.broker) is connection_now(worker.broker)
    publishing = await private.publishing_channel(worker.broker)
    assert publishing is attribute(worker.broker, "_channel", aio_pika.RobustChannel), HINT
    assert attribute(worker.broker.config.declarer, "_queues", dict), HINT
    private.forget_declared_queues(worker.broker)
    assert not attribute(worker.broker.config.declarer, "_queues", dict)


async def test_a_middleware_finds_the_queue_of_its_delivery(worker: "Worker") -> None:
    found = []

    class Looking(BaseMiddleware):
        async def consume_scope(self, call_next: Any, msg: Any) -> Any:
            found.append(private.queue_of_delivery(self.context))
            return await call_next(msg)

    worker.broker.add_middleware(Looking)
    await worker.publish(order())
    await worker.next()
    assert found == [RUN_REQUESTED.name], HINT


def test_no_other_file_touches_what_is_private() -> None:
    allowed = {Path(private.__file__), Path(__file__)}
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for folder in ("libs", "services", "tests", "bench")
        for path in (ROOT / folder).rglob("*.py")
        if path.resolve() not in allowed
        for name in NAMES.findall(path.read_text("utf-8"))
    }
    assert found == set(), "give it a function in messaging/faststream_private.py"
