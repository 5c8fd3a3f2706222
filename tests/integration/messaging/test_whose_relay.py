"""Whose relay publishes what was committed: that of its own process at once, the others when they next look."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from halosync.contracts.run import RunRequested
from halosync.messaging.publisher import Publisher
from halosync.runtime import relay as relaying
from halosync.runtime.relay import Relay
from halosync.store.outbox import emit
from halosync.store.pool import Pool, open_pool

from .conftest import PATIENCE_S
from .relay_office import Office

pytestmark = pytest.mark.usefixtures("topology")

NEVER_S = 600.0


@asynccontextmanager
async def office_of(database_url: str, publisher: Publisher, *, has_relay: bool = True) -> AsyncIterator[Office]:
    """Give the outbox as a process writes to it that has a relay, or has none."""
    committed = asyncio.Event() if has_relay else None
    pool = await open_pool(database_url, max_size=2, committed=None if committed is None else committed.set)
    try:
        yield Office(database_url, pool, publisher, committed=committed)
    finally:
        await pool.close()


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(relay.run(stop))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE_S):
            await task


@pytest.mark.parametrize("has_relay", [True, False], ids=["its own relay", "no relay"])
async def test_a_relay_publishes_at_once_what_its_process_commits_and_what_has_no_relay(
    has_relay: bool, database_url: str, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "POLL_S", NEVER_S)
    async with office_of(database_url, publisher, has_relay=has_relay) as office, running(office.relay()):
        for _ in range(3):
            await office.emit()
            await office.emptied()


async def test_a_relay_is_told_too_when_the_connection_is_closed_as_it_comes_back(
    database_url: str, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool does so with an old one, and asks nobody."""
    monkeypatch.setattr(relaying, "POLL_S", NEVER_S)
    async with office_of(database_url, publisher) as office, running(office.relay()):
        await office.emit()
        await office.emptied()  # it listens by now
        async with office.pool.acquire() as connection:
            async with connection.transaction():
                await emit(connection, RunRequested(run_id=uuid4(), partner_id="partner"))
            await connection.close()
        await office.emptied()


async def test_a_relay_leaves_what_another_process_commits_until_it_next_looks(
    database_url: str, publisher: Publisher, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "POLL_S", NEVER_S)
    heard: asyncio.Queue[object] = asyncio.Queue()
    async with (
        office_of(database_url, publisher) as own,
        office_of(database_url, publisher) as other,
        running(own.relay()),
        pool.acquire() as witness,
    ):
        await own.emit()
        await own.emptied()  # it listens by now
        for channel in ("outbox", "after"):
            await witness.add_listener(channel, lambda *told: heard.put_nowait(told[2]))
        for number in range(1, 6):
            await other.emit()
            await other.pool.execute("NOTIFY after")
            async with asyncio.timeout(PATIENCE_S):
                assert await heard.get() == "after"  # and nothing of the outbox before
            assert await own.left() == number
        await own.emit()
        await own.emptied()
        await witness.reset()


async def test_what_the_relay_of_a_dead_process_left_is_published_by_another(
    database_url: str, publisher: Publisher
) -> None:
    async with (
        office_of(database_url, publisher) as own,
        office_of(database_url, publisher) as dead,
        running(own.relay()),
    ):
        await dead.emit()
        await own.emptied()


async def test_more_than_a_batch_is_published_without_being_told_again(
    database_url: str, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "POLL_S", NEVER_S)
    monkeypatch.setattr(relaying, "BATCH", 4)
    async with office_of(database_url, publisher) as office:
        await office.emit(11)
        async with running(office.relay()):
            await office.emptied()
