"""Readiness tells the truth about the broker: one that is frozen, alarmed, away or without our consumers is noticed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from unittest.mock import AsyncMock
from uuid import uuid4

import pytest
import pytest_asyncio
from devstack.rabbitmq import RabbitServer
from devstack.rabbitmq_node import RabbitNode
from devstack.wait import until
from faststream.rabbit import RabbitBroker
from halosync.contracts.run import RunRequested
from halosync.messaging.connection import connect_options, connection_now
from halosync.messaging.consumers import keep_bound
from halosync.messaging.faststream_private import consumer_of, subscribers
from halosync.messaging.probe import Probe
from halosync.messaging.publisher import NotPublishedError, Publisher
from halosync.messaging.topology import RUN_REQUESTED, WORK, delay_exchange
from halosync.runtime.checks import checks_of, declare_topology_again
from halosync.runtime.readiness import CheckTiming, ReadinessChecks
from halosync.store.pool import Pool
from halosync.store.schema_fit import schema_check

from .conftest import DELAYS_S, PATIENCE_S, Outside, Worker

NOTICED_S = 35.0
"""How long a broker may be away before it is noticed (messaging-facts section 6.5, F5)."""
CONSUMING_AGAIN_S = 5.0
"""How long a deleted queue may be without its consumer (messaging-facts section 6.5, F7)."""


@dataclass
class Watched:
    """A worker whose readiness is watched as that of a process."""

    worker: Worker
    publisher: Publisher
    readiness: ReadinessChecks
    server: RabbitServer

    async def comes_to(self, *, ready: bool, timeout_s: float = NOTICED_S) -> dict[str, str]:
        """Wait until it is ready, or is not, and return the report."""

        async def so() -> bool:
            return all(outcome == "ok" for outcome in self.readiness.report().values()) is ready

        await until(so, what=f"ready is {ready}: {self.readiness.report()}", timeout_s=timeout_s)
        return self.readiness.report()

    def frozen(self) -> AbstractAsyncContextManager[None]:
        """Stop the server while the body runs: it answers nothing and closes nothing."""
        own = self.server._own
        if not isinstance(own, RabbitNode):
            pytest.skip("the server is not ours to freeze")
        return own._server.paused()

    async def works(self) -> None:
        """An order that is published the usual way reaches the handler."""
        order = RunRequested(run_id=uuid4(), partner_id=uuid4().hex)

        async def taken() -> bool:
            try:
                await self.worker.publish(order)
            except NotPublishedError:
                return False
            return True

        await until(taken, what="publishing", timeout_s=PATIENCE_S)
        while (await self.worker.next()).message != order:
            continue

    def channels(self) -> list[int]:
        """How many channels each of the two connections has open."""
        return [len(connection_now(broker).channels) for broker in (self.worker.broker, self.publisher.broker)]


@pytest_asyncio.fixture(loop_scope="session")
async def watched(
    worker: Worker, publisher: Publisher, pool: Pool, rabbit_server: RabbitServer
) -> AsyncIterator[Watched]:
    readiness = ReadinessChecks(
        checks_of(pool, worker.broker, publisher, schema_check(pool)),
        CheckTiming(every_s=0.1, timeout_s=1.0, stale_s=10.0),
    )
    stop = asyncio.Event()
    watching = asyncio.create_task(readiness.watch(stop))
    await keep_bound(worker.broker)
    watched = Watched(worker, publisher, readiness, rabbit_server)
    await watched.comes_to(ready=True)
    yield watched
    stop.set()
    await watching


async def queues(outside: Outside, rabbit_server: RabbitServer, amqp_url: str) -> list[str]:
    """The names of all queues of the test's virtual host."""
    assert outside
    listed = await rabbit_server._ours().ctl("list_queues", "-p", amqp_url.rsplit("/", 1)[1], "name", "--silent")
    return listed.split()


async def test_a_process_at_work_is_ready(watched: Watched) -> None:
    assert watched.readiness.report() == {"postgres": "ok", "schema": "ok", "rabbitmq": "ok", "consumers": "ok"}


async def test_an_alarmed_broker_is_noticed_and_told_and_comes_back_by_itself(watched: Watched) -> None:
    await watched.server.set_memory_watermark(0)
    try:
        await watched.comes_to(ready=False)

        async def said() -> bool:
            return "short of memory or disk" in watched.readiness.report()["rabbitmq"]

        await until(said, what="saying what is wrong", timeout_s=NOTICED_S)
        assert watched.readiness.report()["consumers"] == "ok", "what is confirmed and delivered goes on"
        assert await watched.publisher.blocked()
    finally:
        await watched.server.set_memory_watermark(0.4)
    await watched.comes_to(ready=True)
    assert not await watched.publisher.blocked()
    await watched.works()


