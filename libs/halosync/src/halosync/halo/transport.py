"""One request to Halo: time-outs, no redirects, and every failure classified."""

import asyncio
import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TypedDict, Unpack

import httpx
from pydantic_core import from_json

from halosync.domain.retry import FailureClass
from halosync.domain.tenant import HaloHosts, InvalidTenant
from halosync.halo.body import ACCEPT_ENCODING, BodyTooLargeError, bounded
from halosync.halo.failures import from_exception, from_response, malformed
from halosync.halo.public_network import mounts
from halosync.observability.metrics import HALO_REQUESTS, HALO_SECONDS
from halosync.observability.tracing import Span, span
from halosync.ports.conformance import RawAnswer
from halosync.ports.failures import HaloFailure

CONNECT_TIMEOUT_S = 5.0
WRITE_TIMEOUT_S = 10.0
POOL_TIMEOUT_S = 5.0
MOST_CONNECTIONS = 100
LIMITS = httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS)

MOST_ANSWER_BYTES = 16 * 2**20
"""The longest decoded answer: more than ten times a page of 100 rows with long notes."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_STATUSES = frozenset(HTTPStatus)


class Sent(TypedDict, total=False):
    """What a request has besides its address: `params` of the query, and `content`, which is JSON."""

    params: dict[str, str | int]
    content: bytes | None


class HaloTransport:
    """Sends requests to tenants. One for a process; `close` it at the end.

    Args:
        hosts: where Halo may be, or only the address of a tenant, with `{tenant}` in it.
        timeout_s: how long Halo may take to answer, in seconds.
        network: carries the requests in the place of real connections.
    """

    def __init__(
        self, hosts: HaloHosts | str, timeout_s: float, network: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._hosts = hosts if isinstance(hosts, HaloHosts) else HaloHosts(hosts)
        self.total_timeout_s = timeout_s + CONNECT_TIMEOUT_S
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(
                connect=CONNECT_TIMEOUT_S, read=timeout_s, write=WRITE_TIMEOUT_S, pool=POOL_TIMEOUT_S
            ),
            limits=LIMITS,
            follow_redirects=False,
            transport=network,
            mounts=mounts(self._hosts.custom_hosts, LIMITS),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, tenant: str, token: str, method: str, path: str, **sent: Unpack[Sent]) -> object:
        """Send a request and return the parsed JSON of a 2xx answer (None for an empty one).

        The whole exchange is bounded by `total_timeout_s`, in seconds.

        Raises:
            HaloFailure: there was no answer, or it was no success, or it was not JSON, or it was too long.
        """
        response = await self._answered(tenant, token, method, path, **sent)
        if not response.is_success:
            raise from_response(response, write=writes(method), now=datetime.now(UTC))
        body = response.content.removeprefix(_BYTE_ORDER_MARK)
        if not body:
            return None
        try:
            return from_json(body)
        except ValueError as error:
            raise malformed(response, write=writes(method), why=f"not JSON ({error})") from None

    async def raw(self, tenant: str, token: str, method: str, path: str, **sent: Unpack[Sent]) -> RawAnswer:
        """Send a request and return what came as it came: for who looks at what this Halo does.

        Raises:
            HaloFailure: there was no answer, it was too long, or it refuses the token or names the limit.
        """
        response = await self._answered(tenant, token, method, path, **sent)
        if response.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS}:
            raise from_response(response, write=writes(method), now=datetime.now(UTC))
        headers = {name.lower(): value for name, value in response.headers.items()}
        return RawAnswer(response.status_code, headers, response.content)

    async def _answered(self, tenant: str, token: str, method: str, path: str, **sent: Unpack[Sent]) -> httpx.Response:
        try:
            url = self._hosts.url(tenant) + path
        except InvalidTenant as error:
            raise HaloFailure(FailureClass.REJECTED, str(error), sent=False) from None
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", **ACCEPT_ENCODING}
        if sent.get("content") is not None:
            headers["Content-Type"] = "application/json"
        request = self._http.build_request(method, url, headers=headers, **sent)
        with span(f"Halo {method}", "client", tenant=tenant, path=path) as told:
            return await self._exchange(request, told)

    async def _exchange(self, request: httpx.Request, told: Span) -> httpx.Response:
        """Send, count and time a request; return the answer, whatever it says."""
        method, write, started = request.method, writes(request.method), time.monotonic()
        try:
            async with asyncio.timeout(self.total_timeout_s):
                streamed = await self._http.send(request, stream=True)
                told.tell(status=streamed.status_code)
                try:
                    response = await bounded(streamed, MOST_ANSWER_BYTES)
                except BodyTooLargeError as error:
                    HALO_REQUESTS.labels(method, _told(streamed.status_code)).inc()
                    raise malformed(streamed, write=write, why=str(error)) from None
                finally:
                    await streamed.aclose()
        except (httpx.HTTPError, TimeoutError) as error:
            HALO_REQUESTS.labels(method, type(error).__name__).inc()
            raise from_exception(error, write=write) from None
        HALO_REQUESTS.labels(method, _told(response.status_code)).inc()
        HALO_SECONDS.labels(method).observe(time.monotonic() - started)
        return response


def _told(status: int) -> str:
    """Return a status as a label: a Halo may answer any number, and labels must not grow with what it makes up."""
    return str(status) if status in _STATUSES else "other"


def writes(method: str) -> bool:
    """Tell whether a request of this method changes something in Halo."""
    return method != "GET"
