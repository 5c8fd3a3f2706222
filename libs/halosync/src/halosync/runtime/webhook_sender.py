"""Requests to webhooks: to public addresses only, without redirects, bounded in time and in what is kept."""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import httpx

from halosync.halo.public_network import PublicTransport
from halosync.ports.webhooks import DeliveryAttempt

TIMEOUT_S = 15.0
"""For one attempt as a whole, from the name's resolution to the kept part of the answer."""

KEPT_BYTES = 1000
"""How many bytes of an answer are kept."""

_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)
_USUAL = {"content-type": "application/json", "user-agent": "halosync", "accept-encoding": "identity"}


class HttpWebhookSender:
    """Posts to webhooks. One for a process; `close` it at the end.

    Args:
        private: addresses of one's own network are reached too, for a trial on one machine.
    """

    def __init__(self, *, private: bool = False) -> None:
        transport = httpx.AsyncHTTPTransport(limits=_LIMITS, trust_env=False) if private else PublicTransport(_LIMITS)
        self._http = httpx.AsyncClient(
            transport=transport, timeout=TIMEOUT_S, follow_redirects=False, trust_env=False, headers=_USUAL
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def post(self, url: str, headers: Mapping[str, str], body: str) -> DeliveryAttempt:
        """Post a body and return what was answered."""
        began, started_at = time.monotonic(), datetime.now(UTC)
        status, answer, problem = None, None, None
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                self._http.stream("POST", url, headers=dict(headers), content=body.encode()) as response,
            ):
                status = response.status_code
                answer = await _beginning(response)
            if not response.is_success:
                problem = _why(response)
        except (TimeoutError, httpx.TimeoutException):
            problem = f"it did not answer within {TIMEOUT_S:.0f} seconds"
        except httpx.ConnectError as error:
            problem = f"it could not be reached ({error})"
        except httpx.TransportError:
            problem = "the connection broke off before it had answered"
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            problem = f"its address cannot be used ({error})"
        took = round((time.monotonic() - began) * 1000)
        return DeliveryAttempt(started_at, took, status, answer, problem)


def _why(response: httpx.Response) -> str:
    if response.is_redirect:
        return f"it answered {response.status_code}, which leads elsewhere; give the address that answers itself"
    return f"it answered {response.status_code}; an answer from 200 to 299 takes the notice"


async def _beginning(response: httpx.Response) -> str:
    """Return the first bytes of an answer as text, without control characters, which no table could store or show."""
    kept = bytearray()
    async for chunk in response.aiter_raw():
        kept += chunk
        if len(kept) >= KEPT_BYTES:
            break
    text = kept[:KEPT_BYTES].decode("utf-8", "replace")
    return "".join(character if character.isprintable() or character == "\n" else "\ufffd" for character in text)
