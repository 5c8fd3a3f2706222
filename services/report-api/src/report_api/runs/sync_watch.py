"""Server-sent events for pages with the Sync panel: how far a run is, and that the page is out of date."""

import asyncio
import time
from collections.abc import AsyncIterator

from halosync.domain.states import RunState

from report_api.ports import Ports
from report_api.runs.models import Ahead, counters_of
from report_api.runs.service import ahead_of
from report_api.runs.sync_panel import Progress, version_of
from report_api.web.rendering import fragment
from report_api.web.visitor import Visitor

RECONNECT_MS = 2000
"""How long a browser waits before it connects again."""

_IDLE_POLLS = 4
"""While nothing goes on, so many times fewer looks at the database."""


async def sync_events(ports: Ports, visitor: Visitor, seen: str) -> AsyncIterator[str]:
    """Yield `progress` with a piece of the page on each change; `changed` once the page no longer shows what is so.

    `seen` is the `SyncPanel.version` that the page shows. `signed-out` says that the session has ended, or acts for
    another partner by now. Either ends the stream; so does the end of the process, after which a browser asks another.
    """
    yield f"retry: {RECONNECT_MS}\n\n"
    shown: Progress | None = None
    ahead, ahead_at, checked_at = Ahead(), -float("inf"), time.monotonic()
    spoken_at = checked_at
    while not ports.closing.is_set():
        row = await ports.reports.newest_standing(visitor.partner_id)
        state = None if row is None else RunState(row["state"])
        if ("" if row is None or state is None else version_of(row["run_id"], state)) != seen:
            yield _event("changed", "")
            return
        active = row is not None and state is not None and not state.is_final
        if row is not None and state is not None and active:
            if time.monotonic() - ahead_at >= ports.pace.progress_s:
                ahead, ahead_at = await ahead_of(ports, row["run_id"], state), time.monotonic()
            now = Progress(state, counters_of(row), ahead, row["cancel_requested_at"] is not None)
            if now != shown:
                yield _event("progress", fragment("runs/sync_progress.html", progress=now))
                shown, spoken_at = now, time.monotonic()
        if time.monotonic() - spoken_at >= ports.pace.heartbeat_s:
            yield ": still here\n\n"
            spoken_at = time.monotonic()
        if time.monotonic() - checked_at >= ports.pace.heartbeat_s:
            if not await ports.sessions.is_open(visitor.token, visitor.partner_id):
                yield _event("signed-out", "")
                return
            checked_at = time.monotonic()
        await _pause(ports, ports.pace.poll_s * (1 if active else _IDLE_POLLS))


def _event(name: str, text: str) -> str:
    data = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    return f"event: {name}\n{data}\n"


async def _pause(ports: Ports, seconds: float) -> None:
    try:
        await asyncio.wait_for(ports.closing.wait(), seconds)
    except TimeoutError:
        return
