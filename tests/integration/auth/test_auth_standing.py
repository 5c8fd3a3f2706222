"""A connection that stands: what disturbs it, what does not, and how it ends."""

import asyncio
from secrets import token_bytes
from typing import TYPE_CHECKING

import pytest
from devstack.wait import until
from halosync.contracts.connection import BeginConnection, CompleteConnection, ConnectionLost, EndConnection
from halosync.domain.acts import UNNAMED
from halosync.ports.connections import ConnectAttempt, NewTokens
from halosync.ports.requests import Refusal
from halosync.store.halo_aliases import HaloAliases

if TYPE_CHECKING:
    from tests.integration.auth.conftest import World

PARTNER = "acme-msp"
END = EndConnection(partner_id=PARTNER)


async def rows(world: "World", table: str) -> int:
    return int(await world.pool.fetchval(f"SELECT count(*) FROM {table}"))


async def know_the_halo(world: "World", tenant: str) -> None:
    """A link, and something read from the partner's Halo."""
    await world.pool.execute("INSERT INTO customer_link VALUES ($1, 'C-17', 7, true)", PARTNER)
    await world.pool.execute("INSERT INTO halo_snapshot VALUES ($1, $2, now())", PARTNER, tenant)
    await world.pool.execute("INSERT INTO halo_client VALUES ($1, 7, 'Contoso', false)", PARTNER)
    await world.pool.execute(
        "INSERT INTO halo_licence (partner_id, halo_licence_id, halo_client_id, name, is_active) "
        "VALUES ($1, 1, 7, 'MS-365', true)",
        PARTNER,
    )


async def establish(world: "World", tenant: str) -> None:
    """Connect a Halo that nobody can reach."""
    attempt = ConnectAttempt(token_bytes(32), PARTNER, tenant, "client-1", b"")
    assert await world.auth.store.add_attempt(attempt, names=[tenant], lifetime_s=60)
    async with world.auth.store.lock(PARTNER) as locked:
        assert locked is not None
        await locked.establish(attempt, NewTokens(b"a", b"r", 3600), (), names=[tenant], by=UNNAMED)


async def test_an_abandoned_or_denied_attempt_does_not_disturb_it(world: "World") -> None:
    await world.connect()
    before = await world.auth.store.view(PARTNER)
    await world.auth.service.begin(BeginConnection(partner_id=PARTNER, tenant="other", client_id="x"))
    assert await world.auth.store.view(PARTNER) == before
    came_back = await world.log_in()
    with pytest.raises(Refusal):
        await world.auth.service.complete(CompleteConnection(state=came_back.state, error="access_denied"))
    assert await world.auth.store.view(PARTNER) == before
    assert await world.auth.tokens.get(PARTNER)


async def test_disconnecting_erases_tokens_and_attempts_and_tells_it_once(world: "World") -> None:
    await world.connect()
    open_attempt = await world.log_in()
    await world.auth.service.end(END)
    await world.auth.service.end(END)
    assert await rows(world, "oauth_token") == 0
    assert await world.pool.fetchval("SELECT bool_and(used_at IS NOT NULL AND code_verifier = '') FROM oauth_attempt")
    view = await world.auth.store.view(PARTNER)
    assert (view.state, view.granted_scopes, view.connected_at) == ("disconnected", [], None)
    assert await world.events() == ["connection.established.v1", "connection.lost.v1"]
    body = await world.pool.fetchval("SELECT body FROM outbox ORDER BY outbox_id DESC LIMIT 1")
    event = ConnectionLost.model_validate_json(body)
    assert (event.partner_id, event.tenant, event.reason) == (PARTNER, "acme", "disconnected")
    with pytest.raises(Refusal) as caught:
        await world.auth.tokens.get(PARTNER)
    assert caught.value.answer.code == "not_connected"
    with pytest.raises(Refusal) as caught:
        await world.auth.service.complete(open_attempt)
    assert caught.value.answer.code == "invalid_state"


