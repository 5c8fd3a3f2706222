"""Live events of runs: server-sent events (WHATWG HTML, section 9.2) for the API and for open pages."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from enum import Enum, auto
from functools import partial
from uuid import UUID

from halosync.ports.run_views import RunView

from report_api.ports import Ports
from report_api.runs.models import Ahead, RunProgress
from report_api.runs.progress import Progress, ahead_of, progress_of
from report_api.runs.sync_panel import version_of
from report_api.web.rendering import fragment
from report_api.web.visitor import Visitor

RECONNECT_MS = 2000
"""How long a browser waits before it connects again."""

_IDLE_POLLS = 4
"""While no run goes on, so many times fewer looks at the database."""

_COMMENT = ": still here\n\n"
"""Shows a silent connection that it lives."""


class Signal(Enum):
    """What `watch` yields in the place of a run."""

    NO_RUN = auto()
    """There is no run."""
    SILENCE = auto()
    """Nothing has changed for `EventTiming.heartbeat_s` seconds."""
    NOT_ALLOWED = auto()
    """Who watches may not any more. Nothing follows."""


async def watch(
    ports: Ports, partner_id: str, read: Callable[[], Awaitable[RunView | None]], allowed: Callable[[], Awaitable[bool]]
) -> AsyncGenerator[Progress | Signal, None]:
    """Yield the run that `read` returns, at once and on each change, until the process stops.

    The row is read every `EventTiming.poll_s` seconds, so changes in between are shown as one. What is ahead of the run
    is read every `EventTiming.progress_s` seconds. `allowed` is asked every `EventTiming.heartbeat_s` seconds whether
    the watcher still may see the run.
    """
    timing = ports.event_timing
    shown: Progress | Signal | None = None
    ahead, ahead_at = Ahead(), -float("inf")
    allowed_at = shown_at = time.monotonic()
    while not ports.closing.is_set():
        if time.monotonic() - allowed_at >= timing.heartbeat_s:
            if not await allowed():
                yield Signal.NOT_ALLOWED
                return
            allowed_at = time.monotonic()
        async with ports.shares.of(f"watchers of {partner_id}"):
            run = await read()
            active = run is not None and not run.state.is_final
            if run is not None and active and time.monotonic() - ahead_at >= timing.progress_s:
                ahead, ahead_at = await ahead_of(ports, run.run_id, run.state), time.monotonic()
        now = Signal.NO_RUN if run is None else progress_of(run, ahead if active else Ahead())
        if now != shown:
            yield now
            shown, shown_at = now, time.monotonic()
        elif time.monotonic() - shown_at >= timing.heartbeat_s:
            yield Signal.SILENCE
            shown_at = time.monotonic()
        await _pause(ports, timing.poll_s * (1 if active else _IDLE_POLLS))


async def run_events(ports: Ports, partner_id: str, run_id: UUID, key_id: UUID | None) -> AsyncIterator[str]:
    """Yield `counters` at once and on each change, then `finished` with the final counters, and end with the run.

    When only what is ahead of the run has changed the event is `progress`. When the process stops the stream ends
    without `finished`: a browser connects again by itself, to another process. It also ends when the key `key_id` that
    asked is revoked.
    """
    read = partial(ports.run_views.get, run_id, partner_id)
    shown: RunProgress | None = None
    async with aclosing(watch(ports, partner_id, read, partial(ports.keys.in_use, key_id))) as changes:
        async for now in changes:
            match now:
                case Progress(run=run, active=active):
                    if not active:
                        yield _event("finished", run.model_dump_json())
                        return
                    if run != shown:
                        counted = shown is None or (shown.state, shown.counters) != (run.state, run.counters)
                        yield _event("counters" if counted else "progress", run.model_dump_json())
                        shown = run
                case Signal.SILENCE:
                    yield _COMMENT
                case Signal.NO_RUN | Signal.NOT_ALLOWED:
                    return


async def sync_events(ports: Ports, visitor: Visitor, seen: str) -> AsyncIterator[str]:
    """Yield `progress` with a piece of the page on each change; `changed` once the page no longer shows what is so.

    `seen` is the `SyncPanel.version` that the page shows. `signed-out` says that the session has ended, or acts for
    another partner by now. Either ends the stream; so does the end of the process, after which a browser asks another.
    """
    yield f"retry: {RECONNECT_MS}\n\n"
    read = partial(ports.run_views.newest, visitor.partner_id)
    signed_in = partial(ports.sessions.is_open, visitor.token, visitor.partner_id)
    async with aclosing(watch(ports, visitor.partner_id, read, signed_in)) as changes:
        async for now in changes:
            if now is Signal.NOT_ALLOWED:
                yield _event("signed-out", "")
                return
            if now is Signal.SILENCE:
                yield _COMMENT
                continue
            if (version_of(now.run.run_id, now.run.state) if isinstance(now, Progress) else "") != seen:
                yield _event("changed", "")
                return
            if isinstance(now, Progress) and now.active:
                yield _event("progress", fragment("runs/sync_progress.html", progress=now))


def _event(name: str, text: str) -> str:
    lines = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    return f"event: {name}\n{lines}\n"


async def _pause(ports: Ports, seconds: float) -> None:
    try:
        await asyncio.wait_for(ports.closing.wait(), seconds)
    except TimeoutError:
        return
