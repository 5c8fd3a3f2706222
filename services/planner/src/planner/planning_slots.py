"""Slots for work that needs memory, plans and invoices: one large piece of work at a time, a few small ones beside it.

Two plans of 100,000 items at once would need twice the memory, so large work waits for large work. Small work must not:
the many partners with a few licences would stand still whenever one with 100,000 is planned.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from halosync.observability.waiting import Waiting

waits = Waiting(structlog.get_logger(__name__))

SMALL_ROWS = 2_000
"""A plan from no more lines, clients and licences than this is small."""

SMALL_BYTES = 500_000
"""An invoice whose event is no longer than this is small: about as many lines."""

SMALL_AT_ONCE = 4
"""All of them together need little beside a large one of 200,000 rows."""


class PlanningSlots:
    """Hands out slots; who comes first is served first, the large and the small each in a line of their own."""

    def __init__(self) -> None:
        self._large = asyncio.Lock()
        self._small = asyncio.Semaphore(SMALL_AT_ONCE)
        self._line = 0

    @property
    def crowded(self) -> bool:
        """Whether somebody large is at work and somebody stands in line: the next one had better come back later."""
        return self._line > 1

    @asynccontextmanager
    async def take(self, *, large: bool) -> AsyncIterator[None]:
        """Wait for a slot and keep it during the body."""
        if (self._large if large else self._small).locked():
            before = "another large plan or invoice is" if large else f"{SMALL_AT_ONCE} small plans and invoices are"
            waits.tell("a slot to work in", why=f"{before} at work", **structlog.contextvars.get_contextvars())
        if not large:
            async with self._small:
                yield
            return
        self._line += 1
        try:
            async with self._large:
                yield
        finally:
            self._line -= 1
