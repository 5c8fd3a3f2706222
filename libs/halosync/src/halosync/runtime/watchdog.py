"""Ending a process whose event loop hangs, so that its supervisor starts it again.

Docker does not restart what is unhealthy, only what has ended. A hung loop answers no `/healthz`, renews no lease and
drains nothing: what it leaves behind is what kill -9 would leave, which loses nothing (spec section 5.8).
"""

import asyncio
import os
import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

TICK_S = 1.0
HUNG_TICKS = 60
"""A loop that has not turned for so many ticks in a row hangs. Ticks of a thread are counted, not seconds of a clock: a
machine that sleeps, or a process that is stopped and continued, has no ticks meanwhile."""


def watch_loop(*, tick_s: float = TICK_S, end: Callable[[], object] | None = None) -> Callable[[], None]:
    """Watch the running loop from a thread; return what ends the watch.

    Args:
        tick_s: how often it is looked at, in seconds.
        end: is called, in the thread, once the loop hangs; by default the process ends at once with exit code 1.
    """
    loop, over = asyncio.get_running_loop(), threading.Event()
    turned = threading.Event()

    def look() -> None:
        missed = 0
        while not over.wait(tick_s):
            missed = 0 if turned.is_set() else missed + 1
            turned.clear()
            if missed >= HUNG_TICKS:
                (end or _end)()
                return
            try:
                loop.call_soon_threadsafe(turned.set)
            except RuntimeError:  # the loop is closed: the process is about to end by itself
                return

    loop.call_soon(turned.set)
    threading.Thread(target=look, name="watchdog", daemon=True).start()
    return over.set


def _end() -> None:
    log.error("the event loop hangs: the process ends, to be started again", ticks=HUNG_TICKS)
    os._exit(1)
