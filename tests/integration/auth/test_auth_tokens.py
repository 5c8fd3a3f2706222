"""Access tokens: shared, renewed once by everybody together, and stored before they are used."""

import asyncio
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet
from halosync.contracts.connection import EndConnection, TokenGranted
from halosync.ports.requests import Refusal
from halosync.runtime.vault import Vault
from pydantic import SecretStr

if TYPE_CHECKING:
    from tests.integration.auth.conftest import World

PARTNER = "acme-msp"


async def test_a_good_token_costs_no_request(world: "World") -> None:
    await world.connect()
    tokens = await asyncio.gather(*(world.auth.tokens.get(PARTNER) for _ in range(20)))
    assert len({token.access_token.get_secret_value() for token in tokens}) == 1
    assert await world.token_requests() == 1


@pytest.mark.parametrize("good_for_s", [-3600, 0, 30])
async def test_fifty_askers_at_two_replicas_make_one_refresh(world: "World", good_for_s: float) -> None:
    await world.connect()
    await world.expire(good_for_s=good_for_s)
    # Slow enough for all to have asked before the first answer.
    await world.sandbox.admin.add_fault("acme", match={"path": "token"}, delay_s=0.5)
    tokens = await asyncio.gather(*(replica.tokens.get(PARTNER) for replica in [world.auth, world.other] * 25))
    assert len({(token.generation, token.access_token.get_secret_value()) for token in tokens}) == 1
    assert await world.token_requests() == 2  # the code, and one refresh


async def test_fifty_askers_of_one_replica_use_one_database_connection(world: "World") -> None:
    await world.connect()
    await world.expire()
    await world.sandbox.admin.add_fault("acme", match={"path": "token"}, delay_s=0.5)
    asking = [asyncio.create_task(world.auth.tokens.get(PARTNER)) for _ in range(50)]
    await world.until_token_requests(2)
    assert world.pool.get_size() - world.pool.get_idle_size() <= 1
    assert len({token.generation for token in await asyncio.gather(*asking)}) == 1


async def test_a_rejected_token_is_renewed_once_however_many_were_rejected(world: "World") -> None:
    await world.connect()
    rejected = (await world.auth.tokens.get(PARTNER)).generation
    tokens = await asyncio.gather(
        *(replica.tokens.get(PARTNER, rejected) for replica in [world.auth, world.other] * 10)
    )
    assert {token.generation for token in tokens} == {rejected + 1}
    # Those who are late with the same complaint get what is there already.
    assert (await world.other.tokens.get(PARTNER, rejected)).generation == rejected + 1
    assert await world.token_requests() == 2


async def test_tokens_that_live_shorter_than_a_minute_do_not_cause_a_storm(world: "World") -> None:
    await world.sandbox.admin.change_settings("acme", access_token_lifetime_s=20)
    await world.connect()
    await world.sandbox.admin.add_fault("acme", match={"path": "token"}, delay_s=0.5)
    await asyncio.gather(*(replica.tokens.get(PARTNER) for replica in [world.auth, world.other] * 25))
    assert await world.token_requests() == 2


async def test_the_refresh_token_rotates_every_time(world: "World") -> None:
    await world.sandbox.admin.change_settings("acme", reuse_revokes_family=True)
    await world.connect()
    for _ in range(5):
        await world.expire()
        await world.auth.tokens.get(PARTNER)
    assert (await world.auth.store.view(PARTNER)).state == "connected"


async def test_an_answer_without_a_refresh_token_leaves_the_old_one(world: "World") -> None:
    await world.connect()
    await world.sandbox.admin.change_settings("acme", refresh_tokens="keep")
    for _ in range(3):
        await world.expire()
        await world.auth.tokens.get(PARTNER)
    assert (await world.auth.store.view(PARTNER)).state == "connected"


async def lose_the_lock_during_a_refresh(world: "World") -> "asyncio.Task[TokenGranted]":
    """Begin a refresh and end the database connection that holds its lock; Halo has yet to answer then."""
    await world.sandbox.admin.change_settings("acme", reuse_revokes_family=True)
    await world.connect()
    await world.expire()
    await world.sandbox.admin.add_fault("acme", match={"path": "token"}, delay_answer_s=1.5)
    asking = asyncio.create_task(world.auth.tokens.get(PARTNER))
    await world.until_token_requests(2)
    ended = await world.pool.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE state = 'idle in transaction' AND datname = current_database()"
    )
    assert len(ended) == 1
    return asking


