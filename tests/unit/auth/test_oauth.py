"""The OAuth client: what it sends, and which failure an answer is."""

import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from auth.connection_service import new_verifier
from halosync.domain.tenant import HaloHosts
from halosync.halo.oauth import OAuthClient, challenge
from halosync.halo.token_answer import read_tokens
from halosync.ports.oauth import (
    HaloApplication,
    InvalidClient,
    InvalidGrant,
    OAuthError,
    OtherRefusal,
    TokenAnswer,
    Transient,
)
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

AT = HaloApplication("acme", "c")
SECRET = "refresh-token-that-nobody-may-see"
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
GOOD = {"access_token": "a", "refresh_token": "r", "expires_in": 1200, "token_type": "Bearer", "scope": "all x"}


def client(handler: Callable[[httpx.Request], httpx.Response]) -> OAuthClient:
    return OAuthClient(
        httpx.AsyncClient(transport=httpx.MockTransport(handler)),
        halo_url=lambda tenant: f"https://{tenant}.halopsa.com",
        redirect_url="https://halosync.example/accounts/",
        timeout_s=1.0,
    )


async def refresh(response: httpx.Response) -> TokenAnswer:
    return await client(lambda _: response).refresh(at=AT, refresh_token=SecretStr(SECRET))


def test_challenge_is_the_one_of_rfc_7636_appendix_b() -> None:
    verifier = SecretStr("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_verifiers_are_long_and_never_the_same() -> None:
    verifiers = {new_verifier().get_secret_value() for _ in range(50)}
    assert len(verifiers) == 50
    assert all(43 <= len(verifier) <= 128 for verifier in verifiers)


def test_authorize_url_escapes_what_people_entered() -> None:
    verifier = new_verifier()
    url = client(lambda _: httpx.Response(500)).authorize_url(
        at=HaloApplication("acme", "a&scope=all#?é"),
        scope="read:customers offline_access",
        state="s/1",
        verifier=verifier,
    )
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "acme.halopsa.com", "/auth/authorize")
    assert parse_qs(parts.query, strict_parsing=True) == {
        "response_type": ["code"],
        "client_id": ["a&scope=all#?é"],
        "redirect_uri": ["https://halosync.example/accounts/"],
        "scope": ["read:customers offline_access"],
        "state": ["s/1"],
        "code_challenge": [challenge(verifier)],
        "code_challenge_method": ["S256"],
    }


