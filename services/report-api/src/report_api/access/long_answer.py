"""A file that takes long to send: made in its partner's turns, and only as long as who asked for it may have it."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from report_api.shares import Shares

ALLOWED_EVERY_S = 2.0
"""How long a key may be revoked, or a session closed, before its files end."""

T = TypeVar("T")


async def in_turns(
    pieces: AsyncIterator[T],
    shares: Shares,
    whose: str,
    *,
    allowed: Callable[[], Awaitable[bool]],
    cut: Callable[[], None],
) -> AsyncIterator[T]:
    """Yield the pieces of a file, each made in a turn of the share; no place is held while a slow reader takes one.

    Calls `cut` and ends when who asked is no longer `allowed`.
    """
    asked_at = time.monotonic()
    while True:
        if time.monotonic() - asked_at >= ALLOWED_EVERY_S:
            if not await allowed():
                cut()
                return
            asked_at = time.monotonic()
        async with shares.of(whose):
            try:
                piece = await anext(pieces)
            except StopAsyncIteration:
                return
        yield piece
