"""Connecting a partner's Halo, from Connect to connected, and everything that can go wrong on the way."""

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from halosync.contracts.connection import (
    BeginConnection,
    CompleteConnection,
    ConnectionEstablished,
    EndConnection,
    RequestedBy,
)
from halosync.domain.acts import UNNAMED, Actor
from halosync.ports.requests import Refusal
from halosync.store.audit import AuditStore
from pydantic import SecretStr

from tests.integration.auth.conftest import KEY

if TYPE_CHECKING:
    from tests.integration.auth.conftest import World
from .journey_steps import PARTNER, refusal


def begin(tenant: str = "acme", partner_id: str = PARTNER) -> BeginConnection:
    return BeginConnection(partner_id=partner_id, tenant=tenant, client_id="client-1", requested_by=KEY)


async def test_from_disconnected_to_connected(world: "World") -> None:
    view = world.auth.store.view
    before = await view(PARTNER)
    assert (before.state, before.tenant, before.client_id, before.problem) == ("disconnected", None, None, None)

    came_back = await world.log_in("https://ACME.halopsa.com/")
    pending = await view(PARTNER)
    assert (pending.state, pending.tenant, pending.client_id) == ("pending", "acme", "client-1")
    assert pending.connected_at is None

    completed = await world.auth.service.complete(came_back)
    assert (completed.partner_id, completed.tenant) == (PARTNER, "acme")
    after = await view(PARTNER)
    assert (after.state, after.tenant, after.client_id, after.problem) == ("connected", "acme", "client-1", None)
    assert "edit:softwarelicensing" in after.granted_scopes
    assert after.connected_at is not None
    body = await world.pool.fetchval("SELECT body FROM outbox")
    event = ConnectionEstablished.model_validate_json(body)
    assert (event.partner_id, event.tenant, event.connected_at) == (PARTNER, "acme", after.connected_at)

    token = await world.auth.tokens.get(PARTNER)
    assert token.tenant == "acme"
    assert await world.token_requests() == 1


async def test_a_state_is_good_once(world: "World") -> None:
    came_back = await world.log_in()
    await world.auth.service.complete(came_back)
    assert (await refusal(world, came_back))[:2] == ("invalid_state", PARTNER)
    assert (await world.auth.store.view(PARTNER)).state == "connected"


async def test_a_redirect_delivered_many_times_at_once_connects_once(world: "World") -> None:
    came_back = await world.log_in()
    results = await asyncio.gather(
        *(replica.service.complete(came_back) for replica in [world.auth, world.other] * 5), return_exceptions=True
    )
    assert sum(isinstance(result, Refusal) for result in results) == 9
    assert await world.events() == ["connection.established.v1"]


async def test_a_state_nobody_gave_out_is_refused_and_belongs_to_nobody(world: "World") -> None:
    made_up = CompleteConnection.model_validate({"state": "made-up", "code": "x"})
    assert (await refusal(world, made_up))[:2] == ("invalid_state", None)


async def test_a_state_expires_after_ten_minutes(world: "World") -> None:
    came_back = await world.log_in()
    lifetime = await world.pool.fetchval(
        "SELECT extract(epoch FROM expires_at - created_at)::float8 FROM oauth_attempt"
    )
    assert lifetime == pytest.approx(600, abs=20)
    await world.pool.execute("UPDATE oauth_attempt SET expires_at = now()")
    assert (await world.auth.store.view(PARTNER)).state == "disconnected"
    assert (await refusal(world, came_back))[:2] == ("invalid_state", PARTNER)


async def test_only_the_newest_attempt_can_be_completed(world: "World") -> None:
    older, newer = await world.log_in(), await world.log_in()
    assert (await refusal(world, older))[0] == "invalid_state"
    assert (await world.auth.store.view(PARTNER)).state == "pending"
    await world.auth.service.complete(newer)


async def test_a_person_says_no(world: "World") -> None:
    begun = await world.auth.service.begin(begin())
    state = (await world.follow(begun.authorize_url)).state
    said_no = CompleteConnection(state=state, error="access_denied", error_description="The agent denied the request.")
    code, partner_id, detail = await refusal(world, said_no)
    assert (code, partner_id) == ("denied", PARTNER)
    assert "The agent denied the request." in detail
    view = await world.auth.store.view(PARTNER)
    assert (view.state, view.problem, view.tenant) == ("disconnected", detail, "acme")
    await world.auth.service.begin(begin())
    assert (await world.auth.store.view(PARTNER)).problem is None


async def test_a_scope_that_halo_does_not_know(world: "World") -> None:
    came_back = await world.log_in(service=world.auth.asking("bogus"))
    code, _, detail = await refusal(world, came_back)
    assert code == "missing_scope"
    assert "permissions: read:customers, read:softwarelicensing, edit:softwarelicensing." in detail


