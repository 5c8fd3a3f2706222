"""What waits says for what, and why: at once, and again once a minute while it goes on."""

import math
import time
from collections.abc import Callable
from typing import Any

AGAIN_S = 60.0
"""How often one thing that waits for one reason says so, in seconds."""

MOST = 10_000
"""For how many waits it is remembered when each was last reported; with more, some are reported more often."""


class Waiting:
    """Writes the log lines `waits`.

    Args:
        log: of the module whose work waits.
        clock: seconds of a clock that never jumps.
    """

    def __init__(self, log: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._told: dict[tuple[str, ...], float] = {}

    def tell(self, waits_for: str, *, why: str, wait_s: float | None = None, **ids: object) -> None:
        """Say that something waits.

        Args:
            waits_for: what has to come, in words.
            why: what is in the way, in words.
            wait_s: in how many seconds it is looked at again, if that is known; nothing is said of a wait of 0.
            ids: what waits: `run_id`, `batch_id` and the like, besides what the lines of this delivery have anyway.
        """
        if wait_s == 0:
            return
        named = {name: str(value) for name, value in ids.items()}
        what, now = (waits_for, why, *named.values()), self._clock()
        if now - self._told.get(what, -math.inf) < AGAIN_S:
            return
        if len(self._told) >= MOST:
            self._told = {each: at for each, at in self._told.items() if now - at < AGAIN_S}
            if len(self._told) >= MOST:
                self._told.clear()
        self._told[what] = now
        seconds = {} if wait_s is None else {"wait_s": round(wait_s, 1)}
        self._log.info("waits", waits_for=waits_for, why=why, **seconds, **named)
