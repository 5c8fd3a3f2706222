"""Requests and replies over a real RabbitMQ: as planner, writers and the API ask."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import aio_pika
import pytest
import pytest_asyncio
from auth.app import build
from auth.keyring import Keyring
from faststream.rabbit import RabbitBroker
from halosync.contracts.connection import (
    BeginConnection,
    ConnectionBegun,
    ConnectionCompleted,
    ConnectionEnded,
    EndConnection,
    RequestRefused,
    TokenGranted,
    TokenRequest,
)
from halosync.domain.delivery import DeliveryRules
from halosync.messaging.connection import connect_options
from halosync.messaging.declaring import declare_topology
from halosync.messaging.delivery import Deliveries
from halosync.messaging.publisher import Publisher
from halosync.messaging.requests import Requests
from halosync.messaging.topology import KEPT_DEAD_LETTERS, REPLIES, WORK
from halosync.messaging.webhook_secrets import SealedWebhookSecrets
from halosync.ports.notices import DueWebhook, NotSignedError, ToldNotice
from halosync.store.sealing_keys import SealingKeyStore
from pydantic import SecretStr
from standardwebhooks import Webhook

from tests.integration.auth.conftest import KEY

if TYPE_CHECKING:
    from tests.integration.auth.conftest import Auth, World

PARTNER = "acme-msp"
PATIENCE_S = 30.0


@asynccontextmanager
async def replica_at(amqp_url: str, auth: "Auth", keyring: Keyring) -> AsyncIterator[None]:
    async with Publisher(amqp_url) as publisher:
        deliveries = Deliveries(publisher, DeliveryRules((1.0,), (1.0,), 3))
        broker = RabbitBroker(**connect_options(amqp_url), middlewares=[deliveries.middleware])
        build(broker, publisher, auth.use_cases, keyring)
        await broker.start()
        yield
        await broker.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def requests(world: "World", amqp_url: str) -> AsyncIterator[Requests]:
    broker = RabbitBroker(**connect_options(amqp_url))
    async with Publisher(amqp_url) as publisher, broker:
        await broker.connect()
        await declare_topology(broker, [1.0])
        keys = SealingKeyStore(world.pool)
        keyrings = [Keyring(keys, replica.vault) for replica in (world.auth, world.other)]
        await keyrings[0].publish()
        asker = Requests(broker, publisher, keys)
        await broker.start()
        async with replica_at(amqp_url, world.auth, keyrings[0]), replica_at(amqp_url, world.other, keyrings[1]):
            yield asker


async def test_the_whole_journey(world: "World", requests: Requests) -> None:
    begun = await requests.ask(
        BeginConnection(partner_id=PARTNER, tenant="acme", client_id="client-1", requested_by=KEY)
    )
    assert isinstance(begun, ConnectionBegun)
    completed = await requests.ask(await world.follow(begun.authorize_url))
    assert completed == ConnectionCompleted(partner_id=PARTNER, tenant="acme")
    granted = await requests.ask(TokenRequest(partner_id=PARTNER))
    assert isinstance(granted, TokenGranted)
    stored = await world.auth.tokens.get(PARTNER)
    assert granted == stored
    assert await requests.ask(EndConnection(partner_id=PARTNER)) == ConnectionEnded(partner_id=PARTNER)
    refused = await requests.ask(TokenRequest(partner_id=PARTNER))
    assert isinstance(refused, RequestRefused)
    assert refused.code == "not_connected"


async def test_a_hundred_at_once_each_get_their_own_answer(world: "World", requests: Requests) -> None:
    await world.connect()
    await world.expire()
    asked = [TokenRequest(partner_id=PARTNER if n % 2 else f"nobody-{n}") for n in range(100)]
    replies = await asyncio.gather(*(requests.ask(request) for request in asked))
    for request, reply in zip(asked, replies, strict=True):
        assert isinstance(reply, TokenGranted | RequestRefused)
        assert isinstance(reply, TokenGranted) is (request.partner_id == PARTNER)
        assert reply.partner_id == request.partner_id
    assert await world.token_requests() == 2


async def test_a_refusal_travels_with_its_words(requests: Requests) -> None:
    refused = await requests.ask(BeginConnection(partner_id=PARTNER, tenant="evil.example", client_id="client-1"))
    assert isinstance(refused, RequestRefused)
    assert (refused.code, refused.partner_id) == ("invalid_tenant", PARTNER)
    assert "halopsa.com" in refused.detail


async def test_nothing_that_travels_to_or_from_auth_can_be_read_on_the_way(
    world: "World", requests: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    publish = Publisher.publish

    async def overhear(publisher: Publisher, body: bytes, **options: Any) -> None:
        seen.append(body)
        await publish(publisher, body, **options)

    monkeypatch.setattr(Publisher, "publish", overhear)
    begun = await requests.ask(
        BeginConnection(partner_id=PARTNER, tenant="acme", client_id="client-1", requested_by=KEY)
    )
    assert isinstance(begun, ConnectionBegun)
    completing = await world.follow(begun.authorize_url)
    assert completing.code is not None
    await requests.ask(completing)
    granted = await requests.ask(TokenRequest(partner_id=PARTNER))
    assert isinstance(granted, TokenGranted)
    assert len(seen) == 6
    for secret in (completing.code, granted.access_token, SecretStr(completing.state)):
        assert not any(secret.get_secret_value().encode() in body for body in seen)


async def test_whoever_may_not_ask_gets_no_token_and_is_a_dead_letter(
    world: "World", requests: Requests, amqp_url: str
) -> None:
    """What an attacker does who has any user of the broker: ask, and wait at a queue of its own."""
    await world.connect()
    assert requests
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        mine = await channel.declare_queue(exclusive=True)
        await mine.bind(REPLIES.name, mine.name)
        work = await channel.get_exchange(WORK.name)
        question = aio_pika.Message(
            TokenRequest(partner_id=PARTNER).model_dump_json().encode(),
            type="token.request.v1",
            reply_to=mine.name,
            correlation_id="1",
        )
        await work.publish(question, "token.request.v1")  # nobody vouches for it
        letters = await channel.get_queue(KEPT_DEAD_LETTERS.name)
        async with asyncio.timeout(PATIENCE_S), letters.iterator() as arriving:
            async for letter in arriving:
                await letter.ack()
                break
        assert "does not vouch for" in str(letter.headers["halosync-reason"])
        question.user_id = requests._publisher.signed_in.user
        await work.publish(question, "token.request.v1")  # vouched for, and not sealed: the answer cannot be sealed
        assert isinstance(await requests.ask(TokenRequest(partner_id=PARTNER)), TokenGranted)
        assert await mine.get(fail=False) is None


async def test_a_request_to_a_webhook_is_signed_with_a_secret_that_only_auth_opens(
    world: "World", requests: Requests
) -> None:
    secrets = SealedWebhookSecrets(SealingKeyStore(world.pool), requests)
    number, secret, sent_at = (
        uuid4(),
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        datetime.now(UTC).replace(microsecond=0),
    )
    notice = ToldNotice(uuid4(), PARTNER, "webhook.test", {}, sent_at)
    sealed = await secrets.seal(secret, number)
    due = DueWebhook(uuid4(), notice, 0, sent_at, number, "https://acme.example/", sealed, sent_at, 0)
    headers = {
        "webhook-id": str(notice.notice_id),
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": await secrets.sign(due, sent_at, "{}"),
    }
    assert Webhook(secret).verify("{}", headers) == {}
    with pytest.raises(NotSignedError, match="create it again"):
        await secrets.sign(replace(due, webhook_id=uuid4()), sent_at, "{}")