async def test_disconnecting_while_the_code_is_exchanged_wins(world: "World") -> None:
    came_back = await world.log_in()
    await world.sandbox.admin.add_fault("acme", match={"path": "token"}, delay_answer_s=0.5)
    completing = asyncio.create_task(world.auth.service.complete(came_back))

    async def used() -> bool:
        return bool(await world.pool.fetchval("SELECT used_at IS NOT NULL FROM oauth_attempt"))

    await until(used, what="the use of the attempt", timeout_s=30, every_s=0.01)
    await world.other.service.end(END)
    with pytest.raises(Refusal) as caught:
        await completing
    assert caught.value.answer.code == "invalid_state"
    view = await world.auth.store.view(PARTNER)
    assert (view.state, view.problem) == ("disconnected", None)
    assert await rows(world, "oauth_token") == 0


async def test_disconnecting_during_a_refresh_waits_for_it_and_erases_its_tokens(world: "World") -> None:
    await world.connect()
    await world.expire()
    await world.sandbox.admin.add_fault("acme", match={"path": "token"}, delay_s=0.5)
    refreshing = asyncio.create_task(world.auth.tokens.get(PARTNER))
    await world.until_token_requests(2)
    await world.other.service.end(END)
    assert await refreshing  # it was granted before the end
    assert await rows(world, "oauth_token") == 0
    assert (await world.auth.store.view(PARTNER)).state == "disconnected"


async def test_connecting_the_same_halo_again_keeps_what_is_known_of_it(world: "World") -> None:
    await world.connect()
    generation = (await world.auth.tokens.get(PARTNER)).generation
    await know_the_halo(world, "acme")
    await world.connect()
    assert await world.pool.fetchval("SELECT halo_client_id FROM customer_link") == 7
    assert await rows(world, "halo_licence") == 1
    assert (await world.auth.tokens.get(PARTNER)).generation > generation


@pytest.mark.parametrize(("before", "after"), [("acme", "psa.acme.example"), ("psa.acme.example", "acme")])
async def test_connecting_the_same_halo_by_its_other_name_keeps_what_is_known_of_it(
    world: "World", before: str, after: str
) -> None:
    """Or its links would be gone, and every licence of ours somebody else's."""
    await HaloAliases(world.auth_pool).keep([("psa.acme.example", "acme")])
    await establish(world, before)
    await know_the_halo(world, before)
    await establish(world, after)
    assert await world.pool.fetchval("SELECT halo_client_id FROM customer_link") == 7
    assert [await rows(world, table) for table in ("halo_snapshot", "halo_client", "halo_licence")] == [1, 1, 1]
    assert (await world.auth.store.view(PARTNER)).tenant == after
    told = await world.pool.fetch("SELECT subject, detail ->> 'replaces' FROM audit_entry WHERE detail ? 'replaces'")
    assert [tuple(row) for row in told] == [(before, None), (after, None)]


@pytest.mark.parametrize("disconnect_first", [False, True])
async def test_connecting_another_halo_forgets_the_links_of_the_old_one(
    world: "World", *, disconnect_first: bool
) -> None:
    await world.connect()
    await know_the_halo(world, "acme")
    await world.add_tenant("beta")
    if disconnect_first:
        await world.auth.service.end(END)
    await world.connect("beta")
    link = await world.pool.fetchrow("SELECT halo_client_id, excluded FROM customer_link")
    assert tuple(link or ()) == (None, True)
    for table in ("halo_snapshot", "halo_client", "halo_licence"):
        assert await rows(world, table) == 0
    assert (await world.auth.tokens.get(PARTNER)).tenant == "beta"


async def test_a_generation_is_never_met_again_after_a_disconnect(world: "World") -> None:
    await world.connect()
    before = (await world.auth.tokens.get(PARTNER)).generation
    await world.auth.service.end(END)
    await world.connect()
    after = await world.auth.tokens.get(PARTNER, rejected_generation=before)
    assert after.generation > before
    assert await world.token_requests() == 2  # two codes and no refresh
