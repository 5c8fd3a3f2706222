"""Waiting for a condition: the one place of this library that lets time pass."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from devstack.errors import NotReadyError


async def until(check: Callable[[], Awaitable[bool]], *, what: str, timeout_s: float, every_s: float = 0.05) -> None:
    """Return as soon as `check` answers true.

    Args:
        check: asked at once and then every `every_s` seconds; what it raises ends the wait.
        what: completes the sentence "… did not happen within N s".
        timeout_s: how long to ask, in seconds.
        every_s: pause between two questions, in seconds.

    Raises:
        NotReadyError: `check` never answered true.
    """
    deadline = time.monotonic() + timeout_s
    while not await check():
        if time.monotonic() > deadline:
            raise NotReadyError(f"{what} did not happen within {timeout_s:g} s")
        await asyncio.sleep(every_s)


async def pause(seconds: float) -> None:
    """Let a fault last for so long: only where its length is what is tested, never in the place of a condition."""
    await asyncio.sleep(seconds)
