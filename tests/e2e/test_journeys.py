"""What the three users do, through the four real processes: RabbitMQ in front, HTTP behind, the sandbox as Halo."""

import json
from typing import Any

import aio_pika
import pytest
from devstack.demo import Demo
from devstack.sample import make_sample
from devstack.stack import Stack
from devstack.wait import until
from halosync.store.dead_letters import DeadLetter, DeadLetterStore, Selection
from rich.console import Console

from tests.partner import PATIENCE_S, Partner, database, lines, new_partner

pytestmark = pytest.mark.e2e


async def test_the_demonstration_reaches_what_its_sample_expects(stack: Stack) -> None:
    await Demo(stack, Console(quiet=True), make_sample()).run()


async def test_an_invoice_loaded_before_connecting_is_synced_when_asked(partner: Partner) -> None:
    await partner.publish(partner.event(lines(3)))
    refused = await partner.api.post(f"{partner.path}/runs", json={"mode": "apply"})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_connected")
    await partner.connect()
    run = await partner.sync()
    assert (run["state"], run["counters"]["created"], run["halo_requests"]) == ("succeeded", 3, 4)
    assert await partner.licences() == {(1, "P-0"): 1, (1, "P-1"): 2, (1, "P-2"): 3}
    shown = (await partner.get("/invoices/INV-1/lines"))["items"]
    assert {line["outcome"] for line in shown} == {"synced"}


async def test_auto_sync_waits_for_the_connection_and_then_starts_by_itself(partner: Partner) -> None:
    settings = await partner.get("/settings")
    (await partner.api.put(f"{partner.path}/settings", json={**settings, "auto_sync": True})).raise_for_status()
    await partner.publish(partner.event(lines(2)))
    await partner.connect()

    async def started() -> bool:
        return bool((await partner.get("/runs"))["items"])

    await until(started, what="the automatic run", timeout_s=PATIENCE_S)
    [run] = (await partner.get("/runs"))["items"]
    assert (await partner.finished(run["run_id"]))["state"] == "succeeded"


async def test_a_preview_shows_the_money_and_changes_nothing(partner: Partner) -> None:
    await partner.connect()
    yearly = lines(1, customer_id="C-2", customer_name="Fabrikam", billing_cycle="Yearly")
    await partner.publish(partner.event([*lines(1), *yearly]))
    run = await partner.sync(mode="preview")
    assert run["state"] == "previewed"
    money = {row["billing_cycle"]: row["change"] for row in run["money"]}
    assert money == {"Monthly": "10.00", "Yearly": "10.00"}
    assert await partner.licences() == {}


async def test_a_customer_linked_by_hand_is_synced_the_next_time(partner: Partner) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(2, customer_name="Contoso Pty Ltd")))
    run = await partner.sync()
    assert (run["state"], run["counters"]["skipped"]) == ("succeeded", 2)
    [customer] = (await partner.get("/customers", unmapped="true"))["items"]
    assert customer["suggestions"][0]["id"] == 1
    linked = await partner.api.put(f"{partner.path}/customers/C-1", json={"halo_client_id": 1})
    linked.raise_for_status()
    assert (await partner.sync())["counters"]["created"] == 2


async def test_removals_beyond_the_guard_are_held_until_approved(partner: Partner) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(20)))
    await partner.sync()
    await partner.publish(partner.event(lines(1), revision=2))
    held = await partner.sync()
    assert (held["state"], held["counters"]["held"]) == ("partial", 19)
    released = await partner.sync(approve_removals=19)
    assert (released["state"], released["counters"]["deleted"]) == ("succeeded", 19)


