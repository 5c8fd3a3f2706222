"""Webhooks: what changes is told once, signed, again until it is taken, and by one slow receiver nobody is held up."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from devstack.wait import until
from halosync.contracts.connection import ConnectionLost
from halosync.contracts.message import Message
from halosync.contracts.run import RunFinished
from halosync.contracts.webhook import SignWebhook
from halosync.domain.acts import COMMAND_LINE
from halosync.messaging.webhook_secrets import SealedWebhookSecrets, sign
from halosync.ports.notices import DueWebhook
from halosync.ports.requests import NoReplyError, Refusal
from halosync.runtime.webhook_sender import HttpWebhookSender
from halosync.store.outbox import emit
from halosync.store.sealing_keys import SealingKeyStore
from report_api.webhooks.delivering import NoticeDelivery
from standardwebhooks import Webhook

from tests.integration.receiver import Receiver, receiver

if TYPE_CHECKING:
    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

ACME, RIVAL = "acme-msp", "rival-msp"


class Auth:
    """Signs as auth does, with its key; `away`: does not answer."""

    def __init__(self, private_key: bytes) -> None:
        self._private_key = private_key
        self.away = False

    async def private(self, key_id: int) -> bytes:
        """Return the key."""
        assert key_id
        return self._private_key

    async def ask(self, request: Message) -> Message:
        """Answer a request to sign."""
        if self.away:
            raise NoReplyError("away")
        try:
            return await sign(SignWebhook.model_validate_json(request.model_dump_json()), self)
        except Refusal as refused:
            return refused.answer


class Told:
    """A world with auth's key, a receiver, and the work that delivers."""

    def __init__(self, world: "World", host: Receiver, sender: HttpWebhookSender) -> None:
        self.world, self.host, self.sender = world, host, sender
        self.auth = Auth(world.auth.private_key)
        self.secrets = SealedWebhookSecrets(SealingKeyStore(world.pool), self.auth)
        self.stop = asyncio.Event()

    def work(self) -> NoticeDelivery:
        """Return the work of one more replica."""
        return NoticeDelivery(self.world.ports.notices, self.secrets, self.sender, None)

    async def deliver(self) -> None:
        """Deliver all that is due, as though every rest and pause were over."""
        await self.world.pool.execute("UPDATE webhook SET rests_until = 'epoch'")
        await self.world.pool.execute("UPDATE notice_delivery SET due_at = clock_timestamp() WHERE state = 'pending'")
        await self.work().deliver(self.stop)

    async def webhook(
        self, *, partner: str = ACME, url: str | None = None, events: list[str] | None = None
    ) -> tuple[UUID, str]:
        """Create a webhook at the receiver; return its id and secret."""
        number, secret = uuid4(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        sealed = await self.secrets.seal(secret, number)
        await self.world.ports.webhooks.create(partner, number, url or self.host.url, events, sealed, by=COMMAND_LINE)
        return number, secret

    async def happens(self, *messages: Message) -> None:
        """Publish what has happened, as whoever changes something does."""
        async with self.world.pool.acquire() as connection, connection.transaction():
            for message in messages:
                await emit(connection, message)

    def types(self) -> list[str]:
        """Return the types of what was received."""
        return [json.loads(each.body)["type"] for each in self.host.got]


@pytest_asyncio.fixture(loop_scope="session")
async def told(world: "World") -> AsyncIterator[Told]:
    """Auth has published its key, and a receiver listens."""
    await world.sealing_key()
    sender = HttpWebhookSender(private=True)
    async with receiver() as host:
        yield Told(world, host, sender)
    await sender.close()


def lost(partner: str = ACME) -> ConnectionLost:
    return ConnectionLost(
        partner_id=partner, tenant="acme", reason="invalid_grant", problem="Halo ended it.", lost_at=datetime.now(UTC)
    )


async def finished(world: "World", held: list[dict[str, Any]], *, mode: str = "apply") -> RunFinished:
    """Store a run that has ended holding these items, and return what is told of it."""
    invoice_pk = await world.pool.fetchval("SELECT invoice_pk FROM invoice") or await world.invoice()
    run_id = await world.run(invoice_pk, [world.item(outcome="held", **each) for each in held], mode=mode)
    await world.finish(run_id, "partial" if held else "succeeded")
    return RunFinished.model_validate(
        {
            "run_id": run_id,
            "partner_id": ACME,
            "invoice_id": "INV-1",
            "revision": 1,
            "mode": mode,
            "state": "partial" if held else "succeeded",
            "counters": {"total": 1 + len(held), "held": len(held), "synced": 1, "unchanged": 1},
            "finished_at": datetime.now(UTC),
        }
    )


REMOVAL = {"action": "delete", "reason": "delete_guard", "halo_licence_id": 5}
REVIEW = {"action": "update", "reason": "first_review", "halo_licence_id": 6}


async def test_a_secret_is_shown_once_and_kept_sealed(told: Told) -> None:
    world = told.world
    answer = await world.call("POST", "/webhooks", json={"url": "https://acme.example/hook"})
    assert answer.status_code == 201, answer.text
    created = answer.json()
    assert created["secret"].startswith("whsec_")
    assert created["events"] is None
    (shown,) = (await world.get("/webhooks"))["items"]
    assert shown == {name: value for name, value in created.items() if name != "secret"}
    rows = await world.pool.fetch("SELECT t::text FROM webhook t UNION ALL SELECT a::text FROM audit_entry a")
    assert not [row for row in rows if created["secret"].removeprefix("whsec_") in str(row)]
    assert (await world.call("DELETE", f"/webhooks/{shown['webhook_id']}")).status_code == 204
    assert (await world.get("/webhooks"))["items"] == []
    assert (await world.call("DELETE", f"/webhooks/{shown['webhook_id']}")).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "http://acme.example/"}, "url"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "https://acme.example/", "events": []}, "events"),
        ({"url": "https://acme.example/", "events": ["run.begun"]}, "events.0"),
    ],
)
async def test_what_cannot_be_a_webhook_is_refused(told: Told, body: dict[str, Any], field: str) -> None:
    answer = await told.world.call("POST", "/webhooks", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_a_partner_has_ten_at_most(told: Told) -> None:
    for _ in range(10):
        await told.webhook()
    full = await told.world.call("POST", "/webhooks", json={"url": "https://acme.example/"})
    assert (full.status_code, full.json()["code"]) == (429, "too_many_requests")
    assert len((await told.world.get("/webhooks"))["items"]) == 10


async def test_without_auths_key_nothing_is_created(world: "World") -> None:
    assert (await world.call("POST", "/webhooks", json={"url": "https://acme.example/"})).status_code == 503


async def test_a_test_arrives_signed_and_its_delivery_tells_what_was_answered(told: Told) -> None:
    told.host.statuses, told.host.answer = [200], b"taken " + b"x" * 5000
    webhook_id, secret = await told.webhook(events=["month.closed"])
    sent = await told.world.call("POST", f"/webhooks/{webhook_id}/test")
    assert sent.status_code == 202, sent.text
    assert (await told.world.call("POST", f"/webhooks/{webhook_id}/test")).status_code == 429
    await told.deliver()
    (got,) = told.host.got
    payload = Webhook(secret).verify(got.body, got.headers)
    assert payload["type"] == "webhook.test"
    assert payload["data"]["webhook_id"] == str(webhook_id)
    (delivery,) = (await told.world.get(f"/webhooks/{webhook_id}/deliveries"))["items"]
    assert (delivery["delivery_id"], delivery["message_id"]) == (sent.json()["delivery_id"], got.headers["webhook-id"])
    assert (delivery["state"], delivery["next_attempt_at"]) == ("delivered", None)
    (attempt,) = delivery["attempts"]
    assert (attempt["status"], attempt["answer"], attempt["problem"]) == (200, "taken " + "x" * 994, None)

    # Sent again, it has the same id, so that the receiver may know it.
    path = f"/webhooks/{webhook_id}/deliveries/{delivery['delivery_id']}/replay"
    assert (await told.world.call("POST", path)).status_code == 202
    await told.deliver()
    assert [each.headers["webhook-id"] for each in told.host.got] == [delivery["message_id"]] * 2


async def test_what_is_not_taken_comes_again_until_it_is(told: Told) -> None:
    told.host.statuses = [500, 302, 410, 204]
    told.host.headers = "Location: https://elsewhere.example/\r\n"
    webhook_id, _ = await told.webhook()
    await told.happens(lost())
    for failures in (1, 2, 3):
        await told.deliver()
        (shown,) = (await told.world.get("/webhooks"))["items"]
        assert shown["failures"] == failures
        assert shown["rests_until"] > datetime.now(UTC).isoformat()
    await told.deliver()
    (delivery,) = (await told.world.get(f"/webhooks/{webhook_id}/deliveries"))["items"]
    assert [each["status"] for each in delivery["attempts"]] == [500, 302, 410, 204]
    assert delivery["state"] == "delivered"
    assert len({(each.headers["webhook-id"], each.body) for each in told.host.got}) == 1
    assert (await told.world.get("/webhooks"))["items"][0]["failures"] == 0


async def test_after_a_day_it_is_given_up_and_can_be_sent_again(told: Told) -> None:
    told.host.statuses = [500, 204]
    webhook_id, _ = await told.webhook()
    await told.happens(lost())
    await told.work().spread()
    await told.world.pool.execute("UPDATE notice_delivery SET attempts = 10")
    await told.deliver()
    path = f"/webhooks/{webhook_id}/deliveries"
    (delivery,) = (await told.world.get(path))["items"]
    assert (delivery["state"], delivery["next_attempt_at"]) == ("failed", None)
    await told.deliver()
    assert len(told.host.got) == 1
    await told.world.call("POST", f"{path}/{delivery['delivery_id']}/replay")
    await told.deliver()
    assert (await told.world.get(path))["items"][0]["state"] == "delivered"


async def test_what_waits_for_a_dead_receiver_ends_after_a_day_but_nothing_that_waited_for_us(told: Told) -> None:
    pool = told.world.pool

    async def states(hours: int | None = None) -> list[str]:
        if hours is not None:
            await pool.execute("UPDATE notice_delivery SET asked_at = now() - make_interval(hours => $1)", hours)
        await told.work().look_for_overdue()
        return [row["state"] for row in await pool.fetch("SELECT state FROM notice_delivery ORDER BY state")]

    webhook_id, _ = await told.webhook(events=["connection.lost"])
    await told.webhook(events=["connection.lost"])
    await told.happens(lost())
    await told.work().spread()
    await pool.execute("UPDATE webhook SET failures = 30 WHERE webhook_id = $1", webhook_id)
    assert await states(23) == ["pending", "pending"]
    assert await states(25) == ["failed", "pending"]
    (delivery,) = (await told.world.get(f"/webhooks/{webhook_id}/deliveries"))["items"]
    assert delivery["state"] == "failed"
    await told.world.call("POST", f"/webhooks/{webhook_id}/deliveries/{delivery['delivery_id']}/replay")
    assert await states() == ["pending", "pending"], "asked for again, it has a day again"


async def test_a_replay_during_an_attempt_is_not_lost(told: Told) -> None:
    webhook_id, _ = await told.webhook()
    await told.happens(lost())
    await told.work().spread()
    claimed = await told.world.ports.notices.claim_webhook([])
    assert isinstance(claimed, DueWebhook)
    assert await told.world.ports.webhooks.replay(ACME, webhook_id, claimed.delivery_id)
    await told.world.ports.notices.finish_webhook(claimed, await told.sender.post(told.host.url, {}, ""))
    (delivery,) = (await told.world.get(f"/webhooks/{webhook_id}/deliveries"))["items"]
    assert (delivery["state"], len(delivery["attempts"])) == ("pending", 1)
    await told.deliver()
    assert (await told.world.get(f"/webhooks/{webhook_id}/deliveries"))["items"][0]["state"] == "delivered"
    assert len(told.host.got) == 2


async def test_what_is_held_is_told_once_until_it_changes(told: Told) -> None:
    await told.webhook()
    for held, expected in [
        ([REMOVAL, REVIEW], ["run.finished", "items.held", "review.needed"]),
        ([REMOVAL, REVIEW], ["run.finished"]),
        ([REMOVAL], ["run.finished"]),
        ([], ["run.finished"]),
        ([REMOVAL], ["run.finished", "items.held"]),
        ([{**REMOVAL, "halo_licence_id": 7}], ["run.finished", "items.held"]),
    ]:
        told.host.got.clear()
        await told.happens(await finished(told.world, held))
        await told.deliver()
        assert sorted(told.types()) == sorted(expected), held
    told.host.got.clear()
    await told.happens(await finished(told.world, [REVIEW], mode="preview"))
    await told.deliver()
    assert told.types() == []


async def test_a_webhook_is_told_of_its_partner_and_of_what_it_asked_for(told: Told) -> None:
    await told.webhook(events=["invoice.accepted"])
    await told.webhook(partner=RIVAL)
    await told.happens(lost(), lost(RIVAL))
    await told.deliver()
    (got,) = told.host.got
    assert json.loads(got.body)["data"]["partner_id"] == RIVAL
    assert "event_id" not in json.loads(got.body)["data"]


async def test_an_invoice_that_does_not_arrive_is_told_once(told: Told) -> None:
    await told.webhook()
    await told.world.pool.execute("UPDATE partner SET created_at = '2026-01-01'")
    await told.world.invoice("INV-0", issued_at=datetime(2026, 10, 5, tzinfo=UTC))
    notices = told.world.ports.notices
    for day in (date(2026, 11, 6), date(2026, 11, 7), date(2026, 11, 8)):
        await notices.tell_overdue(day, by_mail=False)
    await told.deliver()
    assert [json.loads(each.body)["data"]["expected"] for each in told.host.got] == ["2026-11-05"]
    await told.world.invoice(period="2026-12", issued_at=datetime(2026, 12, 5, tzinfo=UTC))
    await notices.tell_overdue(date(2026, 12, 20), by_mail=False)
    await told.deliver()
    assert len(told.host.got) == 1


async def test_closing_a_month_is_told(told: Told) -> None:
    await told.webhook(events=["month.closed"])
    await told.world.invoice()
    closed = await told.world.call("POST", "/months/2026-11/close", json={"seen": 0})
    assert closed.status_code == 201, closed.text
    await told.deliver()
    (got,) = told.host.got
    data = json.loads(got.body)["data"]
    assert (data["period"], data["closed_by"], data["accepted"]) == ("2026-11", f"key of {ACME}", 0)


async def test_a_receiver_that_does_not_answer_holds_up_nobody_else(told: Told) -> None:
    async with receiver() as slow:

        async def all_that_can() -> bool:
            return len(told.host.got) == 3 and len(slow.got) == 3

        slow.silent = True
        for _ in range(3):
            await told.webhook(url=slow.url)
        await told.webhook(partner=RIVAL)
        await told.happens(*(lost() for _ in range(3)), *(lost(RIVAL) for _ in range(3)))
        await told.work().spread()
        replicas = [asyncio.create_task(told.work().deliver(told.stop)) for _ in range(2)]
        await until(all_that_can, what="what nobody holds up", timeout_s=20)
        # One at a time of a webhook, in both replicas together; and two of a partner in each.
        assert slow.at_once == 3
        assert slow.most_at_once == 3
        slow.speak()
        async with asyncio.timeout(10):
            await asyncio.gather(*replicas)
        assert len(slow.got) == 9
        assert slow.most_at_once <= 3
        assert told.host.most_at_once == 1


async def test_two_replicas_deliver_each_notice_once(told: Told) -> None:
    for _ in range(4):
        await told.webhook()
    await told.happens(*(lost() for _ in range(5)))
    await asyncio.gather(*(told.work().deliver(told.stop) for _ in range(3)))
    assert len(told.host.got) == 20
    assert await told.world.pool.fetchval("SELECT count(*) FROM notice_delivery WHERE state = 'delivered'") == 20
    assert await told.world.pool.fetchval("SELECT count(*) FROM notice_attempt") == 20


async def test_what_a_killed_process_had_claimed_is_delivered_by_another(told: Told) -> None:
    await told.webhook()
    await told.happens(lost())
    await told.work().spread()
    claimed = await told.world.ports.notices.claim_webhook([])
    assert isinstance(claimed, DueWebhook)
    await told.deliver()
    assert told.host.got == []  # it may still be on its way
    await told.world.pool.execute("UPDATE webhook SET claimed_until = clock_timestamp()")
    await told.deliver()
    assert len(told.host.got) == 1
    # And should the first one come back, it changes nothing.
    await told.world.ports.notices.finish_webhook(claimed, await told.sender.post(told.host.url, {}, ""))
    assert await told.world.pool.fetchval("SELECT count(*) FROM notice_attempt") == 1


async def test_a_change_that_is_rolled_back_is_told_to_nobody(told: Told) -> None:
    await told.webhook()
    async with told.world.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await emit(connection, lost())
        await transaction.rollback()
    await told.deliver()
    assert told.host.got == []


async def test_while_auth_is_away_notices_wait_and_use_up_no_attempt(told: Told) -> None:
    webhook_id, _ = await told.webhook()
    await told.happens(lost())
    told.auth.away = True
    for _ in range(15):  # more often than a receiver may fail
        await told.deliver()
    assert told.host.got == []
    (delivery,) = (await told.world.get(f"/webhooks/{webhook_id}/deliveries"))["items"]
    assert (delivery["state"], delivery["attempts"]) == ("pending", [])
    assert await told.world.pool.fetchval("SELECT rests_until > clock_timestamp() FROM webhook")  # nor is auth pressed
    told.auth.away = False
    await told.deliver()
    (delivery,) = (await told.world.get(f"/webhooks/{webhook_id}/deliveries"))["items"]
    assert [each["problem"] for each in delivery["attempts"]] == [None]
    assert "webhook-signature" in told.host.got[0].headers


async def test_a_sealed_secret_serves_its_webhook_alone(told: Told) -> None:
    webhook_id, _ = await told.webhook()
    await told.webhook()
    await told.world.pool.execute(
        "UPDATE webhook SET sealed_secret = (SELECT w.sealed_secret FROM webhook w WHERE w.webhook_id <> $1)"
        " WHERE webhook_id = $1",
        webhook_id,
    )
    await told.happens(lost())
    await told.deliver()
    (delivery,) = (await told.world.get(f"/webhooks/{webhook_id}/deliveries"))["items"]
    assert "create it again" in delivery["attempts"][0]["problem"]
    assert len(told.host.got) == 1


async def test_old_notices_are_forgotten_but_not_what_is_on_its_way(told: Told) -> None:
    await told.webhook()
    await told.happens(lost(), lost())
    await told.work().spread()
    await told.world.pool.execute("UPDATE notice SET happened_at = now() - interval '31 days'")
    await told.world.pool.execute(
        "UPDATE notice_delivery SET state = 'failed' WHERE delivery_id ="
        " (SELECT delivery_id FROM notice_delivery ORDER BY delivery_id LIMIT 1)"
    )
    await told.work().look_for_overdue()
    states = await told.world.pool.fetch("SELECT state FROM notice JOIN notice_delivery USING (notice_id)")
    assert [row["state"] for row in states] == ["pending"]


async def test_only_public_addresses_are_reached(told: Told) -> None:
    sender = HttpWebhookSender()
    attempt = await sender.post(told.host.url.replace("http", "https"), {}, "{}")
    await sender.close()
    assert attempt.status is None
    assert "not public" in (attempt.problem or "")
    assert told.host.got == []
