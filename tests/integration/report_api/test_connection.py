"""Connecting: what is asked of auth, and what the caller is told."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

import pytest
from devstack.fields import Fields
from halosync.contracts.connection import (
    BeginConnection,
    CompleteConnection,
    ConnectionBegun,
    ConnectionCompleted,
    ConnectionTested,
    EndConnection,
    RequestedBy,
    RequestRefused,
    TestConnection,
)
from halosync.ports.requests import NoReplyError

if TYPE_CHECKING:
    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

PORTAL = "https://converge.example/accounts/halo-psa"
URL = "https://acme.halopsa.com/auth/authorize?x=1"


async def test_a_partner_that_never_connected(world: "World") -> None:
    assert await world.get("/connection") == {
        "state": "disconnected",
        "tenant": None,
        "client_id": None,
        "halo_tenant": None,
        "granted_scopes": [],
        "connected_at": None,
        "problem": None,
        "problem_code": None,
    }


async def asker(world: "World") -> RequestedBy:
    """Who auth is told that asks: the partner's only key."""
    (key,) = await world.ports.keys.page("acme-msp")
    return RequestedBy(name="key of acme-msp", key_id=key.key_id)


async def test_beginning(world: "World") -> None:
    world.auth.reply = lambda _: ConnectionBegun(authorize_url=URL)
    response = await world.call("POST", "/connection", json={"tenant": "acme", "client_id": "c-1"})
    assert (response.status_code, response.json()) == (200, {"authorize_url": URL})
    by = await asker(world)
    assert world.auth.asked == [BeginConnection(partner_id="acme-msp", tenant="acme", client_id="c-1", requested_by=by)]


async def test_an_address_is_handed_on_with_the_tenants_name(world: "World") -> None:
    world.auth.reply = lambda _: ConnectionBegun(authorize_url=URL)
    entered = {"tenant": "https://psa.msp.example/home?x=1", "client_id": "c-1", "halo_tenant": "msp"}
    assert (await world.call("POST", "/connection", json=entered)).status_code == 200
    (asked,) = world.auth.asked
    assert isinstance(asked, BeginConnection)
    assert {name: getattr(asked, name) for name in entered} == entered


@pytest.mark.parametrize("tenant", ["", "x" * 301, "a\0b"])
async def test_a_tenant_that_is_no_text_of_a_line(world: "World", tenant: str) -> None:
    response = await world.call("POST", "/connection", json={"tenant": tenant, "client_id": "c-1"})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["tenant"]
    assert not world.auth.asked


@pytest.mark.parametrize(
    ("refused", "status", "code"),
    [
        ("invalid_tenant", 422, "validation_failed"),
        ("invalid_client", 422, "validation_failed"),
        ("halo_unavailable", 503, "unavailable"),
        ("connection_broken", 409, "connection_broken"),
        ("unknown_partner", 404, "not_found"),
    ],
)
async def test_a_refusal(world: "World", refused: object, status: int, code: str) -> None:
    world.auth.reply = lambda _: RequestRefused(code=refused, detail="Do this.")
    response = await world.call("POST", "/connection", json={"tenant": "acme", "client_id": "c-1"})
    assert (response.status_code, response.json()["code"]) == (status, code)
    if status != 404:
        assert "Do this." in response.json()["detail"]


async def test_only_an_operator_allows_that_two_partners_share_a_halo(world: "World") -> None:
    world.auth.reply = lambda _: ConnectionBegun(authorize_url=URL)
    wanted = {"tenant": "acme", "client_id": "c-1", "allow_shared_tenant": True}
    refused = await world.call("POST", "/connection", json=wanted)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert not world.auth.asked
    asked = "SELECT allow_shared_tenant FROM partner WHERE partner_id = 'acme-msp'"
    assert not await world.pool.fetchval(asked)
    assert (await world.call("POST", "/connection", key=None, json=wanted)).status_code == 200
    assert await world.pool.fetchval(asked)


async def test_disconnecting(world: "World") -> None:
    response = await world.call("DELETE", "/connection")
    assert (response.status_code, response.content) == (204, b"")
    assert world.auth.asked == [EndConnection(partner_id="acme-msp", requested_by=await asker(world))]


async def test_testing_the_connection(world: "World") -> None:
    shown: Fields = {
        "tenant": "acme",
        "clients": 2,
        "licences": 25,
        "checked_at": "2026-11-05T02:00:00Z",
        "took_ms": 40,
    }
    shown["findings"] = [{"fact": "clients: page 2", "found": "no rows", "verdict": "as assumed"}]
    world.auth.reply = lambda _: ConnectionTested.model_validate({"partner_id": "acme-msp", **shown})
    response = await world.call("POST", "/connection/test")
    assert (response.status_code, response.json()) == (200, shown)
    assert world.auth.asked == [TestConnection(partner_id="acme-msp")]
    assert (await world.call("POST", "/connection/test", key="rival-msp")).status_code == 404