async def test_tokens_outlive_the_database_connection_that_waited_for_them(world: "World") -> None:
    token = await (await lose_the_lock_during_a_refresh(world))
    stored = await world.other.store.read(PARTNER)
    assert stored is not None
    assert stored.token is not None
    assert stored.token.generation == token.generation
    await world.expire()
    assert await world.auth.tokens.get(PARTNER)  # the new refresh token is the stored one


async def test_tokens_of_a_connection_that_ended_without_the_lock_are_thrown_away(world: "World") -> None:
    asking = await lose_the_lock_during_a_refresh(world)
    await world.other.service.end(EndConnection(partner_id=PARTNER))
    with pytest.raises(Refusal) as caught:
        await asking
    assert caught.value.answer.code == "not_connected"
    assert await world.pool.fetchval("SELECT count(*) FROM oauth_token") == 0


async def test_tokens_of_a_connection_that_was_made_anew_without_the_lock_are_thrown_away(world: "World") -> None:
    asking = await lose_the_lock_during_a_refresh(world)
    await world.connect()
    made_anew = await world.other.store.read(PARTNER)
    token = await asking
    stored = await world.other.store.read(PARTNER)
    assert stored is not None
    assert made_anew is not None
    assert stored.token is not None
    assert made_anew.token is not None
    assert stored.token.access_token == made_anew.token.access_token
    assert token.generation == made_anew.token.generation


async def test_an_asker_who_gives_up_does_not_take_the_refresh_along(world: "World") -> None:
    await world.connect()
    await world.expire()
    await world.sandbox.admin.add_fault("acme", match={"path": "token"}, delay_answer_s=0.5)
    asking = asyncio.create_task(world.auth.tokens.get(PARTNER))
    await world.until_token_requests(2)
    asking.cancel()
    await world.auth.tokens.close()
    stored = await world.auth.store.read(PARTNER)
    assert stored is not None
    assert stored.token is not None
    assert stored.token.good_for_s > 3000


async def test_refresh_ahead_renews_what_expires_soon_and_nothing_else(world: "World") -> None:
    await world.connect()
    stop = asyncio.Event()
    for good_for_s, requests in ((400, 1), (200, 2), (-100, 3)):
        await world.expire(good_for_s=good_for_s)
        await asyncio.gather(world.auth.tokens.refresh_expiring(stop), world.other.tokens.refresh_expiring(stop))
        assert await world.token_requests() == requests
    stop.set()
    await world.expire()
    await world.auth.tokens.refresh_expiring(stop)
    assert await world.token_requests() == 3


async def test_refresh_ahead_leaves_alone_what_somebody_else_is_at(world: "World") -> None:
    await world.connect()
    await world.expire(good_for_s=200)
    async with world.other.store.lock(PARTNER), asyncio.timeout(5):  # far less than the patience of one who waits
        await world.auth.tokens.refresh_expiring(asyncio.Event())
    assert await world.token_requests() == 1


async def test_keys_rotate_without_a_new_log_in(world: "World") -> None:
    await world.connect()
    new_key = SecretStr(Fernet.generate_key().decode())
    rotating, rotated = world.make(Vault([new_key, *world.keys])), world.make(Vault([new_key]))
    assert await rotating.tokens.get(PARTNER)
    with pytest.raises(Refusal) as caught:  # too early: the operator can still put the old key back
        await rotated.tokens.get(PARTNER)
    assert caught.value.answer.code == "token_unreadable"
    await world.expire()
    await rotating.tokens.get(PARTNER)
    assert await rotated.tokens.get(PARTNER)
    assert (await world.auth.store.view(PARTNER)).state == "connected"


@pytest.mark.parametrize(
    "odd", [{"expires_in": 0}, {"expires_in": "soon"}, {"expires_in": None}, {"scope": 7}, {"token_type": None}]
)
async def test_an_odd_answer_to_a_refresh_does_not_break_the_connection(world: "World", odd: dict[str, object]) -> None:
    """Such an answer used to be thrown away; the spent refresh token was sent again, and Halo revoked everything."""
    await world.sandbox.admin.change_settings("acme", reuse_revokes_family=True, odd_token_answer=odd)
    await world.connect()
    for _ in range(3):
        await world.expire()
        before = await world.token_requests()
        assert await world.auth.tokens.get(PARTNER)
        assert await world.token_requests() == before + 1
    assert (await world.auth.store.view(PARTNER)).state == "connected"


async def test_an_error_with_200_is_that_error(world: "World") -> None:
    await world.connect()
    await world.sandbox.admin.change_settings("acme", errors_with_200=True)
    await world.sandbox.admin.revoke_tokens("acme")
    await world.expire()
    with pytest.raises(Refusal) as caught:
        await world.auth.tokens.get(PARTNER)
    assert caught.value.answer.code == "connection_broken"