async def test_an_older_revision_changes_nothing_and_is_answered(partner: Partner) -> None:
    await partner.publish(partner.event(lines(2), revision=2))
    answers = await listen(partner, "invoice.rejected.v1")
    await partner.publish_only(partner.event(lines(5), revision=1))
    rejected = await answers.get(timeout=PATIENCE_S)
    told = json.loads(rejected.body)
    assert (told["invoice_id"], told["problems"][0]["field"]) == ("INV-1", "revision")
    [invoice] = (await partner.get("/invoices"))["items"]
    assert (invoice["revision"], invoice["line_count"]) == (2, 2)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"not json", "not JSON"),
        (b"[1, 2]", "JSON object"),
        (b"\x00" * 2_000_000, "not JSON"),
        ({"revision": "x"}, "revision"),
        ({"total": "1.00"}, "total"),
        ({"line_count": 7}, "line_count"),
        ({"partner_id": "nobody"}, "partner_id"),
        ({"lines": [{"line_id": "1"}]}, "line 1"),
        ({"lines": None}, "lines"),
    ],
    ids=["text", "array", "2 MB", "wrong type", "total", "count", "stranger", "missing field", "no lines"],
)
async def test_a_malformed_event_is_kept_and_the_next_one_processed(partner: Partner, body: Any, named: str) -> None:
    raw = body if isinstance(body, bytes) else json.dumps({**partner.event(lines(1)), **body}).encode()
    await publish_raw(partner, raw)
    await partner.publish(partner.event(lines(1)))
    letters: list[DeadLetter] = []

    async with database(partner.stack) as pool:

        async def kept() -> bool:
            found = await DeadLetterStore(pool).list(Selection(state=None))
            letters[:] = [letter for letter in found if named in letter.reason]
            return bool(letters)

        await until(kept, what="keeping the dead letter", timeout_s=PATIENCE_S)
    assert letters[0].queue == "planner.invoice-ready.v1"


async def test_partners_do_not_see_each_other(stack: Stack, partner: Partner) -> None:
    async with new_partner(stack) as other:
        await other.publish(other.event(lines(1)))
        for path in ("/connection", "/invoices", "/runs", "/settings", "/customers", "/products", "/summary"):
            foreign = await partner.api.get(f"{other.path}{path}")
            unknown = await partner.api.get(f"/v1/partners/does-not-exist{path}")
            assert foreign.status_code == unknown.status_code == 404
            assert foreign.json()["detail"] == unknown.json()["detail"]


@pytest.mark.parametrize("tenant", ["evil.com/#", "a.b", "169.254.169.254", "acme@evil", "", "a" * 64])
async def test_a_tenant_that_is_no_label_is_refused(partner: Partner, tenant: str) -> None:
    answer = await partner.api.post(f"{partner.path}/connection", json={"tenant": tenant, "client_id": "x"})
    assert answer.status_code == 422


async def test_disconnecting_erases_and_says_so(partner: Partner) -> None:
    await partner.connect()
    lost = await listen(partner, "connection.lost.v1")
    assert (await partner.api.delete(f"{partner.path}/connection")).status_code == 204
    assert json.loads((await lost.get(timeout=PATIENCE_S)).body)["reason"] == "disconnected"
    assert (await partner.get("/connection"))["state"] == "disconnected"


async def test_a_revoked_connection_breaks_and_after_reconnecting_sync_finishes(partner: Partner) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(3)))
    await partner.halo.revoke_tokens(partner.tenant)
    run = await partner.sync()
    assert (run["state"], run["counters"]["total"]) == ("failed", 0)
    assert (await partner.get("/connection"))["state"] == "broken"
    await partner.connect()
    assert (await partner.sync())["counters"]["created"] == 3


async def publish_raw(partner: Partner, body: bytes) -> None:
    """Publish bytes as a broken invoice system would."""
    async with await aio_pika.connect(partner.stack.amqp_url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange("converge.invoices")
        await exchange.publish(aio_pika.Message(body), routing_key="invoice.ready.v1")


class Listener:
    """A queue of the test's own on `halosync.events`."""

    def __init__(self, queue: aio_pika.abc.AbstractQueue, partner: str) -> None:
        self._queue, self._partner = queue, partner

    async def get(self, timeout: float) -> aio_pika.abc.AbstractIncomingMessage:  # noqa: ASYNC109 - aio-pika's own name
        """Return the next message about the partner."""
        async with self._queue.iterator(timeout=timeout) as messages:
            async for message in messages:
                await message.ack()
                if self._partner.encode() in message.body:
                    return message
        raise AssertionError("the queue closed")


async def listen(partner: Partner, routing_key: str) -> Listener:
    """Return a listener for events of a kind; it is bound before this returns."""
    connection = await aio_pika.connect(partner.stack.amqp_url)
    channel = await connection.channel()
    queue = await channel.declare_queue(exclusive=True)
    await queue.bind("halosync.events", routing_key=routing_key)
    return Listener(queue, partner.name)
