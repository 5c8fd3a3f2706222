"""Requests and replies over a real RabbitMQ: as planner, writers and the API ask."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest_asyncio
from auth.app import build
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
from halosync.messaging.connection import connect_options
from halosync.messaging.publisher import Publisher
from halosync.messaging.requests import Requests
from halosync.messaging.topology import declare_topology

from tests.integration.auth.conftest import KEY

if TYPE_CHECKING:
    from tests.integration.auth.conftest import Auth, World

PARTNER = "acme-msp"


@asynccontextmanager
async def replica_at(amqp_url: str, auth: "Auth") -> AsyncIterator[None]:
    broker = RabbitBroker(**connect_options(amqp_url))
    async with Publisher(amqp_url) as publisher, broker:
        build(broker, publisher, auth.use_cases)
        await broker.start()
        yield


@pytest_asyncio.fixture(loop_scope="session")
async def requests(world: "World", amqp_url: str) -> AsyncIterator[Requests]:
    broker = RabbitBroker(**connect_options(amqp_url))
    async with Publisher(amqp_url) as publisher, broker:
        await broker.connect()
        await declare_topology(broker, [1.0])
        asker = Requests(broker, publisher)
        await broker.start()
        async with replica_at(amqp_url, world.auth), replica_at(amqp_url, world.other):
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
