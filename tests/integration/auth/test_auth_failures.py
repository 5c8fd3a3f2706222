"""A parsed `invalid_grant` breaks a connection; nothing else does (halo-api section 1)."""

import asyncio
from typing import TYPE_CHECKING

import pytest
from auth.access_tokens import REFRESHES_AT_ONCE
from devstack.fields import Fields
from halosync.contracts.connection import ConnectionLost
from halosync.ports.requests import Refusal

if TYPE_CHECKING:
    from tests.integration.auth.conftest import World

PARTNER = "acme-msp"


async def code_of_refusal(world: "World") -> str:
    with pytest.raises(Refusal) as caught:
        await world.auth.tokens.get(PARTNER)
    return caught.value.answer.code


async def test_invalid_grant_breaks_the_connection_and_tells_it_once(world: "World") -> None:
    await world.connect()
    await world.expire()
    await world.sandbox.admin.revoke_tokens("acme")
    results = await asyncio.gather(
        *(replica.tokens.get(PARTNER) for replica in [world.auth, world.other] * 10), return_exceptions=True
    )
    assert {isinstance(result, Refusal) and result.answer.code for result in results} == {"connection_broken"}
    assert await world.token_requests() == 2  # nobody asks again with a token that is dead

    view = await world.auth.store.view(PARTNER)
    assert (view.state, view.tenant) == ("broken", "acme")
    assert view.problem is not None
    assert "Press Connect" in view.problem
    assert await world.pool.fetchval("SELECT count(*) FROM oauth_token") == 0
    assert await world.events() == ["connection.established.v1", "connection.lost.v1"]
    body = await world.pool.fetchval("SELECT body FROM outbox ORDER BY outbox_id DESC LIMIT 1")
    event = ConnectionLost.model_validate_json(body)
    assert (event.reason, event.problem, event.tenant) == ("invalid_grant", view.problem, "acme")

    await world.connect()
    healed = await world.auth.store.view(PARTNER)
    assert (healed.state, healed.problem) == ("connected", None)


async def test_refresh_ahead_finds_a_broken_connection_too(world: "World") -> None:
    await world.connect()
    await world.expire(good_for_s=200)
    await world.sandbox.admin.revoke_tokens("acme")
    await world.auth.tokens.refresh_expiring(asyncio.Event())
    assert (await world.auth.store.view(PARTNER)).state == "broken"
    await world.auth.tokens.refresh_expiring(asyncio.Event())
    assert await world.token_requests() == 2


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 503, "body": {"error": "invalid_grant"}},
        {"status": 429, "body": {"error": "Too many requests"}},
        {"status": 400},
        {"status": 400, "body": "invalid_grant"},
        {"status": 400, "body": {"error": "invalid_scope"}},
        {"status": 400, "body": {"Message": "invalid_grant"}},
        {"status": 401, "body": {"error": "invalid_client"}},
        {"status": 302, "headers": {"location": "/maintenance"}},
        {"status": 200, "body": {"token_type": "Bearer"}},
        {"drop_before": True},
        {"reset_before": True},
        {"delay_s": 3},
    ],
    ids=str,
)
async def test_anything_else_is_transient(world: "World", fault: Fields) -> None:
    await world.connect()
    await world.expire()
    await world.sandbox.admin.add_fault("acme", match={"path": "token"}, **fault)
    assert await code_of_refusal(world) == "halo_unavailable"
    assert (await world.auth.store.view(PARTNER)).state == "connected"
    assert await world.events() == ["connection.established.v1"]
    assert (await world.auth.tokens.get(PARTNER)).generation  # and the next one gets its token


async def test_a_whole_halo_that_is_gone_is_transient(world: "World") -> None:
    await world.connect()
    await world.expire()
    await world.sandbox.admin.delete_tenant("acme")
    assert await code_of_refusal(world) == "halo_unavailable"
    assert (await world.auth.store.view(PARTNER)).state == "connected"


async def test_a_failing_halo_does_not_use_up_the_pool(world: "World") -> None:
    """Refreshes hold a database connection each; others must still get theirs."""
    await world.connect()
    await world.pool.execute(
        "INSERT INTO partner (partner_id, name) SELECT 'p' || n, 'P' FROM generate_series(1, 12) AS n"
    )
    await world.pool.execute(
        "INSERT INTO connection (partner_id, state, tenant, client_id) "
        "SELECT 'p' || n, 'connected', 'acme', 'client-1' FROM generate_series(1, 12) AS n"
    )
    await world.pool.execute(
        "INSERT INTO oauth_token SELECT 'p' || n, 1, access_token, refresh_token, now() "
        "FROM generate_series(1, 12) AS n, oauth_token"
    )
    await world.sandbox.admin.add_fault("acme", match={"path": "token"}, times=None, delay_s=3.0, status=503)
    asking = [asyncio.create_task(world.auth.tokens.get(f"p{n}")) for n in range(1, 13)]
    await world.until_token_requests(REFRESHES_AT_ONCE)
    async with asyncio.timeout(2.9):  # the first of them are answered later
        assert await world.auth.tokens.get(PARTNER)
    assert all(isinstance(result, Refusal) for result in await asyncio.gather(*asking, return_exceptions=True))


async def test_who_never_connected_has_no_token(world: "World") -> None:
    assert await code_of_refusal(world) == "not_connected"
