"""Between a simulated process and Halo: what becomes of a request, and of its answer, on the way.

The real `HaloTransport` sends over it, so the real classification of failures decides what the product learns.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Unpack

import httpx
from halo_sandbox.exchange import Answer
from halo_sandbox.service import API, IncomingRequest
from halosync.domain.tenant import HaloHosts
from halosync.halo.transport import HaloTransport, Sent, writes
from halosync.ports.failures import HaloFailure

from simulation.clock import sleep
from simulation.halo import OWN_DOMAIN, SUFFIX, Halo
from simulation.process import Dice, Process

_API = "/api/"
Headers = Mapping[str, str]

HOSTS = HaloHosts(f"https://{{tenant}}{SUFFIX}", custom_hosts=(OWN_DOMAIN,))
"""Where Halos may be."""


class SimulatedTransport(HaloTransport):
    """The transport of one process, which can die or be stopped around each request.

    Args:
        process: who sends.
        halo: who answers.
        dice: what goes wrong.
        timeout_s: how long an answer may take, in seconds.
    """

    def __init__(self, process: Process, halo: Halo, dice: Dice, *, timeout_s: float) -> None:
        network: Any = _Network(process, halo, dice)
        super().__init__(HOSTS.url_template, timeout_s, network)
        self._http, self._hosts = network, HOSTS
        self._process = process
        self._halo = halo

    async def send(self, tenant: str, token: str, method: str, path: str, **sent: Unpack[Sent]) -> Any:
        """As `HaloTransport.send`.

        Raises:
            HaloFailure: classified as the product does.
        """
        # No stop before the first byte: between the check of the deadline and the request there is no step
        # (messaging-facts section 4.2 calls what is left the one-instruction window).
        await self._process.gate()
        self._process.maybe_fail(may_freeze=False)
        await self._process.gate()
        try:
            return await super().send(tenant, token, method, path, **sent)
        except HaloFailure:
            await self._process.gate()
            raise
        except asyncio.CancelledError:
            if writes(method) and self._process.alive and not self._process.over:
                self._halo.broken_off += 1
            raise


class _Network:
    """Carries requests to the sandbox without HTTP; `HaloTransport` takes it for httpx' client."""

    def __init__(self, process: Process, halo: Halo, dice: Dice) -> None:
        self._process, self._halo, self._dice = process, halo, dice

    def build_request(
        self,
        method: str,
        url: str,
        *,
        headers: Headers,
        params: Mapping[str, str | int] | None = None,
        content: bytes | None = None,
    ) -> IncomingRequest:
        """Return a request as the sandbox takes it."""
        base_url, _, path = url.partition(_API)

        async def body() -> bytes:
            return content or b""

        return IncomingRequest(
            method=method,
            path=path,
            query={name: str(value) for name, value in (params or {}).items()},
            headers={name.lower(): value for name, value in headers.items()},
            body=body,
            base_url=base_url,
            logged_path=_API + path,
        )

    async def send(self, request: IncomingRequest, *, stream: bool) -> "_Arrived":
        """Carry a request and bring its answer back, all of it.

        Raises:
            httpx.TransportError: there is no connection, or it broke.
        """
        del stream
        dice, rates = self._dice, self._dice.rates
        if dice.hits(rates.refused_connection) or request.base_url != self._halo.url:
            raise httpx.ConnectError("connection refused")
        await self._travel()  # the connection; a process that is stopped here sends nothing before it goes on
        await sleep(dice.between(0.01, 0.3))
        slow = dice.hits(rates.slow)
        if slow and dice.hits(0.5):  # it takes long to arrive, or else to be answered
            await sleep(dice.between(1.0, 33.0))
        connection = _Connection()
        await API.serve(self._halo.tenant, request, connection)
        self._process.maybe_fail()
        if slow:
            await sleep(dice.between(1.0, 33.0))
        await self._travel()
        arrived = connection.arrived()
        if arrived.status_code == httpx.codes.TOO_MANY_REQUESTS and dice.hits(0.5):
            arrived.headers.pop("retry-after", None)  # whether Halo says how long to wait is not known
        return arrived

    async def _travel(self) -> None:
        await sleep(self._dice.between(0.001, 0.02))
        await self._process.gate()

    async def aclose(self) -> None:
        """Close nothing."""


class _Connection:
    """Keeps what the sandbox sends."""

    def __init__(self) -> None:
        self._answer: Answer | None = None
        self._error: httpx.TransportError | None = None

    async def answer(self, answer: Answer) -> None:
        self._answer = answer

    async def half(self, _answer: Answer) -> None:
        self._error = httpx.RemoteProtocolError("the connection broke in the middle of the answer")

    async def close(self) -> None:
        self._error = httpx.RemoteProtocolError("the connection broke")

    async def reset(self) -> None:
        self._error = httpx.ReadError("the connection was reset")

    def arrived(self) -> "_Arrived":
        if self._answer is None:
            raise self._error or httpx.ReadError("there was no answer")
        headers = httpx.Headers({"content-type": self._answer.content_type, **self._answer.headers})
        return _Arrived(self._answer.status, headers, self._answer.body)


@dataclass(slots=True)
class _Arrived:
    """What `halo.body.bounded` asks of an answer whose body is there."""

    status_code: int
    headers: httpx.Headers
    content: bytes
    is_stream_consumed: bool = True

    async def aclose(self) -> None:
        """Close nothing."""
