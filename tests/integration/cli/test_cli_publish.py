"""`halosync invoice publish`: what the broker has confirmed is in the planner's queue."""

import json
from pathlib import Path

import aio_pika
import pytest
from devstack.accounts import USERS, signed_in
from devstack.invoice_header import invoice_header
from devstack.rabbitmq import RabbitServer
from halosync.domain.accounts import Account
from halosync.messaging.administration import prepare
from halosync.messaging.topology import INVOICE_READY

from tests.integration.cli.conftest import Run

from .conftest import on

pytestmark = pytest.mark.integration

EVENT = invoice_header("acme", event_id="0b7c1f2e-93c4-4c1e-8d22-0123456789ab", lines=[])


async def received(amqp_url: str) -> list[tuple[bytes, str | None]]:
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue(INVOICE_READY.name)
        found = []
        while message := await queue.get(no_ack=True, fail=False):
            found.append((message.body, message.type))
        return found


async def test_a_good_invoice_is_published_byte_by_byte(publishing: Run, amqp_url: str, tmp_path: Path) -> None:
    file = tmp_path / "good.json"
    file.write_text(json.dumps(EVENT, indent=3))
    done = await publishing("invoice", "publish", file, "--json")
    assert done.exit_code == 0
    assert (done.json()["published"], done.json()["invoice_id"]) == (True, "INV-1")
    assert "Published good.json" in (await publishing("invoice", "publish", file)).stdout
    assert await received(amqp_url) == [(file.read_bytes(), "invoice.ready.v1")] * 2


async def test_the_invoice_system_publishes_with_its_own_user(
    rabbit_server: RabbitServer, amqp_url: str, tmp_path: Path
) -> None:
    """It may publish and nothing else; what it publishes to is there already."""
    await prepare(amqp_url, rabbit_server.management_url, USERS, [1.0])
    file = tmp_path / "good.json"
    file.write_text(json.dumps(EVENT))
    publishing = on({"HALOSYNC_AMQP_URL": signed_in(amqp_url, Account.INVOICES)})
    done = await publishing("invoice", "publish", file)
    assert (done.exit_code, done.stderr) == (0, "")
    assert await received(amqp_url) == [(file.read_bytes(), "invoice.ready.v1")]


async def test_a_bad_invoice_is_published_only_unchecked(publishing: Run, amqp_url: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(EVENT | {"revision": 0}))
    done = await publishing("invoice", "publish", file, "--json")
    assert done.exit_code == 1
    assert done.json()["published"] is False
    assert done.json()["problems"][0]["field"] == "revision"
    assert "--no-check" in (await publishing("invoice", "publish", file)).stderr
    assert (await publishing("invoice", "publish", file, "--no-check", "--json")).json() == {"published": True}
    assert await received(amqp_url) == [(file.read_bytes(), "invoice.ready.v1")]
