"""From a simulated process to the double of Halo: what becomes of a request and of its answer on the way.

It stands in the place of `halosync.halo.transport.HaloTransport`; the real classification of failures decides what
the product learns of an accident.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
from halosync.halo.failures import from_exception, from_response, malformed
from halosync.halo.transport import CONNECT_TIMEOUT_S

from simulation.halo import Halo
from simulation.process import Dice, Process


class Wire:
    """The transport of one process.

    Args:
        process: who sends.
        halo: who answers.
        dice: what goes wrong.
        timeout_s: how long an answer may take, in seconds.
        settle_s: Halo applies a late write within so many seconds of its arrival.
    """

    def __init__(self, process: Process, halo: Halo, dice: Dice, *, timeout_s: float, settle_s: float) -> None:
        self.total_timeout_s = timeout_s + CONNECT_TIMEOUT_S
        self._process = process
        self._halo = halo
        self._dice = dice
        self._settle_s = settle_s

    async def send(
        self,
        _tenant: str,
        token: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        write: bool = False,
    ) -> Any:
        """Send a request and return the parsed answer; as `HaloTransport.send`.

        Raises:
            HaloFailure: classified as the product does.
        """
        # No stop before the first byte: between the check of the deadline and the request there is no step
        # (messaging-facts section 4.2 calls what is left the one-instruction window).
        await self._process.gate()
        self._process.accident(may_freeze=False)
        await self._process.gate()
        try:
            async with asyncio.timeout(self.total_timeout_s):
                return await self._exchange(token, method, path, params or {}, content, write=write)
        except (httpx.HTTPError, TimeoutError) as error:
            await self._process.gate()
            raise from_exception(error, write=write) from None
        except asyncio.CancelledError:
            if write and self._process.alive and not self._process.over:
                self._halo.broken_off += 1
            raise

    async def _exchange(
        self, token: str, method: str, path: str, params: Mapping[str, Any], content: bytes | None, *, write: bool
    ) -> Any:
        dice, rates = self._dice, self._dice.rates
        if dice.hits(rates.refused_connection):
            raise httpx.ConnectError("connection refused")
        await self._travel()  # the connection; a process that is stopped here sends nothing before it goes on
        await asyncio.sleep(dice.between(0.01, 0.3))
        slow = dice.hits(rates.slow)
        if slow and dice.hits(0.5):  # it takes long to apply, or else to answer
            await asyncio.sleep(dice.between(1.0, 33.0))
        status, body, headers = self._answer(token, method, path, params, content)
        self._process.accident()
        if slow:
            await asyncio.sleep(dice.between(1.0, 33.0))
        await self._travel()
        if status == 0:
            raise httpx.ReadError("the connection broke")
        response = httpx.Response(status, headers=headers, content=b"" if body is None else json.dumps(body).encode())
        if dice.hits(rates.unanswered * 0.3):
            raise malformed(response, write=write, why="half an answer")
        if not response.is_success:
            raise from_response(response, write=write, now=datetime.now(UTC))
        return body

    async def _travel(self) -> None:
        await asyncio.sleep(self._dice.between(0.001, 0.02))
        await self._process.gate()

    def _answer(
        self, token: str, method: str, path: str, params: Mapping[str, Any], content: bytes | None
    ) -> tuple[int, Any, dict[str, str]]:
        """Return what Halo answers, with status 0 for nothing at all; and let it apply the request, or not."""
        dice, rates, halo = self._dice, self._dice.rates, self._halo
        if not halo.admit() or dice.hits(rates.too_many):
            told = {"Retry-After": f"{halo.retry_after() + 1:.0f}"} if dice.hits(0.5) else {}
            return 429, {"error": "too many requests"}, told
        if token != f"token-{halo.generation}":
            return 401, {"Message": "Authorization has been denied for this request."}, {}
        if dice.hits(rates.unanswered):
            if method != "GET" and dice.hits(rates.applied):
                if dice.hits(rates.late):
                    halo.apply_later(dice.between(0.0, rates.late_share * self._settle_s), method, path, content)
                else:
                    halo.handle(method, path, params, content)
            return 0, None, {}
        if dice.hits(rates.server_error):
            if method != "GET" and dice.hits(0.5):
                halo.handle(method, path, params, content)
            return 502, None, {}
        status, body = halo.handle(method, path, params, content)
        return status, body, {}
