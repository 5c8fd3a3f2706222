"""Background loops: small pieces of work done over and over until the process stops."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine

import structlog

from halosync.messaging.connection import given_up

log = structlog.get_logger(__name__)


def every_loop(
    name: str, interval_s: float, work: Callable[[], Awaitable[object]]
) -> Callable[[asyncio.Event], Coroutine[None, None, None]]:
    """Return `every` as a piece of background work that waits only for its stop event."""
    return lambda stop: every(name, interval_s, work, stop)


async def every(name: str, interval_s: float, work: Callable[[], Awaitable[object]], stop: asyncio.Event) -> None:
    """Do `work` now and then every `interval_s` seconds until `stop` is set.

    A failure is logged and the loop goes on: a loop that has died silently would be found out too late.
    """
    while not stop.is_set():
        try:
            with given_up():
                await work()
        except Exception as error:  # noqa: BLE001 - see above
            log.warning("background work failed", work=name, error=f"{type(error).__name__}: {error}")
        try:
            await asyncio.wait_for(stop.wait(), interval_s)
        except TimeoutError:
            continue
