"""A fair share of the process for each partner: nobody waits behind all that another one asks for (spec section 15).

A process answers everybody on one event loop. Of each partner it works on `AT_ONCE` requests at a time, or pieces of a
file, or looks at a run that is watched; what the partner asks for beyond that waits in order, behind the partner's own.
While more of it waits, and others are there, its place also rests as long as it has worked. The limits of each key
bound how much can wait. Shares are of one process: with several behind a proxy, a partner has one in each.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

AT_ONCE = 1
PLACE_S = 1.0
"""What takes longer mostly waits for another service, and gives its place to the next."""


@dataclass
class _Share:
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    users: int = 0


class Shares:
    """The shares of all for whom anything is being done."""

    def __init__(self) -> None:
        self._shares: dict[str, _Share] = {}

    @asynccontextmanager
    async def of(self, whose: str) -> AsyncIterator[None]:
        """Wait for a place of a share, and hold it."""
        share, loop = self._shares.setdefault(whose, _Share()), asyncio.get_running_loop()
        share.users += 1
        try:
            await share.places.acquire()
            began = loop.time()
            passed_on = loop.call_later(PLACE_S, share.places.release)
            try:
                yield
                if share.users > AT_ONCE and len(self._shares) > 1:
                    await asyncio.sleep(min(loop.time() - began, PLACE_S))
            finally:
                if loop.time() < passed_on.when():
                    passed_on.cancel()
                    share.places.release()
        finally:
            share.users -= 1
            if not share.users:
                del self._shares[whose]
