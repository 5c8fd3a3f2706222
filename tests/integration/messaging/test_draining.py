"""SIGTERM: what is begun is finished, and what is not begun goes back as if nobody had seen it (spec section 5.8)."""

import asyncio
from uuid import uuid4

import pytest
from halosync.contracts.run import RunRequested
from halosync.messaging.topology import RUN_REQUESTED
from halosync.runtime.draining import drain

from .conftest import PATIENCE_S, Outside, Worker


async def test_a_drain_finishes_what_is_begun_and_leaves_the_rest_untouched(
    worker: Worker, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.gate.clear()
    partners = [f"partner-{number:02}" for number in range(12)]
    for partner_id in partners:
        await worker.publish(RunRequested(run_id=uuid4(), partner_id=partner_id))
    begun = [(await worker.next()).message.partner_id for _ in range(4)]
    stop, consumers_cancelled = worker.broker.stop, asyncio.Event()

    async def stop_and_tell() -> None:
        consumers_cancelled.set()
        await stop()

    monkeypatch.setattr(worker.broker, "stop", stop_and_tell)
    draining = asyncio.create_task(drain(worker.broker))
    async with asyncio.timeout(PATIENCE_S):
        await consumers_cancelled.wait()
    assert not draining.done(), "it waits for the handlers"
    worker.gate.set()
    async with asyncio.timeout(PATIENCE_S):
        await draining
    assert sorted(worker.finished) == sorted(begun)
    assert worker.deliveries.empty(), "nothing was taken after the drain had begun"
    left = [await outside.take(RUN_REQUESTED.name) for _ in range(len(partners) - len(begun))]
    assert [message.redelivered for message in left] == [False] * len(left)
    assert [message.headers.get("x-delivery-count") for message in left] == [None] * len(left)
    assert await outside.depth(RUN_REQUESTED.name) == 0


async def test_a_drain_of_an_idle_worker_ends_at_once(worker: Worker, outside: Outside) -> None:
    async with asyncio.timeout(5):
        await drain(worker.broker)
    assert await outside.consumers(RUN_REQUESTED.name) == 0