@pytest.mark.parametrize(
    ("refused", "status", "code"),
    [
        ("not_connected", 409, "not_connected"),
        ("connection_broken", 409, "connection_broken"),
        ("permission_denied", 409, "permission_denied"),
        ("unexpected_answer", 409, "unexpected_answer"),
        ("halo_unavailable", 503, "unavailable"),
        ("rate_limited", 503, "rate_limited"),
    ],
)
async def test_a_test_that_fails_says_why(world: "World", refused: object, status: int, code: str) -> None:
    retry_at = datetime.now(UTC) + timedelta(seconds=90) if refused == "rate_limited" else None
    world.auth.reply = lambda _: RequestRefused(code=refused, detail="Do this.", retry_at=retry_at)
    response = await world.call("POST", "/connection/test")
    body = response.json()
    assert (response.status_code, body["code"], body["detail"]) == (status, code, "Do this.")
    if retry_at is not None:
        assert datetime.fromisoformat(body["retry_at"]) == retry_at
        assert 80 <= int(response.headers["retry-after"]) <= 90


async def test_a_test_that_nobody_answers(world: "World") -> None:
    def silent(_: object) -> NoReturn:
        raise NoReplyError("timed out")

    world.auth.reply = silent
    response = await world.call("POST", "/connection/test")
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")


async def test_completing_with_the_key_that_began_it(world: "World") -> None:
    world.auth.reply = lambda _: ConnectionCompleted(partner_id="acme-msp", tenant="acme")
    await world.connect()
    came = {"state": "s", "code": "s3cret", "iss": "https://acme.halopsa.com"}
    response = await world.call("POST", "/connection/complete", json=came)
    assert (response.status_code, response.json()["state"]) == (200, "connected")
    (asked,) = world.auth.asked
    assert isinstance(asked, CompleteConnection)
    assert asked.code is not None
    assert (asked.partner_id, asked.state, asked.code.get_secret_value(), asked.iss) == ("acme-msp", *came.values())
    assert (asked.requested_by, asked.session, asked.confirmed) == (await asker(world), None, False)
    assert (await world.call("POST", "/connection/complete", key="rival-msp", json=came)).status_code == 404
    assert len(world.auth.asked) == 1
    # Halo is read by itself: the pages of links show at once what matches.
    assert await world.pool.fetchval("SELECT count(*) FROM halo_refresh WHERE partner_id = 'acme-msp'") == 1


@pytest.mark.parametrize("came", [{}, {"state": "s"}, {"state": "", "code": "c"}, {"state": "s", "code": "c" * 4001}])
async def test_completing_with_what_makes_no_sense(world: "World", came: dict[str, str]) -> None:
    response = await world.call("POST", "/connection/complete", json=came)
    assert response.status_code == 422
    assert not world.auth.asked


@pytest.mark.parametrize(
    "refused", ["invalid_state", "other_partner", "other_session", "wrong_issuer", "tenant_taken", "denied"]
)
async def test_a_log_in_that_is_not_completed_says_why(world: "World", refused: object) -> None:
    world.auth.reply = lambda _: RequestRefused(code=refused, detail="Do this.")
    response = await world.call("POST", "/connection/complete", json={"state": "s", "code": "c"})
    assert (response.status_code, response.json()["code"], response.json()["detail"]) == (409, refused, "Do this.")


async def test_too_many_attempts_say_when_to_try_again(world: "World") -> None:
    retry_at = datetime.now(UTC) + timedelta(seconds=40)
    world.auth.reply = lambda _: RequestRefused(code="too_many_requests", detail="Wait.", retry_at=retry_at)
    response = await world.call("POST", "/connection", json={"tenant": "acme", "client_id": "c-1"})
    assert (response.status_code, response.json()["code"]) == (429, "too_many_requests")
    assert 35 <= int(response.headers["retry-after"]) <= 40


async def came_back(world: "World", **query: str) -> str:
    response = await world.client.get("/accounts/", params=query)
    assert response.status_code == 303
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
    return response.headers["location"]


async def test_what_halo_refused_is_passed_on(world: "World") -> None:
    world.auth.reply = lambda _: RequestRefused(code="denied", detail="No.")
    assert await came_back(world, state="s", error="access_denied", error_description="x") == f"{PORTAL}?problem=denied"
    (asked,) = world.auth.asked
    assert isinstance(asked, CompleteConnection)
    assert (asked.code, asked.error, asked.error_description) == (None, "access_denied", "x")
    assert (asked.partner_id, asked.session, asked.confirmed, asked.requested_by) == (None, None, False, None)


async def test_a_refusal_of_halo_that_cannot_be_passed_on(world: "World") -> None:
    assert await came_back(world, state="s", error="x") == f"{PORTAL}?problem=unavailable"
    assert await came_back(world, state="s" * 501, error="x") == f"{PORTAL}?problem=invalid_state"

    def silent(_: object) -> NoReturn:
        raise NoReplyError("timed out")

    world.auth.reply = silent
    assert await came_back(world, state="s", error="x") == f"{PORTAL}?problem=unavailable"


async def test_a_code_without_an_open_attempt_is_worth_nothing(world: "World") -> None:
    for query in ({"state": "s", "code": "c"}, {"state": "s" * 501, "code": "c"}, {"state": "s"}, {"code": "c"}):
        assert await came_back(world, **query) == f"{PORTAL}?problem=invalid_state"
    assert await came_back(world) == PORTAL
    assert not world.auth.asked
