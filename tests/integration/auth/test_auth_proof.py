"""Connected means proven: a page of clients and one of licences were read with the new token (spec section 9)."""

from typing import TYPE_CHECKING, Any

import pytest
from devstack.fields import Fields
from halosync.contracts.connection import EndConnection
from halosync.ports.connections import hash_state
from halosync.ports.permits import Rate
from halosync.ports.requests import Refusal

from tests.integration.auth.conftest import KEY, PARTNER

if TYPE_CHECKING:
    from tests.integration.auth.conftest import World


async def not_connected(world: "World") -> tuple[str, str]:
    """Log in, and return why that did not connect: the code, and the sentence that stays on the connection."""
    came_back = await world.log_in()
    with pytest.raises(Refusal) as caught:
        await world.auth.service.complete(came_back)
    answer = caught.value.answer
    view = await world.auth.store.view(PARTNER)
    assert (view.state, view.problem) == ("broken", answer.detail)
    assert await world.pool.fetchval("SELECT count(*) FROM oauth_token") == 0
    assert await world.events() == []
    return answer.code, answer.detail


async def reads(world: "World") -> list[str]:
    log = await world.sandbox.admin.requests("acme")
    return [entry["path"].rpartition("/")[2] for entry in log if "/api/" in entry["path"]]


async def test_connecting_reads_one_page_of_each_list_with_permits(world: "World") -> None:
    await world.connect()
    assert await reads(world) == ["Client", "SoftwareLicence"]
    assert await world.pool.fetchval("SELECT count(*) FROM rate_lease WHERE tenant = 'acme'") == 2
    assert (await world.auth.store.view(PARTNER)).state == "connected"


async def test_an_answer_without_scope_is_no_grant_but_what_it_reads_is_proof(world: "World") -> None:
    await world.sandbox.admin.change_settings("acme", odd_token_answer={"scope": None})
    await world.connect()
    view = await world.auth.store.view(PARTNER)
    assert (view.state, view.granted_scopes) == ("connected", [])


@pytest.mark.parametrize(
    ("granted", "permission"),
    [(["read:softwarelicensing"], "read:customers"), (["read:customers"], "read:softwarelicensing")],
)
async def test_a_token_that_does_not_say_that_it_may_not_read_is_found_out(
    world: "World", granted: list[str], permission: str
) -> None:
    await world.sandbox.admin.change_settings("acme", granted_scopes=granted, odd_token_answer={"scope": None})
    code, detail = await not_connected(world)
    assert code == "permission_denied"
    assert permission in detail
    await world.sandbox.admin.change_settings("acme", granted_scopes=None)
    await world.connect()
    assert (await world.auth.store.view(PARTNER)).problem is None


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"status": 403, "body": {"Message": "No."}}, "permission_denied"),
        ({"status": 503, "times": None}, "halo_unavailable"),
        ({"html": True}, "unexpected_answer"),
        ({"status": 429}, "rate_limited"),
    ],
)
async def test_what_cannot_be_read_is_not_connected(world: "World", fault: Fields, code: str) -> None:
    await world.sandbox.admin.add_fault("acme", match={"path": "SoftwareLicence"}, **fault)
    assert (await not_connected(world))[0] == code


async def test_a_halo_that_fails_for_a_moment_does_not_spend_the_log_in(world: "World") -> None:
    await world.sandbox.admin.add_fault("acme", match={"path": "SoftwareLicence"}, status=503)
    await world.connect()
    assert (await world.auth.store.view(PARTNER)).state == "connected"


async def test_a_used_up_limit_is_not_exceeded_for_the_proof(world: "World") -> None:
    await world.pool.execute("UPDATE partner SET rate_requests = 1, rate_window_s = 300")
    code, detail = await not_connected(world)
    assert code == "rate_limited"
    assert "request limit is used up" in detail
    assert await reads(world) == ["Client"]


