"""Request and reply over RabbitMQ: many at once, each with its own reply, and no reply is ever kept anywhere."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from aio_pika.exceptions import AMQPError
from devstack.rabbitmq import RabbitServer
from faststream.rabbit import Channel, RabbitBroker, RabbitExchange
from faststream.rabbit.annotations import RabbitMessage
from halosync.contracts.connection import RequestRefused, TokenGranted, TokenRequest
from halosync.domain.delivery import DeliveryRules
from halosync.messaging.connection import connect_options
from halosync.messaging.declaring import declare_topology
from halosync.messaging.delivery import Deliveries
from halosync.messaging.publisher import Publisher
from halosync.messaging.requests import Requests, raw_body, send_reply
from halosync.messaging.topology import DEAD_LETTERS, KEPT_DEAD_LETTERS, REPLIES, TOKEN_REQUEST, WORK
from halosync.ports.requests import NoReplyError
from pydantic import SecretStr

from .conftest import DELAYS_S, MAX_ATTEMPTS, PATIENCE_S, Outside

Answerer = Callable[[TokenRequest], Awaitable[TokenGranted | RequestRefused]]


def granted(partner_id: str) -> TokenGranted:
    return TokenGranted(
        partner_id=partner_id,
        tenant="acme",
        access_token=SecretStr(f"token of {partner_id}"),
        generation=1,
        expires_at=datetime(2026, 11, 5, tzinfo=UTC),
    )


async def grant(request: TokenRequest) -> TokenGranted:
    return granted(request.partner_id)


@dataclass
class Office:
    """Who asks, and who answers if it is open."""

    requests: Requests
    answering: RabbitBroker
    publisher: Publisher

    async def open(self, answer: Answerer = grant, at_once: int = 200) -> None:
        async def handle(body: bytes, request: RabbitMessage) -> None:
            await send_reply(self.publisher, request, await answer(TokenRequest.model_validate_json(body)))

        await self.handle(handle, at_once)

    async def handle(self, handle: Callable[[bytes, RabbitMessage], Awaitable[None]], at_once: int = 200) -> None:
        channel = Channel(prefetch_count=at_once)
        self.answering.subscriber(TOKEN_REQUEST.declaration(), channel=channel, no_reply=True, decoder=raw_body)(handle)
        await self.answering.start()

    async def ask(self, partner_id: str = "acme-msp", timeout_s: float = PATIENCE_S) -> object:
        return await self.requests.ask(TokenRequest(partner_id=partner_id), timeout_s)


@pytest_asyncio.fixture(loop_scope="session")
async def office(topology: str, publisher: Publisher) -> AsyncIterator[Office]:
    deliveries = Deliveries(publisher, DeliveryRules(DELAYS_S, DELAYS_S, MAX_ATTEMPTS))
    asking = RabbitBroker(**connect_options(topology), middlewares=[deliveries.middleware], logger=None)
    answering = RabbitBroker(**connect_options(topology), logger=None)
    requests = Requests(asking, publisher)
    await asking.start()
    yield Office(requests, answering, publisher)
    await asking.stop()
    await answering.stop()


async def nothing_is_kept(office: Office, outside: Outside) -> None:
    assert office.requests._waiting == {}
    assert [await outside.depth(name) for name in (DEAD_LETTERS.name, KEPT_DEAD_LETTERS.name)] == [0, 0]


async def test_of_a_hundred_at_once_each_gets_its_own_reply(office: Office, outside: Outside) -> None:
    everybody_asked, waiting = asyncio.Event(), []

    async def together(request: TokenRequest) -> TokenGranted:
        """Nobody gets a reply before all have asked, and then the last is answered first."""
        waiting.append(request.partner_id)
        place = len(waiting)
        if place == 100:
            everybody_asked.set()
        await everybody_asked.wait()
        await asyncio.sleep((100 - place) * 0.001)
        return granted(request.partner_id)

    await office.open(together)
    partners = [f"partner-{number}" for number in range(100)]
    replies = await asyncio.gather(*(office.ask(partner_id) for partner_id in partners))
    assert replies == [granted(partner_id) for partner_id in partners]
    await nothing_is_kept(office, outside)


async def test_a_refusal_is_a_reply(office: Office) -> None:
    refusal = RequestRefused(code="not_connected", detail="Connect it.", partner_id="acme-msp")

    async def refuse(_: TokenRequest) -> RequestRefused:
        return refusal

    await office.open(refuse)
    assert await office.ask() == refusal


async def test_without_a_reply_in_time_the_asker_is_told_and_a_late_one_is_ignored(
    office: Office, outside: Outside
) -> None:
    gate, answered = asyncio.Event(), asyncio.Event()

    async def late(request: TokenRequest) -> TokenGranted:
        if request.partner_id == "slow":
            await gate.wait()
            answered.set()
        return granted(request.partner_id)

    await office.open(late)
    with pytest.raises(NoReplyError, match="timed out"):
        await office.ask("slow", timeout_s=0.2)
    gate.set()
    await answered.wait()
    assert await office.ask("quick") == granted("quick")
    await nothing_is_kept(office, outside)


@pytest.mark.parametrize(
    ("body", "message_type"),
    [
        (b'{"access_token": "s3cret"}', "token.granted.v1"),
        (b'{"access_token": "s3cret"}', "token.granted.v9"),
        (b"\xff s3cret", "token.granted.v1"),
        (b"s3cret", ""),
    ],
    ids=["does not fit", "of another version", "no JSON", "without a type"],
)
async def test_a_reply_that_cannot_be_understood_is_told_and_not_kept(
    office: Office, outside: Outside, body: bytes, message_type: str
) -> None:
    async def confuse(_: bytes, request: RabbitMessage) -> None:
        await office.publisher.publish(
            body,
            exchange=REPLIES,
            routing_key=request.reply_to,
            message_type=message_type,
            correlation_id=request.correlation_id,
            vouched=True,
        )

    await office.handle(confuse)
    with pytest.raises(NoReplyError, match="could not be understood") as told:
        await office.ask()
    assert "s3cret" not in str(told.value)
    await nothing_is_kept(office, outside)


async def test_when_nobody_answers_the_asker_does_not_wait_for_ever(office: Office, outside: Outside) -> None:
    with pytest.raises(NoReplyError):
        await office.ask(timeout_s=0.1)
    await outside.holds(TOKEN_REQUEST.name, 1)


async def test_a_request_that_cannot_be_published_is_told_at_once(office: Office, outside: Outside) -> None:
    await outside.channel.queue_delete(TOKEN_REQUEST.name)
    with pytest.raises(NoReplyError, match=r"token\.request\.v1"):
        await office.ask(timeout_s=PATIENCE_S)
    await nothing_is_kept(office, outside)


async def test_an_asker_that_gives_up_leaves_nothing_behind(office: Office, outside: Outside) -> None:
    asking = asyncio.create_task(office.ask())
    await outside.holds(TOKEN_REQUEST.name, 1)
    asking.cancel()
    await asyncio.wait([asking])
    await office.open()
    assert await office.ask("next") == granted("next")
    await nothing_is_kept(office, outside)


async def test_an_answer_that_the_broker_does_not_take_holds_up_nobody(
    office: Office, outside: Outside, rabbit_server: RabbitServer
) -> None:
    """Replies are published where they cannot block acknowledgements, and are given up in time."""
    asked: asyncio.Queue[str] = asyncio.Queue()
    gate = asyncio.Event()

    async def note(request: TokenRequest) -> TokenGranted:
        await gate.wait()
        asked.put_nowait(request.partner_id)
        return granted(request.partner_id)

    asking = [asyncio.create_task(office.ask(f"partner-{number}", timeout_s=2 * PATIENCE_S)) for number in range(3)]
    await outside.holds(TOKEN_REQUEST.name, 3)
    await office.open(note, at_once=1)
    await rabbit_server.set_memory_watermark(0)
    try:
        gate.set()
        async with asyncio.timeout(PATIENCE_S):
            assert {await asked.get() for _ in asking} == {"partner-0", "partner-1", "partner-2"}
    finally:
        await rabbit_server.set_memory_watermark(0.4)
        for task in asking:
            task.cancel()
        await asyncio.wait(asking)
    assert await office.ask("next") == granted("next")


async def test_an_answer_to_nobody_is_dropped(office: Office, outside: Outside) -> None:
    await office.open()
    for reply_to in (None, "halosync.replies.gone"):
        await office.publisher.publish(
            b'{"partner_id": "acme-msp"}',
            exchange="",
            routing_key=TOKEN_REQUEST.name,
            message_type="token.request.v1",
            reply_to=reply_to,
        )
    assert await office.ask("next") == granted("next")
    await nothing_is_kept(office, outside)


@pytest.mark.parametrize("exchange", [REPLIES, WORK])
async def test_an_exchange_that_was_deleted_and_is_back_carries_requests_and_replies_again(
    topology: str, office: Office, outside: Outside, exchange: RabbitExchange
) -> None:
    await office.open()
    assert await office.ask() == granted("acme-msp")
    await outside.channel.exchange_delete(exchange.name)
    with pytest.raises(NoReplyError):
        await office.ask(timeout_s=0.5)
    if exchange is REPLIES:
        with pytest.raises(AMQPError, match=REPLIES.name):
            await office.requests.check()
    async with RabbitBroker(**connect_options(topology), logger=None) as administrator:
        await administrator.connect()
        await declare_topology(administrator, DELAYS_S)
    await office.requests.check()
    assert await office.ask() == granted("acme-msp")
