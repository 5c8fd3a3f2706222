"""Live events of a run: server-sent events (WHATWG HTML, section 9.2) from the run's row."""

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import UUID

from halosync.domain.states import RunState

from report_api.ports import Ports
from report_api.runs.models import Ahead, RunProgress, RunStanding
from report_api.runs.service import ahead_of

_HEARTBEAT = ": the run goes on\n\n"


async def run_events(ports: Ports, partner_id: str, run_id: UUID, key_id: UUID) -> AsyncIterator[str]:
    """Yield `counters` at once and on each change, then `finished` with the final counters, and end with the run.

    When only what is ahead of the run has changed the event is `progress`, at most one each `Pace.progress_s` seconds.
    The row is read every `Pace.poll_s` seconds, so changes in between are shown as one. When the process stops the
    stream ends without `finished`: a browser connects again by itself, to another process. It also ends when the key
    `key_id` that asked is revoked, at the latest after `Pace.heartbeat_s` seconds.
    """
    shown: RunStanding | None = None
    ahead, ahead_at = Ahead(), -float("inf")
    spoken_at = allowed_at = time.monotonic()
    while not ports.closing.is_set():
        if time.monotonic() - allowed_at >= ports.pace.heartbeat_s:
            if not await ports.keys.in_use(key_id):
                return
            allowed_at = time.monotonic()
        row = await ports.reports.standing(partner_id, run_id)
        if row is None:
            return
        standing = RunStanding.of(run_id, row)
        state, event = RunState(standing.state), None
        if state.is_final:
            yield _event("finished", standing, Ahead())
            return
        if standing != shown:
            event = "counters"
        if time.monotonic() - ahead_at >= ports.pace.progress_s:
            before, ahead, ahead_at = ahead, await ahead_of(ports, run_id, state), time.monotonic()
            event = event or ("progress" if ahead != before else None)
        if event is not None:
            yield _event(event, standing, ahead)
            shown, spoken_at = standing, time.monotonic()
        elif time.monotonic() - spoken_at >= ports.pace.heartbeat_s:
            yield _HEARTBEAT
            spoken_at = time.monotonic()
        await _pause(ports)


def _event(name: str, standing: RunStanding, ahead: Ahead) -> str:
    progress = RunProgress(**dict(standing), **dict(ahead))
    return f"event: {name}\ndata: {progress.model_dump_json()}\n\n"


async def _pause(ports: Ports) -> None:
    try:
        await asyncio.wait_for(ports.closing.wait(), ports.pace.poll_s)
    except TimeoutError:
        return
