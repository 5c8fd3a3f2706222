"""How late the event loop is: whatever blocks it also delays heartbeats, timers and every handler."""

import asyncio
from collections import deque

from halosync.observability.metrics import LOOP_LAG

TICK_S = 0.5
REMEMBERED = 60
"""The worst lag of so many ticks (30 s) is told."""

STALLED_S = 5.0
STALLED_TICKS = 5
"""A loop that was late by `STALLED_S` so many times in a row is stalled. Once says nothing: a machine may sleep."""


class LoopLag:
    """Measures how much later than asked the loop runs a timer, in seconds."""

    def __init__(self) -> None:
        self._lags: deque[float] = deque(maxlen=REMEMBERED)

    async def watch(self, stop: asyncio.Event) -> None:
        """Measure until `stop` is set."""
        clock = asyncio.get_running_loop().time
        while not stop.is_set():
            due = clock() + TICK_S
            try:
                await asyncio.wait_for(stop.wait(), TICK_S)
            except TimeoutError:
                self.note(clock() - due)

    def note(self, lag_s: float) -> None:
        """Remember a lag."""
        self._lags.append(max(lag_s, 0.0))
        LOOP_LAG.set(self.worst_s)

    @property
    def worst_s(self) -> float:
        """The worst lag of the last 30 seconds."""
        return max(self._lags, default=0.0)

    @property
    def stalled(self) -> bool:
        """Whether the loop has not kept up for some time."""
        recent = list(self._lags)[-STALLED_TICKS:]
        return len(recent) == STALLED_TICKS and min(recent) > STALLED_S
