"""How a process ends: told by a signal, started or not, and in time whatever hangs (spec section 5.8)."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeVar

import structlog
from aio_pika.exceptions import AMQPError

from halosync.messaging.connection import given_up

log = structlog.get_logger(__name__)

STOP_S = 28.0
"""A stopping process ends after so long at the latest (spec section 5.8 allows 30)."""

HURRY_S = 2.0
"""How long a process that is stopped while it starts waits for each thing that it has to close."""

_CANCEL_AGAIN_S = 0.1

T = TypeVar("T")


class Shutdown:
    """The order to stop, and what hangs on it."""

    def __init__(self) -> None:
        self.told = asyncio.Event()
        self._started = False

    def listen(self) -> None:
        """Take SIGTERM and SIGINT for the order to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.tell)

    def tell(self) -> None:
        """Order to stop; only the first order counts.

        Whatever hangs from here on (a server that is away, a stuck connection), the process ends in time; what it
        leaves behind is what kill -9 would leave.
        """
        if not self.told.is_set():
            self.told.set()
            asyncio.get_running_loop().call_later(STOP_S, _end_now)

    async def start(self, starting: Coroutine[object, object, T]) -> T | None:
        """Return what `starting` does, or None if the order to stop came first; then it is cancelled."""
        task, waiting = asyncio.create_task(starting), asyncio.create_task(self.told.wait())
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=HURRY_S)
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                log.warning("the start failed as it was stopped", error=type(error).__name__)
            return None
        result = task.result()
        self._started = True
        return result

    def closing(self, close: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
        """Return `close`, which is hurried and may fail if the process was stopped while it started."""

        async def closing() -> None:
            if self._started or not self.told.is_set():
                await close()
                return
            try:
                with given_up():
                    async with asyncio.timeout(HURRY_S):
                        await close()
            except (TimeoutError, OSError, AMQPError) as error:
                log.warning("not closed", error=type(error).__name__)

        return closing


async def cancel_what_is_left() -> None:
    """Cancel what a start that was given up has left running, until it is gone; at most for `HURRY_S` seconds.

    A connection to RabbitMQ that is being made belongs to nobody yet, so nobody closes it. It takes one cancellation
    for a failed attempt and tries again (aio-pika, `RobustConnection`); the next one, in its pause, ends it. Without
    this it goes on until the garbage collector happens to find it, and the process with it.
    """
    left = asyncio.all_tasks() - {asyncio.current_task()}
    until = asyncio.get_running_loop().time() + HURRY_S
    while left and asyncio.get_running_loop().time() < until:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_CANCEL_AGAIN_S)


def _end_now() -> None:
    log.error("not stopped in time")
    os._exit(1)
