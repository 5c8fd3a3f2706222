"""The relay publishes what the outbox holds, and keeps it until the broker has it: on real servers and in memory."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest
from devstack.wait import until
from halosync.contracts.run import RunRequested
from halosync.messaging.publisher import NotAnsweredError, NotPublishedError, Publisher
from halosync.messaging.topology import RUN_REQUESTED
from halosync.runtime import relay as relaying
from simulation import broker as simulated
from simulation.database import Database
from simulation.fault_rates import NONE
from simulation.guards import ALL
from simulation.messages import Consumer
from simulation.process import Dice, Process
from simulation.relay import MemoryRelay

from . import relay_office
from .conftest import PATIENCE_S, Outside


class Draining(Protocol):
    """What both relays are."""

    async def drain(self) -> int:
        """Publish one batch."""


class Office(Protocol):
    """An outbox, the broker, and relays of several processes."""

    def relay(self) -> Draining:
        """Return the relay of another process."""

    async def emit(self, count: int = 1) -> list[str]:
        """Commit so many orders; return whom they are for."""

    async def left(self) -> int:
        """Return how many the outbox holds."""

    async def queued(self) -> int:
        """Return how many have come to their queue."""

    async def received(self, count: int) -> list[str]:
        """Take so many out of their queue; return whom they are for."""

    def silence(self) -> None:
        """Have the broker answer nobody."""

    def speak(self) -> None:
        """Have it answer again."""

    @property
    def tried(self) -> int:
        """How many messages it was sent since it is silent."""


class Silent(Publisher):
    """A publisher whose broker does not answer, when told so."""

    def __init__(self, publisher: Publisher) -> None:
        super().__init__("amqp://127.0.0.1:1/")
        self.real, self.silent, self.tried = publisher, False, 0

    async def publish(self, *arguments: Any, **options: Any) -> None:
        if self.silent:
            self.tried += 1
            raise NotAnsweredError("no confirmation in time")
        await self.real.publish(*arguments, **options)


@dataclass
class RealOffice(relay_office.Office):
    """Postgres and RabbitMQ."""

    publisher: Silent
    outside: Outside

    async def queued(self) -> int:
        return await self.outside.depth(RUN_REQUESTED.name)

    async def received(self, count: int) -> list[str]:
        messages = [await self.outside.take(RUN_REQUESTED.name) for _ in range(count)]
        assert {message.type for message in messages} == {"run.requested.v1"}
        return [RunRequested.model_validate_json(message.body).partner_id for message in messages]

    def silence(self) -> None:
        self.publisher.silent = True

    def speak(self) -> None:
        self.publisher.silent = False

    @property
    def tried(self) -> int:
        return self.publisher.tried


class CountingBroker(simulated.Broker):
    """The simulation's broker, which counts what it was sent while it is silent."""

    tried = 0

    async def publish(self, process: Process, envelope: Any, tier_s: float | None = None) -> None:
        self.tried += not self.up
        await super().publish(process, envelope, tier_s)


@dataclass
class MemoryOffice:
    """The simulation's doubles."""

    dice: Dice = field(default_factory=lambda: Dice(0, NONE))
    database: Database = field(default_factory=Database)
    processes: list[Process] = field(default_factory=list)
    names: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)

    def __post_init__(self) -> None:
        self.broker = CountingBroker(self.dice, ALL)

    def relay(self) -> Draining:
        self.processes.append(Process(f"relay-{len(self.processes)}", self.dice))
        return MemoryRelay(self.processes[-1], self.database, self.broker)

    async def emit(self, count: int = 1) -> list[str]:
        names = [f"partner-{number:03}" for number in range(count)]
        for name in names:
            self.database.emit(RUN_REQUESTED.name, name)
        return names

    async def left(self) -> int:
        return len(self.database.outbox)

    async def queued(self) -> int:
        return self.broker.depth(RUN_REQUESTED.name)

    async def received(self, count: int) -> list[str]:
        async def take(name: Any) -> None:
            self.names.put_nowait(name)

        self.broker.consume(Consumer(Process("reader", self.dice), RUN_REQUESTED.name, take, 1))
        async with asyncio.timeout(PATIENCE_S):
            return [await self.names.get() for _ in range(count)]

    def silence(self) -> None:
        self.broker.up = False

    def speak(self) -> None:
        self.broker.up = True

    @property
    def tried(self) -> int:
        return self.broker.tried


@pytest.fixture(params=["real", "memory"])
def office(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    if request.param == "real":
        request.getfixturevalue("topology")
        database_url, pool, publisher, outside = map(
            request.getfixturevalue, ("database_url", "pool", "publisher", "outside")
        )
        yield RealOffice(database_url, pool, Silent(publisher), outside)
        return
    monkeypatch.setattr(simulated, "PUBLISH_TIMEOUT_S", 0.01)
    memory = MemoryOffice()
    yield memory
    for process in memory.processes:
        process.over = True


async def test_what_was_committed_is_published_and_deleted(office: Office) -> None:
    names = await office.emit()
    assert await office.relay().drain() == 1
    assert await office.received(1) == names
    assert await office.left() == 0
    assert await office.relay().drain() == 0


async def test_several_relays_publish_each_message_once(office: Office) -> None:
    names = await office.emit(2 * relaying.BATCH + 50)
    relays = [office.relay() for _ in range(3)]
    while await office.left():
        published = await asyncio.gather(*(relay.drain() for relay in relays))
        assert max(published) <= relaying.BATCH

    async def all_of_them() -> bool:
        return await office.queued() == len(names)

    await until(all_of_them, what="each message once", timeout_s=PATIENCE_S)
    assert (await office.received(1))[0] in names


async def test_what_was_not_confirmed_stays_and_is_published_again(office: Office) -> None:
    names = await office.emit()
    relay = office.relay()
    office.silence()
    with pytest.raises(NotPublishedError, match="1 of 1"):
        await relay.drain()
    assert (await office.left(), await office.queued()) == (1, 0)
    office.speak()
    assert await relay.drain() == 1
    assert (await office.left(), await office.received(1)) == (0, names)


async def test_a_broker_that_does_not_answer_is_tried_with_one_message_at_a_time(office: Office) -> None:
    """It may have taken what it did not confirm, and an outage must not end in a flood of doubles."""
    await office.emit(10)
    relay = office.relay()
    office.silence()
    for _ in range(3):
        with pytest.raises(NotPublishedError):
            await relay.drain()
    assert office.tried == 10 + 1 + 1
    office.speak()
    assert [await relay.drain() for _ in range(3)] == [1, 9, 0]
