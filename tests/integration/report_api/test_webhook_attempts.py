"""Attempts of webhooks: nothing is lost, nothing stands in another's way, and nothing is told twice."""

import asyncio

import pytest
from devstack.wait import until
from halosync.ports.notices import DueWebhook
from halosync.runtime.webhook_sender import HttpWebhookSender
from halosync.store.outbox import emit

from tests.integration.receiver import receiver

from .webhook_told import ACME, RIVAL, Told, lost

pytestmark = pytest.mark.integration


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


async def test_a_connection_that_breaks_off_is_told_in_words_of_people() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        sender = HttpWebhookSender(private=True)
        address, port = server.sockets[0].getsockname()
        attempt = await sender.post(f"http://{address}:{port}/", {}, "{}")
        await sender.close()
    assert (attempt.status, attempt.problem) == (None, "the connection broke off before it had answered")