async def test_a_used_up_limit_spends_neither_the_code_nor_the_attempt(world: "World") -> None:
    came_back = await world.log_in()
    await world.auth.limiter.acquire("acme", Rate(500, 300.0), want=1, lease_s=60.0, interactive=True)
    await world.auth.limiter.block("acme", 200.0)
    with pytest.raises(Refusal) as caught:
        await world.auth.service.complete(came_back)
    answer = caught.value.answer
    assert (answer.code, answer.retry_at is not None) == ("rate_limited", True)
    assert "Nothing is wrong with it. Press Connect again at" in answer.detail
    assert [entry for entry in await world.sandbox.admin.requests("acme") if entry["path"].endswith("token")] == []
    await world.pool.execute("UPDATE rate_tenant SET blocked_until = '-infinity'")
    await world.auth.service.complete(came_back)
    assert (await world.auth.store.view(PARTNER)).state == "connected"
    with pytest.raises(Refusal) as again:
        await world.auth.service.complete(came_back)
    assert again.value.answer.code == "invalid_state"


async def test_an_attempt_is_not_opened_again_beside_a_newer_one(world: "World") -> None:
    came_back = await world.log_in()
    state_hash = hash_state(came_back.state)
    assert await world.auth.store.claim_attempt(state_hash) is not None
    await world.log_in()
    await world.auth.store.reopen_attempt(state_hash)
    assert await world.auth.store.claim_attempt(state_hash) is None


async def test_a_limit_that_is_soon_over_is_waited_for(world: "World") -> None:
    await world.sandbox.admin.add_fault(
        "acme", match={"path": "SoftwareLicence"}, status=429, headers={"retry-after": "1"}
    )
    await world.connect()
    assert (await world.auth.store.view(PARTNER)).state == "connected"


async def test_a_connection_that_works_survives_a_log_in_that_proves_nothing(world: "World") -> None:
    await world.connect()
    before = await world.auth.store.view(PARTNER)
    await world.sandbox.admin.add_fault("acme", match={"path": "SoftwareLicence"}, status=403)
    came_back = await world.log_in()
    with pytest.raises(Refusal):
        await world.auth.service.complete(came_back)
    assert await world.auth.store.view(PARTNER) == before
    assert await world.auth.tokens.get(PARTNER)


async def test_a_failed_proof_does_not_make_another_tenant_the_partners_own(world: "World") -> None:
    """Links and what was read belong to the last Halo that worked, until another one does."""
    await world.connect()
    await world.pool.execute("INSERT INTO customer_link VALUES ($1, 'C-17', 7, false)", PARTNER)
    await world.auth.service.end(EndConnection(partner_id=PARTNER, requested_by=KEY))
    await world.add_tenant("other", agent_sees="nothing")
    await world.sandbox.admin.add_fault("other", match={"path": "Client"}, status=403)
    with pytest.raises(Refusal):
        await world.auth.service.complete(await world.log_in("other"))
    assert await world.pool.fetchval("SELECT tenant FROM connection") == "acme"
    await world.auth.service.complete(await world.log_in("other"))
    assert await world.pool.fetchval("SELECT halo_client_id FROM customer_link") is None


async def test_a_disconnect_during_the_proof_wins(world: "World", monkeypatch: pytest.MonkeyPatch) -> None:
    came_back = await world.log_in()
    clients = world.auth.lists.clients

    async def disconnected_meanwhile(*given: Any) -> Any:
        await world.other.service.end(EndConnection(partner_id=PARTNER, requested_by=KEY))
        return await clients(*given)

    monkeypatch.setattr(world.auth.lists, "clients", disconnected_meanwhile)
    await world.sandbox.admin.add_fault("acme", match={"path": "SoftwareLicence"}, status=403)
    with pytest.raises(Refusal) as caught:
        await world.auth.service.complete(came_back)
    assert caught.value.answer.code == "invalid_state"
    view = await world.auth.store.view(PARTNER)
    assert (view.state, view.problem) == ("disconnected", None)