async def test_of_what_is_published_during_an_alarm_nothing_comes_twice(watched: Watched, outside: Outside) -> None:
    """What is sent and then given up would be delivered after the alarm, and once more by whoever sent it again."""
    await watched.works()
    await watched.server.set_memory_watermark(0)
    try:
        await watched.comes_to(ready=False)
        await until(watched.publisher.blocked, what="the word that publishing is blocked", timeout_s=NOTICED_S)
        with pytest.raises(NotPublishedError, match="in time"):
            await watched.worker.publish(RunRequested(run_id=uuid4(), partner_id="given-up"))
    finally:
        await watched.server.set_memory_watermark(0.4)
    await watched.comes_to(ready=True)
    await watched.works()
    assert "given-up" not in watched.worker.finished
    assert await outside.depth(RUN_REQUESTED.name) == 0


async def test_a_frozen_broker_is_noticed_and_comes_back_by_itself(watched: Watched) -> None:
    async with watched.frozen():
        report = await watched.comes_to(ready=False)
        assert report["postgres"] == "ok", "what is well is not called ill"
    await watched.comes_to(ready=True)
    await watched.works()


async def test_nothing_is_left_over_by_reconnects_and_outages(
    watched: Watched, outside: Outside, rabbit_server: RabbitServer, amqp_url: str
) -> None:
    before = watched.channels(), sorted(await queues(outside, rabbit_server, amqp_url))
    for _ in range(3):
        await rabbit_server.close_all_connections()
        await watched.comes_to(ready=True)
    async with watched.frozen():
        await watched.comes_to(ready=False)
    await watched.comes_to(ready=True)
    after = watched.channels(), sorted(await queues(outside, rabbit_server, amqp_url))
    assert after[0] == before[0]
    assert len(after[1]) == len(before[1])


async def test_a_queue_that_is_deleted_is_soon_back_with_consumer_and_bindings(
    watched: Watched, outside: Outside
) -> None:
    await outside.channel.queue_delete(RUN_REQUESTED.name)
    async with asyncio.timeout(CONSUMING_AGAIN_S):
        await watched.works()
    await watched.comes_to(ready=True)


async def test_a_queue_that_cannot_be_consumed_again_is_told(watched: Watched, outside: Outside) -> None:
    """Somebody else was faster, with other arguments."""
    await outside.channel.queue_delete(RUN_REQUESTED.name)
    await outside.channel.declare_queue(RUN_REQUESTED.name, durable=True)
    report = await watched.comes_to(ready=False, timeout_s=CONSUMING_AGAIN_S)
    assert RUN_REQUESTED.name in report["consumers"]
    await outside.channel.queue_delete(RUN_REQUESTED.name)
    await watched.comes_to(ready=True)
    await watched.works()


async def test_the_consumer_of_another_replica_is_not_taken_for_ours(
    watched: Watched, outside: Outside, amqp_url: str
) -> None:
    async with RabbitBroker(**connect_options(amqp_url), logger=None) as other:
        other.subscriber(RUN_REQUESTED.declaration())(Worker(other, watched.publisher).handle)
        await other.start()
        [consumer] = map(consumer_of, subscribers(watched.worker.broker))
        assert consumer is not None
        await consumer.queue.cancel(consumer.tag)
        report = await watched.comes_to(ready=False, timeout_s=CONSUMING_AGAIN_S)
        assert await outside.consumers(RUN_REQUESTED.name) == 1
        assert "not consuming" in report["consumers"]


async def test_a_probe_whose_queue_is_deleted_makes_a_new_one_and_leaves_nothing(
    watched: Watched, outside: Outside, rabbit_server: RabbitServer, amqp_url: str
) -> None:
    before = watched.channels(), sorted(await queues(outside, rabbit_server, amqp_url))
    probe = Probe(watched.publisher, watched.worker.broker)
    await probe.run()
    assert probe._channel is not None
    await probe._channel.queue_delete(str(probe._queue))
    with pytest.raises(NotPublishedError):
        await probe.run()
    assert len(await queues(outside, rabbit_server, amqp_url)) == len(before[1])
    assert watched.channels() == before[0]
    await probe.run()


async def test_a_probe_that_is_cut_off_runs_again(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, outside: Outside, rabbit_server: RabbitServer, amqp_url: str
) -> None:
    before = watched.channels(), sorted(await queues(outside, rabbit_server, amqp_url))
    probe = Probe(watched.publisher, watched.worker.broker)
    with monkeypatch.context() as deaf:
        deaf.setattr(probe, "_receive", AsyncMock())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await probe.run()
    assert len(await queues(outside, rabbit_server, amqp_url)) == len(before[1])
    assert watched.channels() == before[0]
    await probe.run()


async def test_what_nobody_consumes_is_declared_again_too(watched: Watched, outside: Outside) -> None:
    tier = delay_exchange(DELAYS_S[0]).name
    await outside.channel.queue_delete(f"{tier}.v1")
    await outside.channel.exchange_delete(tier)
    await (await outside.channel.get_queue(RUN_REQUESTED.name)).unbind(WORK.name, "run.requested.v1")
    before = watched.channels()
    await declare_topology_again(watched.worker.broker, DELAYS_S)
    await watched.publisher.publish_later(
        b"{}", delay_s=DELAYS_S[0], queue="auth.token-request.v1", message_type="x", headers={}
    )
    assert (await outside.take("auth.token-request.v1")).body == b"{}"
    await watched.works()
    assert watched.channels() == before