async def test_the_tenants_name_goes_along_where_the_host_does_not_say_it() -> None:
    asked: list[httpx.URL] = []

    def halo(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(200, json=GOOD)

    at = HaloApplication("acme", "c", "acme & sons")
    url = client(halo).authorize_url(at=at, scope="all", state="s", verifier=new_verifier())
    assert parse_qs(urlsplit(url).query)["tenant"] == ["acme & sons"]
    await client(halo).exchange(at=at, scope="all", code=SecretStr("c"), verifier=SecretStr("v"))
    await client(halo).refresh(at=at, refresh_token=SecretStr("r"))
    assert [url.params["tenant"] for url in asked] == ["acme & sons"] * 2


async def test_a_host_that_is_allowed_no_longer_is_asked_nothing() -> None:
    asked: list[httpx.Request] = []

    def halo(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=GOOD)

    hosts = HaloHosts("https://{tenant}.halopsa.com")
    http = httpx.AsyncClient(transport=httpx.MockTransport(halo))
    oauth = OAuthClient(http, halo_url=hosts.url, redirect_url="https://halosync.example/accounts/", timeout_s=1.0)
    with pytest.raises(Transient, match="not allowed"):
        await oauth.refresh(at=HaloApplication("psa.msp.example", "c"), refresh_token=SecretStr(SECRET))
    assert not oauth.is_issuer(tenant="psa.msp.example", issuer="https://psa.msp.example")
    assert not asked


async def test_secrets_travel_in_the_form_and_not_in_the_url() -> None:
    seen: list[httpx.Request] = []

    def halo(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=GOOD)

    answer = await client(halo).exchange(at=AT, scope="all x", code=SecretStr("code&x"), verifier=SecretStr("verifier"))
    assert str(seen[0].url) == "https://acme.halopsa.com/auth/token"
    assert parse_qs(seen[0].content.decode()) == {
        "grant_type": ["authorization_code"],
        "client_id": ["c"],
        "redirect_uri": ["https://halosync.example/accounts/"],
        "scope": ["all x"],
        "code": ["code&x"],
        "code_verifier": ["verifier"],
    }
    assert answer.granted_scopes == ("all", "x")
    assert answer.lifetime_s == 1200


@pytest.mark.parametrize(
    ("answer", "lifetime_s", "scopes", "refreshable"),
    [
        ({"access_token": "a"}, 3600, None, False),
        ({"access_token": "a", "expires_in": None, "scope": "", "refresh_token": ""}, 3600, None, False),
        ({"access_token": "a", "expires_in": "90", "scope": "all", "refresh_token": "r"}, 90, ("all",), True),
        ({"access_token": "a", "expires_in": 1e12}, 86_400, None, False),
        # Every field but the tokens may be odd (spec section 9).
        ({"access_token": "a", "refresh_token": "r", "expires_in": 0}, 0, None, True),
        ({"access_token": "a", "refresh_token": "r", "expires_in": "-5"}, 0, None, True),
        ({"access_token": "a", "refresh_token": "r", "expires_in": "soon"}, 3600, None, True),
        ({"access_token": "a", "refresh_token": "r", "expires_in": True}, 3600, None, True),
        ({"access_token": "a", "refresh_token": "r", "expires_in": {"s": 5}}, 3600, None, True),
        ({"access_token": "a", "refresh_token": "r", "expires_in": 10**400}, 3600, None, True),
        ({"access_token": "a", "refresh_token": "r", "expires_in": "NaN"}, 3600, None, True),
        ({"access_token": "a", "refresh_token": "r", "scope": ["all"]}, 3600, None, True),
        ({"access_token": "a", "refresh_token": "r", "scope": 7, "token_type": None}, 3600, None, True),
        ({"access_token": "a", "refresh_token": "r", "error": "invalid_grant"}, 3600, None, True),
        ({"access_token": "a", "refresh_token": 7}, 3600, None, False),
    ],
)
async def test_whatever_comes_with_an_access_token_it_is_kept(
    answer: dict[str, object], lifetime_s: float, scopes: tuple[str, ...] | None, refreshable: bool
) -> None:
    tokens = await refresh(httpx.Response(200, json=answer))
    assert (tokens.lifetime_s, tokens.granted_scopes) == (lifetime_s, scopes)
    assert (tokens.refresh_token is not None) is refreshable


@pytest.mark.parametrize(
    ("response", "failure"),
    [
        (httpx.Response(400, json={"error": "invalid_grant"}), InvalidGrant),
        (httpx.Response(401, json={"error": "invalid_client"}), InvalidClient),
        (httpx.Response(400, json={"error": "unauthorized_client"}), InvalidClient),
        (httpx.Response(400, json={"error": "invalid_scope"}), OtherRefusal),
        # An error with the status of a success is that error.
        (httpx.Response(200, json={"error": "invalid_grant"}), InvalidGrant),
        (httpx.Response(201, json={"error": "invalid_client"}), InvalidClient),
        (httpx.Response(200, json={"error": "invalid_scope"}), OtherRefusal),
        # Everything below could pass: nothing of it may break a connection.
        (httpx.Response(400, text="invalid_grant"), Transient),
        (httpx.Response(400, json={"error": f"invalid_grant {SECRET}"}), Transient),
        (httpx.Response(400, json={"error": {"code": "invalid_grant"}}), Transient),
        (httpx.Response(400, json=["invalid_grant"]), Transient),
        (httpx.Response(500, json={"error": "invalid_grant"}), Transient),
        (httpx.Response(429, json={"error": "invalid_grant"}), Transient),
        (httpx.Response(404, json={"error": "invalid_grant"}), Transient),
        (httpx.Response(302, headers={"location": "https://elsewhere.example/"}), Transient),
        (httpx.Response(200, html="<p>Halo is being updated</p>"), Transient),
        (httpx.Response(200, json={"access_token": ""}), Transient),
        (httpx.Response(200, json={"access_token": 7, "refresh_token": SECRET}), Transient),
        (httpx.Response(200, json=[{"access_token": "a"}]), Transient),
        (httpx.Response(200, content=b"\xff"), Transient),
        (httpx.Response(503), Transient),
    ],
)
async def test_failures_are_named_for_the_next_step(response: httpx.Response, failure: type[OAuthError]) -> None:
    with pytest.raises(OAuthError) as caught:
        await refresh(response)
    assert type(caught.value) is failure
    assert SECRET not in str(caught.value)


async def test_a_byte_order_mark_and_any_success_will_do() -> None:
    tokens = await refresh(httpx.Response(202, content=b'\xef\xbb\xbf{"access_token": "a", "refresh_token": "r"}'))
    assert tokens.refresh_token is not None


@given(st.dictionaries(st.sampled_from(["expires_in", "scope", "token_type", "error", "id_token"]), ANYTHING))
def test_no_other_field_takes_the_tokens_away(odd: dict[str, object]) -> None:
    tokens = read_tokens(httpx.Response(200, content=json.dumps({**odd, "access_token": "a", "refresh_token": "r"})))
    assert tokens.refresh_token is not None
    assert (tokens.access_token.get_secret_value(), tokens.refresh_token.get_secret_value()) == ("a", "r")
    assert 0 <= tokens.lifetime_s <= 86_400


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.ReadError("reset")])
async def test_no_answer_is_transient(error: httpx.HTTPError) -> None:
    def halo(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(Transient):
        await client(halo).refresh(at=AT, refresh_token=SecretStr(SECRET))


async def test_redirects_are_not_followed() -> None:
    hosts: list[str] = []

    def halo(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        return httpx.Response(307, headers={"location": "https://elsewhere.example/auth/token"})

    with pytest.raises(Transient):
        await client(halo).refresh(at=AT, refresh_token=SecretStr(SECRET))
    assert hosts == ["acme.halopsa.com"]
