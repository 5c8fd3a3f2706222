"""Live events of a run: server-sent events (WHATWG HTML, section 9.2) from the run's row."""

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import UUID

from halosync.domain.states import RunState

from report_api.models.runs import RunStanding
from report_api.ports import Ports

_HEARTBEAT = ": the run goes on\n\n"


async def run_events(ports: Ports, partner_id: str, run_id: UUID) -> AsyncIterator[str]:
    """Yield `counters` at once and on each change, then `finished` with the final counters, and end with the run.

    The row is read every `Pace.poll_s` seconds, so changes in between are shown as one. When the process stops the
    stream ends without `finished`: a browser connects again by itself, to another process.
    """
    shown: RunStanding | None = None
    spoken_at = time.monotonic()
    while not ports.closing.is_set():
        row = await ports.reports.standing(partner_id, run_id)
        if row is None:
            return
        standing = RunStanding.of(run_id, row)
        if RunState(standing.state).is_final:
            yield _event("finished", standing)
            return
        if standing != shown:
            yield _event("counters", standing)
            shown, spoken_at = standing, time.monotonic()
        elif time.monotonic() - spoken_at >= ports.pace.heartbeat_s:
            yield _HEARTBEAT
            spoken_at = time.monotonic()
        await _pause(ports)


def _event(name: str, standing: RunStanding) -> str:
    return f"event: {name}\ndata: {standing.model_dump_json()}\n\n"


async def _pause(ports: Ports) -> None:
    try:
        await asyncio.wait_for(ports.closing.wait(), ports.pace.poll_s)
    except TimeoutError:
        return
