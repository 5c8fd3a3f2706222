"""Whoever we ask may answer with a redirect to a server of our own network: nobody follows it (spec section 10)."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from halosync.halo.oauth import OAuthClient
from halosync.halo.transport import HaloTransport
from halosync.ports.failures import HaloFailure
from halosync.ports.oauth import HaloApplication, OAuthError
from halosync.runtime.webhook_sender import HttpWebhookSender
from pydantic import SecretStr
from report_api.openid import OpenId
from report_api.ports import SignInAttempt, SignInUnavailableError

from tests.integration.receiver import Receiver, receiver

pytestmark = pytest.mark.integration

HERE = "https://halosync.example/accounts/"
Ask = Callable[[str], Awaitable[object]]


async def webhook(url: str) -> None:
    sender = HttpWebhookSender(private=True)
    attempt = await sender.post(f"{url}/hook", {"webhook-signature": "v1,secret"}, "{}")
    await sender.close()
    assert attempt.problem is not None
    assert "leads elsewhere" in attempt.problem


async def halo_read(url: str) -> None:
    transport = HaloTransport(f"{url}/{{tenant}}", 5.0)
    with pytest.raises(HaloFailure):
        await transport.send("acme", "token", "GET", "/api/Client")
    await transport.close()


async def halo_write(url: str) -> None:
    transport = HaloTransport(f"{url}/{{tenant}}", 5.0)
    with pytest.raises(HaloFailure):
        await transport.send("acme", "token", "POST", "/api/SoftwareLicence", content=b"[]")
    await transport.close()


async def halo_token(url: str) -> None:
    async with httpx.AsyncClient(follow_redirects=True) as http:
        client = OAuthClient(http, halo_url=lambda _: url, redirect_url=HERE, timeout_s=5.0)
        with pytest.raises(OAuthError):
            await client.refresh(at=HaloApplication("acme", "client-1"), refresh_token=SecretStr("refresh"))


async def sign_in_service(url: str) -> None:
    with pytest.raises(SignInUnavailableError):
        await OpenId(url, "halosync", "s3cret").address(SignInAttempt("s", "n", "v" * 43), HERE)


@pytest.fixture
async def inside() -> AsyncIterator[Receiver]:
    """A server that nobody outside is to reach."""
    async with receiver() as listening:
        yield listening


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("ask", [webhook, halo_read, halo_write, halo_token, sign_in_service])
async def test_a_redirect_into_our_own_network_is_not_followed(inside: Receiver, ask: Ask, status: int) -> None:
    async with receiver() as outside:
        outside.statuses, outside.headers = [status], f"Location: {inside.url}\r\n"
        await ask(outside.url.removesuffix("/halosync"))
        assert len(outside.got) == 1
    assert inside.got == []
