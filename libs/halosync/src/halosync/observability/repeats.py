"""Log lines that anybody can make a process write, with no key at all: one of a kind every few seconds."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

EVERY_S = 10.0

FLOODS: Mapping[str, Sequence[str]] = {
    "asyncio": ["socket.accept() out of system resource"],
    "uvicorn.error": ["Invalid HTTP request received.", "Unsupported upgrade request.", "No supported WebSocket"],
}
"""How such lines begin, by the logger that writes them."""


@dataclass
class _Kind:
    told_at: float
    left_out: int = 0


class FewOfAKind(logging.Filter):
    """Lets through one line of a kind every `EVERY_S` seconds, with how many were left out since the one before."""

    def __init__(self, beginnings: Sequence[str], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._beginnings = beginnings
        self._clock = clock
        self._kinds: dict[str, _Kind] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the line is written. Lines of other kinds always are."""
        text = str(record.msg)
        kind = next((beginning for beginning in self._beginnings if text.startswith(beginning)), None)
        if kind is None:
            return True
        now, known = self._clock(), self._kinds.get(kind)
        if known is not None and now - known.told_at < EVERY_S:
            known.left_out += 1
            return False
        if known is not None and known.left_out:
            record.msg = f"{text} ({known.left_out} more of these were left out)"
        self._kinds[kind] = _Kind(now)
        return True
