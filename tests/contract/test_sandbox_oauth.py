"""The sandbox against the facts: authorisation (halo-api section 1)."""

import base64
import json

import httpx
import pytest
from halo_sandbox import tokens
from halo_sandbox.testing import RunningSandbox, RunningTenant

from .oauth_client import (
    ASKED,
    CLIENT_ID,
    REDIRECT,
    VERIFIER,
    assert_error,
    authorize,
    bearer,
    exchange,
    log_in,
    refresh,
    returned,
    token,
)


async def test_a_log_in_returns_code_and_state_and_the_code_becomes_tokens(halo: RunningTenant) -> None:
    back = returned(await authorize(halo))
    assert back["state"] == ASKED["state"]
    answer = (await exchange(halo, back["code"])).json()
    assert answer.keys() == {"access_token", "refresh_token", "expires_in", "token_type", "scope"}
    assert (answer["expires_in"], answer["token_type"]) == (3600, "Bearer")
    assert set(answer["scope"].split()) == set(ASKED["scope"].split())
    assert (await halo.http.get("/api/Client", headers=bearer(answer))).status_code == 200


async def test_the_access_token_is_a_jwt(halo: RunningTenant) -> None:
    header, claims, _signature = (await log_in(halo))["access_token"].split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "=="))["alg"] == "HS256"
    assert json.loads(base64.urlsafe_b64decode(claims + "=="))["aud"] == CLIENT_ID


async def test_authinfo_needs_no_token(halo: RunningTenant) -> None:
    answer = await halo.http.get("/api/authinfo", headers={"authorization": ""})
    assert answer.json() == {"auth_url": f"{halo.admin.url(halo.name)}/auth", "tenant_id": halo.name}


async def test_a_tenant_is_also_reached_by_its_host_name(sandbox: RunningSandbox, halo: RunningTenant) -> None:
    host = f"{halo.name}.halo.example:8443"
    async with httpx.AsyncClient(base_url=sandbox.base_url, headers={"host": host}) as http:
        answer = (await http.get("/api/authinfo")).json()
        assert answer == {"auth_url": f"http://{host}/auth", "tenant_id": halo.name}
        assert (await http.get("/auth/authorize", params=ASKED)).status_code == 302


async def test_there_is_no_other_tenant(sandbox: RunningSandbox) -> None:
    async with httpx.AsyncClient(base_url=sandbox.base_url) as http:
        assert (await http.get("/nobody/api/authinfo")).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [{"client_id": "somebody-else"}, {"redirect_uri": f"{REDIRECT}x"}, {"redirect_uri": None}],
    ids=["unknown application", "redirect not exactly as registered", "no redirect"],
)
async def test_without_a_certain_way_back_there_is_a_page(halo: RunningTenant, changes: dict[str, str | None]) -> None:
    response = await authorize(halo, **changes)
    assert response.status_code == 400
    assert response.headers["content-type"].startswith("text/html")
    assert "location" not in response.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "read:customers make:coffee"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
    ],
)
async def test_a_wrong_request_is_refused_on_the_redirect(
    halo: RunningTenant, changes: dict[str, str | None], error: str
) -> None:
    back = returned(await authorize(halo, **changes))
    assert (back["error"], back["state"]) == (error, ASKED["state"])
    assert back["error_description"]
    assert "code" not in back


async def test_a_person_sees_a_page_and_approves(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, automatic_login=False)
    page = await authorize(halo, state='"><script>alert(1)</script>')
    assert page.status_code == 200
    assert '<html lang="en">' in page.text
    assert "<label>Agent name" in page.text
    assert "<script>" not in page.text
    approved = await halo.http.post("/auth/authorize", data={**ASKED, "decision": "approve"})
    assert (await exchange(halo, returned(approved)["code"])).status_code == 200


async def test_a_person_denies(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, automatic_login=False)
    back = returned(await halo.http.post("/auth/authorize", data={**ASKED, "decision": "deny"}))
    assert (back["error"], back["state"]) == ("access_denied", ASKED["state"])
    assert back["error_description"]


