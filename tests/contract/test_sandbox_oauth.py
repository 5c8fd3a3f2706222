"""The sandbox against the facts: authorisation (halo-api section 1)."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from halo_sandbox import scopes, tokens
from halo_sandbox.testing import APPLICATION, RunningSandbox, RunningTenant, running_sandbox
from hypothesis import given
from hypothesis import strategies as st

VERIFIER = "a-verifier-of-the-length-that-rfc-7636-asks-for-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
REDIRECT = APPLICATION["redirect_uris"][0]
CLIENT_ID = str(APPLICATION["client_id"])
ASKED = {
    "response_type": "code",
    "client_id": CLIENT_ID,
    "redirect_uri": REDIRECT,
    "scope": "read:customers read:softwarelicensing edit:softwarelicensing offline_access",
    "state": "opaque & state",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with running_sandbox() as running:
        yield running


@pytest.fixture
async def halo(sandbox: RunningSandbox) -> AsyncIterator[RunningTenant]:
    async with sandbox.tenant(clients=[{"name": "Contoso"}]) as tenant:
        yield tenant


def returned(response: httpx.Response) -> dict[str, str]:
    """What a redirect brings back to the application."""
    assert response.status_code == 302
    location = response.headers["location"]
    assert location.startswith(f"{REDIRECT}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


async def authorize(halo: RunningTenant, **changes: str | None) -> httpx.Response:
    asked = {name: value for name, value in {**ASKED, **changes}.items() if value is not None}
    return await halo.http.get("/auth/authorize", params=asked)


async def token(halo: RunningTenant, **form: str) -> httpx.Response:
    return await halo.http.post("/auth/token", data={"client_id": CLIENT_ID, **form})


async def exchange(halo: RunningTenant, code: str, **changes: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT, "code": code, "code_verifier": VERIFIER}
    return await token(halo, **{**form, "scope": ASKED["scope"], **changes})


async def refresh(halo: RunningTenant, refresh_token: str, **more: str) -> httpx.Response:
    return await token(halo, grant_type="refresh_token", refresh_token=refresh_token, **more)


async def log_in(halo: RunningTenant, **changes: str | None) -> dict[str, Any]:
    code = returned(await authorize(halo, **changes))["code"]
    return dict((await exchange(halo, code)).json())


def bearer(answer: Mapping[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {answer['access_token']}"}


def assert_error(response: httpx.Response, status: int, error: str) -> None:
    assert (response.status_code, response.json()["error"]) == (status, error)


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


async def test_the_scopes_really_granted_are_told_and_enforced(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, granted_scopes=["read:customers", "read:softwarelicensing"])
    answer = await log_in(halo)
    assert answer["scope"] == "offline_access read:customers read:softwarelicensing"
    row = [{"name": "P", "client_id": 1}]
    assert (await halo.http.get("/api/SoftwareLicence", headers=bearer(answer))).status_code == 200
    assert (await halo.http.post("/api/SoftwareLicence", json=row, headers=bearer(answer))).status_code == 401
    assert (await halo.http.delete("/api/SoftwareLicence/1", headers=bearer(answer))).status_code == 401


async def test_all_is_granted_as_far_as_the_application_may(halo: RunningTenant) -> None:
    assert (await log_in(halo, scope="all offline_access"))["scope"] == "all offline_access"
    await halo.admin.change_settings(halo.name, granted_scopes=["read:customers"])
    answer = await log_in(halo, scope="all offline_access")
    assert answer["scope"] == "offline_access read:customers"
    assert (await halo.http.get("/api/SoftwareLicence", headers=bearer(answer))).status_code == 401


async def test_a_scope_taken_away_fails_tokens_already_issued(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, granted_scopes=["read:customers", "read:softwarelicensing"])
    assert (await halo.http.get("/api/Client")).status_code == 200
    assert (await halo.http.post("/api/SoftwareLicence", json=[])).status_code == 401
    assert "edit" not in (await refresh(halo, halo.tokens["refresh_token"])).json()["scope"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer made-up", "Basic dXNlcjpwYXNz"])
async def test_the_api_needs_a_bearer_token(halo: RunningTenant, header: str) -> None:
    assert (await halo.http.get("/api/Client", headers={"authorization": header})).status_code == 401


async def test_a_token_is_good_for_its_own_tenant_only(sandbox: RunningSandbox, halo: RunningTenant) -> None:
    async with sandbox.tenant() as other:
        assert (await other.http.get("/api/Client", headers=bearer(halo.tokens))).status_code == 401


async def test_an_access_token_expires_and_a_refresh_brings_the_next(halo: RunningTenant) -> None:
    await halo.admin.expire_tokens(halo.name)
    assert (await halo.http.get("/api/Client")).status_code == 401
    renewed = (await refresh(halo, halo.tokens["refresh_token"])).json()
    assert (await halo.http.get("/api/Client", headers=bearer(renewed))).status_code == 200


async def test_the_lifetime_of_an_access_token_is_a_setting(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, access_token_lifetime_s=0.001)
    answer = await log_in(halo)
    assert answer["expires_in"] == 1
    assert (await halo.http.get("/api/Client", headers=bearer(answer))).status_code == 401


async def test_revoked_tokens_need_a_person(halo: RunningTenant) -> None:
    await halo.admin.revoke_tokens(halo.name)
    assert (await halo.http.get("/api/Client")).status_code == 401
    assert_error(await refresh(halo, halo.tokens["refresh_token"]), 400, "invalid_grant")


SCOPES = st.frozensets(st.sampled_from(["read:customers", "read:softwarelicensing", "edit:softwarelicensing", "all"]))


@given(asked=SCOPES, most=st.none() | SCOPES)
def test_no_grant_allows_more_than_was_asked_or_than_is_allowed(
    asked: frozenset[str], most: frozenset[str] | None
) -> None:
    granted = scopes.granted(asked, most)
    for scope in ("read:customers", "read:softwarelicensing", "edit:softwarelicensing"):
        allowed = most is None or scopes.allows(most, scope)
        assert scopes.allows(granted, scope) == (allowed and scopes.allows(asked, scope))


async def test_a_token_that_is_exchanged_for_without_scope_has_no_rights(halo: RunningTenant) -> None:
    form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    answer = (await token(halo, **form, code=returned(await authorize(halo))["code"])).json()
    assert not answer.keys() & {"scope", "refresh_token"}
    assert (await halo.http.get("/api/Client", headers=bearer(answer))).status_code == 401
    await halo.admin.change_settings(halo.name, scope_in_exchange="optional")
    answer = (await token(halo, **form, code=returned(await authorize(halo))["code"])).json()
    assert (await halo.http.get("/api/Client", headers=bearer(answer))).status_code == 200


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
