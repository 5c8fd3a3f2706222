"""The sandbox against the facts: what a token may do, and for how long (halo-api section 1)."""

import pytest
from devstack.wait import until
from halo_sandbox import scopes
from halo_sandbox.testing import RunningSandbox, RunningTenant
from hypothesis import given
from hypothesis import strategies as st

from .oauth_client import REDIRECT, VERIFIER, assert_error, authorize, bearer, log_in, refresh, returned, token


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

    async def expired() -> bool:
        return (await halo.http.get("/api/Client", headers=bearer(answer))).status_code == 401

    await until(expired, what="the end of the access token", timeout_s=10)


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
