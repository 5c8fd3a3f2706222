"""Webhooks: what changes is told once, signed, again until it is taken, and by one slow receiver nobody is held up."""

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from standardwebhooks import Webhook

from .webhook_told import ACME, RIVAL, Told, finished, lost

if TYPE_CHECKING:
    from tests.integration.conftest import World

pytestmark = pytest.mark.integration


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
async def test_what_cannot_be_a_webhook_is_refused(told: Told, body: dict[str, object], field: str) -> None:
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
