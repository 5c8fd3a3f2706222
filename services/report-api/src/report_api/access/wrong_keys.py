"""Wrong API keys: counted, logged with the address that they came from, and slowed down (spec section 10).

A right key is never slowed down, whatever else comes from its address: a whole office may be behind it. Nobody guesses
a key; what is slowed down is the load of asking the database and of writing the log.
"""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import cast

import structlog
from fastapi import Request
from halosync.observability.metrics import WRONG_KEYS

from report_api.web.problems import too_many_requests

log = structlog.get_logger(__name__)

WINDOW_S = 60.0
FREE = 5
"""Wrong keys of an address within `WINDOW_S` that are answered at once and logged each: somebody mistypes."""

DELAY_S = 1.0
"""How long the answer to each further one waits."""

MOST_WAITING = 50
MOST_WAITING_OF_ONE = 4
"""Answers that wait at a time, in all and of one address. What comes on top is refused at once and holds nothing."""

MOST_ADDRESSES = 10_000
"""That are remembered; the one that was quiet for longest is forgotten first."""


@dataclass
class _Address:
    since: float
    wrong: int = 0
    waiting: int = 0


class WrongKeys:
    """What came from which address lately, in this process."""

    def __init__(self, *, delay_s: float = DELAY_S) -> None:
        self._delay_s = delay_s
        self._addresses: OrderedDict[str, _Address] = OrderedDict()
        self._waiting = 0

    async def tell(self, address: str, path: str) -> None:
        """Take note of a wrong key, and return when it may be answered.

        Raises:
            Problem: 429, too many wait for such an answer already.
        """
        WRONG_KEYS.inc()
        known = self._known(address)
        known.wrong += 1
        if known.wrong <= FREE:
            log.warning("wrong API key", address=address, path=path[:200])
            return
        if known.wrong == FREE + 1:
            log.warning("many wrong API keys; further ones of this minute are counted only", address=address)
        if known.waiting >= MOST_WAITING_OF_ONE or self._waiting >= MOST_WAITING:
            raise too_many_requests(
                "Too many wrong API keys came from your address. Wait a minute, then try again with the right key.",
                int(WINDOW_S),
            )
        known.waiting += 1
        self._waiting += 1
        try:
            await asyncio.sleep(self._delay_s)
        finally:
            known.waiting -= 1
            self._waiting -= 1

    def _known(self, address: str) -> _Address:
        now, place = time.monotonic(), _place(address)
        known = self._addresses.pop(place, None) or _Address(now)
        if now - known.since >= WINDOW_S:
            if known.wrong > FREE:
                log.warning("many wrong API keys came", address=address, wrong=known.wrong)
            known.since, known.wrong = now, 0
        self._addresses[place] = known  # at the end: it was heard of last
        if len(self._addresses) > MOST_ADDRESSES:
            self._addresses.popitem(last=False)
        return known


async def told_wrong_key(request: Request) -> None:
    """Take note of a wrong key that came with a request, and return when it may be answered.

    Raises:
        Problem: 429, too many wrong ones come.
    """
    address = request.client.host if request.client else "unknown"
    await cast("WrongKeys", request.app.state.wrong_keys).tell(address, request.scope["path"])


def _place(address: str) -> str:
    """Return what is counted together: one machine has a whole network of IPv6 addresses."""
    try:
        number = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((number, 64), strict=False)) if isinstance(number, IPv6Address) else address
