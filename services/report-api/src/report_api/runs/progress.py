"""How far a run is, how long it will probably take, and what it waits for."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from halosync.contracts.settings import RateLimit
from halosync.domain.states import RunState
from halosync.ports.run_views import RunEffort, RunView

from report_api.ports import Ports
from report_api.runs import sentences
from report_api.runs.models import Ahead, RunProgress
from report_api.runs.sentences import Meaning

FIRST_GUESS_S = 0.5
"""Seconds for a request before any was seen."""

WORTH_SAYING_S = 2.0
"""A shorter wait is part of the pace: permits of a full window come back one by one."""


@dataclass(frozen=True)
class Effort:
    """What is left to do and what limits it.

    Attributes:
        remaining: requests still to be sent.
        done: requests of this run that were sent, in `elapsed_s` seconds of writing.
        in_use: requests that count in the tenant's window now; at most `allowed` may in any `window_s` seconds.
        allowed: the limit less what others are known to use of it and what is kept for people.
        wait_s: seconds until the next request may be sent, because Halo said so or the window is full.
    """

    remaining: int
    done: int
    elapsed_s: float
    in_use: int
    allowed: int
    window_s: float
    wait_s: float


def eta_s(effort: Effort) -> int:
    """Return about how many seconds are left, rounded up: the longer of what the pace and what the budget says.

    The pace so far includes waits for the budget; early in a run it has met none, so the budget is asked as well.
    """
    if effort.remaining <= 0:
        return 0
    pace_s = effort.elapsed_s / effort.done if effort.done > 0 else FIRST_GUESS_S
    return math.ceil(max(effort.remaining * pace_s, _budget_s(effort)))


def _budget_s(effort: Effort) -> float:
    """Return how long the budget alone makes it.

    What the window has room for now goes at once, the rest as fast as the window gives it back: evenly if it was used
    evenly; all at once after the wait, and again a window later, if it was used up in a burst. The longer one counts.
    """
    beyond = effort.remaining - requests_left(effort)
    if beyond <= 0:
        return 0.0
    evenly_s = beyond * effort.window_s / effort.allowed
    in_bursts_s = effort.wait_s + (beyond - 1) // effort.allowed * effort.window_s
    return max(evenly_s, in_bursts_s)


def requests_left(effort: Effort) -> int:
    """Return how many requests may be sent now: none while Halo lets nobody ask."""
    return 0 if effort.wait_s > 0 else max(effort.allowed - effort.in_use, 0)


def waits_s(effort: Effort) -> float | None:
    """Return for how many seconds nothing may be sent; None if something may, or soon enough."""
    return effort.wait_s if effort.wait_s >= WORTH_SAYING_S else None


async def ahead_of(ports: Ports, run_id: UUID, state: RunState) -> Ahead:
    """Return what is ahead of a run that is in `state`."""
    left = None if state.is_final else await ports.run_views.effort(run_id)
    if left is None:
        return Ahead()
    effort = _effort(left, ports.rate_limit)
    waits = waits_s(effort)
    return Ahead(
        eta_s=eta_s(effort) if state is RunState.WRITING else None,
        requests_left=requests_left(effort),
        # Whole seconds: a guess of the clock's fractions would look like a change each time.
        waiting_until=None if waits is None else (datetime.now(UTC) + timedelta(seconds=waits)).replace(microsecond=0),
    )


def _effort(left: RunEffort, default: RateLimit) -> Effort:
    # A limit that was lowered counts at once for what is shown; the limiter learns it with the next request.
    limit = left.rate_requests or default.requests
    return Effort(
        remaining=left.remaining,
        done=left.done,
        elapsed_s=left.elapsed_s or 0.0,
        in_use=left.in_use or 0,
        allowed=max(limit if left.allowed is None else min(left.allowed, limit), 1),
        window_s=left.window_s or left.rate_window_s or default.window_s,
        wait_s=left.wait_s,
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is, as the Sync panel shows it.

    `cancelling`: somebody cancelled it; what is on its way is finished.
    """

    run: RunProgress
    cancelling: bool

    @property
    def meaning(self) -> Meaning:
        """The state in words."""
        return sentences.STATES[self.run.state]

    @property
    def active(self) -> bool:
        """Tell whether the run goes on."""
        return not self.run.state.is_final

    @property
    def done(self) -> int:
        """How many items need nothing more."""
        return self.run.counters.total - self.run.counters.pending

    @property
    def announcement(self) -> str:
        """What is said aloud when it changes: the phase, and every quarter of the way; more would be chatter."""
        if self.cancelling:
            return "Cancelling."
        if self.run.waiting_until is not None:
            return "Waiting for Halo's limit."
        if self.run.state is not RunState.WRITING or not self.run.counters.total:
            return f"{self.meaning.label}."
        return f"{self.meaning.label}: {self.done * 4 // self.run.counters.total * 25} percent done."


def progress_of(view: RunView, ahead: Ahead) -> Progress:
    """Return the progress of a run, with what is ahead of it."""
    run = RunProgress(run_id=view.run_id, state=view.state, counters=view.counters, **ahead.model_dump())
    return Progress(run, cancelling=view.cancel_requested_at is not None)
