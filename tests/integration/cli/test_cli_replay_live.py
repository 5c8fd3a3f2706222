"""Replaying dead letters while the planner is at work: each has its effect once, whoever replays it and how often."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import planner.composition as planner_main
import pytest
import pytest_asyncio
from devstack.command import run_forked
from devstack.invoice_header import invoice_header
from devstack.wait import until
from faststream.rabbit import RabbitBroker
from halosync.domain.delivery import DeliveryRules
from halosync.messaging.connection import connect_options
from halosync.messaging.declaring import declare_topology
from halosync.messaging.delivery import Deliveries
from halosync.messaging.publisher import Publisher
from halosync.messaging.topology import INVOICE_READY, INVOICES
from halosync.runtime.process import Parts
from halosync.store.dead_letters import DeadLetterStore, OpenedLetter
from halosync.store.partners import PartnerStore
from halosync.store.pool import Pool
from planner.environment import PlannerSettings

pytestmark = pytest.mark.integration

DELAYS_S = (0.05, 0.2)
PATIENCE_S = 30.0


@dataclass
class Office:
    """A planner at work, the invoices that nobody can take in yet, and what became of them."""

    pool: Pool
    publisher: Publisher
    letters: DeadLetterStore
    environment: dict[str, str]
    folder: Path

    async def command(self, *arguments: object) -> Any:
        """Run `halosync dead-letters` in a process of its own; return what it prints."""
        argv = ("dead-letters", *map(str, arguments), "--json")
        return json.loads(await run_forked("halosync.cli", *argv, env=self.environment, cwd=self.folder))

    async def publish(self, *invoices: str, partner_id: str = "new-msp") -> None:
        for invoice_id in invoices:
            event = invoice_header(partner_id, invoice_id, lines=[])
            name = "invoice.ready.v1"
            await self.publisher.publish(
                json.dumps(event).encode(), exchange=INVOICES, routing_key=name, message_type=name
            )

    async def kept(self, number: int) -> list[int]:
        """Wait until so many dead letters are kept; return their numbers."""

        async def as_many() -> bool:
            return len(await self.letters.list()) == number

        await until(as_many, what=f"{number} dead letters", timeout_s=PATIENCE_S)
        return [letter.dead_letter_id for letter in await self.letters.list()]

    async def taken_in(self, *invoices: str) -> None:
        """Wait until these invoices are there, each once, and nothing else is waiting or dead."""

        async def there() -> bool:
            rows = await self.pool.fetch("SELECT invoice_id FROM invoice ORDER BY invoice_id")
            return [row["invoice_id"] for row in rows] == sorted(invoices)

        await until(there, what=f"invoices {invoices}", timeout_s=PATIENCE_S)

    async def answers(self, message_type: str) -> int:
        """How many answers of a type were written."""
        return int(await self.pool.fetchval("SELECT count(*) FROM outbox WHERE message_type = $1", message_type))


@pytest_asyncio.fixture(loop_scope="session")
async def office(database_url: str, amqp_url: str, pool: Pool, tmp_path: Path) -> AsyncIterator[Office]:
    async with Publisher(amqp_url) as publisher:
        deliveries = Deliveries(publisher, DeliveryRules(DELAYS_S, DELAYS_S, max_attempts=3))
        broker = RabbitBroker(**connect_options(amqp_url), middlewares=[deliveries.middleware], logger=None)
        await broker.connect()
        await declare_topology(broker, DELAYS_S)
        settings = PlannerSettings.model_validate({"database_url": database_url, "amqp_url": amqp_url})
        composition = planner_main.compose(settings, Parts(database_url, pool, broker, publisher, asyncio.Event()))
        await broker.start()
        environment = {"HALOSYNC_DATABASE_URL": database_url, "HALOSYNC_AMQP_URL": amqp_url}
        yield Office(pool, publisher, DeadLetterStore(pool), environment, tmp_path)
        await broker.stop()
        for close in composition.close:
            await close()


async def test_letters_of_one_cause_are_one_row_and_are_replayed_together(office: Office) -> None:
    await office.publish("INV-1", "INV-2", "INV-3")
    await office.publish("INV-9", partner_id="other-msp")
    numbers = await office.kept(4)
    [cause] = await office.command("list")
    assert (cause["letters"], cause["queue"]) == (4, INVOICE_READY.name)
    assert "no such partner" in cause["cause"]
    await PartnerStore(office.pool).add("new-msp", "New")
    done = await office.command("replay", "--reason", cause["cause"], "--rate", 500)
    assert done["replayed"] == numbers
    await office.taken_in("INV-1", "INV-2", "INV-3")
    [died_again] = await office.kept(1)
    assert died_again not in numbers, "its first letter was replayed; it died anew, and is kept anew"


async def test_two_replays_at_a_time_and_one_after_have_one_effect(office: Office) -> None:
    invoices = [f"INV-{number:02}" for number in range(12)]
    await office.publish(*invoices)
    numbers = await office.kept(len(invoices))
    await PartnerStore(office.pool).add("new-msp", "New")
    replay = ("replay", "--all", "--rate", 500)
    outcomes = await asyncio.gather(office.command(*replay), office.command(*replay))
    assert sorted(number for outcome in outcomes for number in outcome["replayed"]) == numbers
    await office.taken_in(*invoices)
    assert (await office.command("replay", *numbers))["skipped"] == numbers
    assert await office.answers("invoice.accepted.v1") == len(invoices)
    assert await office.answers("invoice.rejected.v1") == len(invoices)
    assert await office.letters.list() == []


async def test_a_replay_that_is_killed_before_it_is_noted_is_repeated_without_a_second_effect(
    office: Office,
) -> None:
    await office.publish("INV-1")
    [number] = await office.kept(1)
    await PartnerStore(office.pool).add("new-msp", "New")

    async def publish_and_die(letter: OpenedLetter) -> None:
        await office.publisher.publish(
            letter.body, exchange="", routing_key=letter.queue, message_type=letter.message_type
        )
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await office.letters.replay(number, publish_and_die)
    await office.taken_in("INV-1")
    assert (await office.command("replay", number))["replayed"] == [number]
    await office.publish("INV-2")  # goes behind the doubled one
    await office.taken_in("INV-1", "INV-2")
    assert await office.answers("invoice.accepted.v1") == 2
    assert await office.letters.list() == []
