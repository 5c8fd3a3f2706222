"""An application that asks the sandbox for tokens, step by step."""

import base64
import hashlib
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import httpx
from devstack.fields import Fields
from halo_sandbox.testing import APPLICATION, RunningTenant

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


async def log_in(halo: RunningTenant, **changes: str | None) -> Fields:
    code = returned(await authorize(halo, **changes))["code"]
    return dict((await exchange(halo, code)).json())


def bearer(answer: Mapping[str, object]) -> dict[str, str]:
    return {"authorization": f"Bearer {answer['access_token']}"}


def assert_error(response: httpx.Response, status: int, error: str) -> None:
    assert (response.status_code, response.json()["error"]) == (status, error)