async def test_a_client_id_that_halo_does_not_accept(world: "World") -> None:
    came_back = await world.log_in()
    await world.sandbox.admin.add_fault("acme", match={"path": "token"}, status=401, body={"error": "invalid_client"})
    code, partner_id, detail = await refusal(world, came_back)
    assert (code, partner_id) == ("invalid_client", PARTNER)
    assert "client id" in detail
    assert (await world.auth.store.view(PARTNER)).problem == detail


async def test_a_code_of_somebody_else_is_refused(world: "World") -> None:
    came_back = await world.log_in()
    stolen = came_back.model_copy(update={"code": SecretStr("stolen")})
    assert (await refusal(world, stolen))[0] == "denied"
    assert await world.pool.fetchval("SELECT count(*) FROM oauth_token") == 0


async def test_halo_is_away_when_the_code_comes_back(world: "World") -> None:
    came_back = await world.log_in()
    await world.sandbox.admin.add_fault("acme", match={"path": "token"}, status=503)
    assert (await refusal(world, came_back))[0] == "halo_unavailable"
    assert await world.connect()


async def test_an_unknown_partner_cannot_connect(world: "World") -> None:
    with pytest.raises(Refusal) as caught:
        await world.auth.service.begin(begin(partner_id="nobody"))
    assert caught.value.answer.code == "unknown_partner"


@pytest.mark.parametrize(
    "tenant",
    [
        "",
        "evil.example",
        "acme.halopsa.com.evil.example",
        "evil.example/acme.halopsa.com",
        "acme.halopsa.com@evil.example",
        "acme@evil.example",
        "evil.example#",
        "evil.example?x=.halopsa.com",
        "evil.example:443/",
        "//evil.example",
        "http://acme.halopsa.com",
        "../acme",
        "acme/..",
        "acme\\evil",
        "127.0.0.1",
        "[::1]",
        "acme\r\nHost: evil.example",
        "acme%2eevil",
        "-acme",
        "acme-",
        "a" * 64,
        "acmé",
        "\u212aacme",
        "{tenant}",
    ],
)
async def test_a_tenant_is_never_a_way_to_another_host(world: "World", tenant: str) -> None:
    with pytest.raises(Refusal) as caught:
        await world.auth.service.begin(begin(tenant))
    assert caught.value.answer.code == "invalid_tenant"
    assert await world.pool.fetchval("SELECT count(*) FROM oauth_attempt") == 0


async def test_ending_what_never_was_is_no_event(world: "World") -> None:
    await world.auth.service.end(EndConnection(partner_id=PARTNER))
    await world.auth.service.end(EndConnection(partner_id="nobody"))
    assert await world.events() == []


async def test_the_log_has_who_connected_who_disconnected_and_what_halo_did(world: "World") -> None:
    ada, bob = RequestedBy(name="Ada", key_id=uuid4()), RequestedBy(name="Bob", is_operator=True)
    begin = BeginConnection(partner_id=PARTNER, tenant="acme", client_id="client-1", requested_by=ada)
    begun = await world.auth.service.begin(begin)
    await world.auth.service.complete(await world.follow(begun.authorize_url, requested_by=ada))
    await world.auth.service.end(EndConnection(partner_id=PARTNER, requested_by=bob))
    await world.auth.service.end(EndConnection(partner_id=PARTNER, requested_by=bob))
    begun = await world.auth.service.begin(begin.model_copy(update={"requested_by": None}))  # it does not say who asks
    cleo = RequestedBy(name="Cleo", key_id=uuid4())
    await world.auth.service.complete(await world.follow(begun.authorize_url, requested_by=cleo, confirmed=True))
    entries = await AuditStore(world.pool).page(PARTNER)
    assert [(entry.act, entry.actor) for entry in reversed(entries)] == [
        ("connection.begun", Actor("Ada", ada.key_id)),
        ("connection.established", Actor("Ada", ada.key_id)),
        ("connection.ended", Actor("Bob", is_operator=True)),
        ("connection.begun", UNNAMED),
        ("connection.established", Actor("Cleo", cleo.key_id)),
    ]


async def test_a_tenant_whose_name_is_not_its_host_is_named_in_every_step(world: "World") -> None:
    await world.sandbox.admin.change_settings("acme", tenant_name="acme-psa")
    begun = await world.auth.service.begin(begin())
    assert (await world.http.get(begun.authorize_url)).status_code == 500
    begun = await world.auth.service.begin(begin().model_copy(update={"halo_tenant": "acme-psa"}))
    await world.auth.service.complete(await world.follow(begun.authorize_url))
    await world.expire()
    assert (await world.auth.tokens.get(PARTNER)).tenant == "acme"
    view = await world.auth.store.view(PARTNER)
    assert (view.state, view.tenant, view.halo_tenant) == ("connected", "acme", "acme-psa")
