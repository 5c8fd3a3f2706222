"""What is known of the parts of a process: looked at on a timer, so that asking costs nothing and never waits."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from halosync.messaging.connection import given_up
from halosync.observability.metrics import READY
from halosync.runtime.loops import every

log = structlog.get_logger(__name__)

CHECK_EVERY_S = 2.0
CHECK_TIMEOUT_S = 3.0
STALE_S = 15.0
"""What was found out longer ago than this counts as not known: the timer itself has come to a stop."""

Check = Callable[[], Awaitable[None]]
"""Returns if a part of the process works, raises if it does not."""


@dataclass(frozen=True)
class CheckTiming:
    """How often each part is looked at, how long that may take, and how long the result is believed; in seconds."""

    every_s: float = CHECK_EVERY_S
    timeout_s: float = CHECK_TIMEOUT_S
    stale_s: float = STALE_S


class ProcessState:
    """What `/readyz` says of a process from its first moment on: what it waits for, then how its parts are."""

    def __init__(self) -> None:
        self._readiness: ReadinessChecks | None = None
        self._why = "starting"
        READY.labels("process").set(0)

    def waits(self, why: str) -> None:
        """Say that the process takes nothing yet, and for what it waits."""
        self._readiness, self._why = None, f"waiting: {why}"
        READY.labels("process").set(0)

    def works(self, readiness: "ReadinessChecks") -> None:
        """Say from now on how the parts are."""
        self._readiness = readiness
        READY.labels("process").set(1)

    def report(self) -> dict[str, str]:
        """Return `ok`, or what is wrong, for each part."""
        return {"process": self._why} if self._readiness is None else self._readiness.report()


class ReadinessChecks:
    """Looks at each part again and again, one look at a time, and remembers what it saw."""

    def __init__(self, checks: Mapping[str, Check], timing: CheckTiming | None = None) -> None:
        self._checks = checks
        self._timing = timing or CheckTiming()
        self._seen: dict[str, tuple[str, float]] = {}
        self._stopping = False

    async def watch(self, stop: asyncio.Event) -> None:
        """Look at the parts until `stop` is set. A part that does not answer does not delay the look at another."""
        looks = (
            every(f"look at {name}", self._timing.every_s, partial(self._look, name, check), stop)
            for name, check in self._checks.items()
        )
        await asyncio.gather(*looks)

    def stopping(self) -> None:
        """Say from now on that the process is not ready, because it is about to end."""
        self._stopping = True

    def report(self) -> dict[str, str]:
        """Return `ok`, or what is wrong, for each part."""
        now = asyncio.get_running_loop().time()
        found = {name: self._standing(name, now) for name in self._checks}
        return {**found, "process": "stopping"} if self._stopping else found

    def _standing(self, name: str, now: float) -> str:
        if name not in self._seen:
            return "not looked at yet"
        outcome, at = self._seen[name]
        if now - at > self._timing.stale_s:
            return f"not known: last looked at {now - at:.0f} s ago"
        return outcome

    async def _look(self, name: str, check: Check) -> None:
        try:
            with given_up():
                async with asyncio.timeout(self._timing.timeout_s):
                    await check()
        except Exception as error:  # noqa: BLE001 - whatever is wrong, the answer is the same: not ready, and why
            outcome = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        else:
            outcome = "ok"
        before = self._seen.get(name, ("ok", 0.0))[0]
        if (before == "ok") is not (outcome == "ok"):
            log.warning("ready again" if outcome == "ok" else "not ready", part=name, why=outcome)
        self._seen[name] = (outcome, asyncio.get_running_loop().time())
        READY.labels(name).set(1 if outcome == "ok" else 0)