async def test_a_code_is_good_once(halo: RunningTenant) -> None:
    code = returned(await authorize(halo))["code"]
    assert (await exchange(halo, code)).status_code == 200
    assert_error(await exchange(halo, code), 400, "invalid_grant")


@pytest.mark.parametrize(
    "changes", [{"code_verifier": VERIFIER + "x"}, {"redirect_uri": f"{REDIRECT}x"}, {"code": "x"}]
)
async def test_a_code_needs_its_verifier_and_its_redirect(halo: RunningTenant, changes: dict[str, str]) -> None:
    code = returned(await authorize(halo))["code"]
    assert_error(await exchange(halo, **{"code": code, **changes}), 400, "invalid_grant")


async def test_a_code_expires(halo: RunningTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tokens.CODE_LIFETIME_S == 60
    monkeypatch.setattr(tokens, "CODE_LIFETIME_S", 0.0)
    code = returned(await authorize(halo))["code"]
    assert_error(await exchange(halo, code), 400, "invalid_grant")


async def test_a_refresh_token_is_single_use_and_rotates(halo: RunningTenant) -> None:
    first = await log_in(halo)
    second = (await refresh(halo, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert_error(await refresh(halo, first["refresh_token"]), 400, "invalid_grant")
    assert (await refresh(halo, second["refresh_token"])).status_code == 200


async def test_reuse_can_revoke_everything_from_that_log_in(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, reuse_revokes_family=True)
    first, other = await log_in(halo), await log_in(halo)
    second = (await refresh(halo, first["refresh_token"])).json()
    await refresh(halo, first["refresh_token"])
    assert_error(await refresh(halo, second["refresh_token"]), 400, "invalid_grant")
    assert (await halo.http.get("/api/Client", headers=bearer(second))).status_code == 401
    assert (await refresh(halo, other["refresh_token"])).status_code == 200


async def test_a_refresh_may_bring_no_new_token_and_the_old_one_stays_good(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, refresh_tokens="keep")
    first = await log_in(halo)
    for _ in range(2):
        again = await refresh(halo, first["refresh_token"])
        assert again.status_code == 200
        assert "refresh_token" not in again.json()


async def test_without_offline_access_there_is_no_refresh_token(halo: RunningTenant) -> None:
    assert "refresh_token" not in await log_in(halo, scope="read:customers")


async def test_the_errors_of_the_token_endpoint(halo: RunningTenant) -> None:
    good = await log_in(halo)
    assert_error(await token(halo, client_id="somebody-else", grant_type="refresh_token"), 401, "invalid_client")
    assert_error(await token(halo, grant_type="refresh_token", refresh_token="unknown"), 400, "invalid_grant")
    assert_error(await token(halo, grant_type="client_credentials"), 400, "unsupported_grant_type")
    assert_error(await token(halo), 400, "unsupported_grant_type")
    assert_error(await refresh(halo, good["refresh_token"], scope="edit:everything"), 400, "invalid_scope")
    assert (await halo.http.post("/auth/token", json={"client_id": CLIENT_ID})).status_code == 415
    assert (await halo.http.get("/auth/token")).status_code == 405
    assert (await halo.http.get("/auth/userinfo")).status_code == 404


async def test_a_token_answer_can_be_odd(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, odd_token_answer={"expires_in": 0, "scope": None})
    answer = await log_in(halo)
    assert (answer["expires_in"], "scope" in answer) == (0, False)
    assert (await halo.http.get("/api/Client", headers=bearer(answer))).status_code == 200


async def test_an_error_can_come_with_200(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, errors_with_200=True)
    assert_error(await refresh(halo, "unknown"), 200, "invalid_grant")


async def test_the_redirect_can_name_its_issuer(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, issuer="own")
    assert returned(await authorize(halo))["iss"] == halo.admin.url(halo.name)
