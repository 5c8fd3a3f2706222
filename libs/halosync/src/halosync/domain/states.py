"""States of runs, batches and actions, what may follow each, and the counters of items (spec section 4).

The page that explains them is docs/actions.md. The statements of `store/sql` name the states that they start from; a
test tries every statement on every state and compares what happens with the tables here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from halosync.domain.listing import are, counted
from halosync.domain.model import Action, Outcome


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    READING = "reading"
    PLANNING = "planning"
    WRITING = "writing"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PREVIEWED = "previewed"

    @property
    def is_final(self) -> bool:
        """Tell whether nothing follows this state."""
        return not RUN_TRANSITIONS[self]


class BatchState(StrEnum):
    """Where a batch stands: not yet ordered, with the writers, or without an open action."""

    PLANNED = "planned"
    ISSUED = "issued"
    DONE = "done"


class ActionState(StrEnum):
    """Where an action stands. `none` is the state of an item that asks nothing of Halo."""

    NONE = "none"
    WAITING = "waiting"
    SENDING = "sending"
    UNKNOWN = "unknown"
    APPLIED = "applied"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


RUN_TRANSITIONS: Mapping[RunState, frozenset[RunState]] = MappingProxyType(
    {
        RunState.QUEUED: frozenset({RunState.READING, RunState.CANCELLED}),
        RunState.READING: frozenset({RunState.PLANNING, RunState.FAILED, RunState.CANCELLED}),
        RunState.PLANNING: frozenset({RunState.WRITING, RunState.PREVIEWED, RunState.FAILED, RunState.CANCELLED}),
        # Failed writes make a run partial; it fails while writing only when its connection to Halo is lost.
        RunState.WRITING: frozenset({RunState.SUCCEEDED, RunState.PARTIAL, RunState.FAILED, RunState.CANCELLED}),
        RunState.SUCCEEDED: frozenset(),
        RunState.PARTIAL: frozenset(),
        RunState.FAILED: frozenset(),
        RunState.CANCELLED: frozenset(),
        RunState.PREVIEWED: frozenset(),
    }
)

BATCH_TRANSITIONS: Mapping[BatchState, frozenset[BatchState]] = MappingProxyType(
    {
        BatchState.PLANNED: frozenset({BatchState.ISSUED, BatchState.DONE}),
        BatchState.ISSUED: frozenset({BatchState.DONE}),
        BatchState.DONE: frozenset(),
    }
)

ACTION_TRANSITIONS: Mapping[ActionState, frozenset[ActionState]] = MappingProxyType(
    {
        ActionState.NONE: frozenset(),
        ActionState.WAITING: frozenset({ActionState.SENDING, ActionState.REJECTED, ActionState.WITHDRAWN}),
        # Also the ways of `unknown`: an action that is `sending` and has settled is as good as unknown.
        ActionState.SENDING: frozenset(
            {
                ActionState.WAITING,
                ActionState.UNKNOWN,
                ActionState.APPLIED,
                ActionState.REJECTED,
                ActionState.WITHDRAWN,
            }
        ),
        ActionState.UNKNOWN: frozenset(
            {ActionState.WAITING, ActionState.APPLIED, ActionState.REJECTED, ActionState.WITHDRAWN}
        ),
        ActionState.APPLIED: frozenset(),
        ActionState.REJECTED: frozenset(),
        ActionState.WITHDRAWN: frozenset(),
    }
)

LIVING_RUNS = frozenset(state for state in RunState if not state.is_final)
"""One run of a partner at a time is in one of these."""
CLAIMABLE_RUNS = LIVING_RUNS - {RunState.WRITING}
"""A planner works on these; the writers have the rest."""
OPEN_ACTIONS = frozenset(state for state, following in ACTION_TRANSITIONS.items() if following)
"""An item is `pending` exactly while its action is in one of these."""
IN_DOUBT = frozenset({ActionState.SENDING, ActionState.UNKNOWN})
"""Halo may have the write."""


@dataclass(frozen=True, slots=True)
class Counters:
    """How many items of a run stand where.

    Raises:
        ValueError: they do not add up (spec section 4).
    """

    total: int = 0
    synced: int = 0
    skipped: int = 0
    held: int = 0
    failed: int = 0
    pending: int = 0
    created: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0

    def __post_init__(self) -> None:
        outcomes = self.synced + self.skipped + self.held + self.failed + self.pending
        if self.total != outcomes:
            raise ValueError(f"Counters do not add up: total is {self.total}, the outcomes make {outcomes}.")
        actions = self.created + self.updated + self.deleted + self.unchanged
        if self.synced != actions:
            raise ValueError(f"Counters do not add up: synced is {self.synced}, the actions make {actions}.")


class Counted(Protocol):
    """What can be counted: an item of a plan, or its row."""

    @property
    def action(self) -> Action:
        """What the item asks of Halo."""
        ...

    @property
    def outcome(self) -> Outcome:
        """Where the item stands."""
        ...


def count(items: Iterable[Counted]) -> Counters:
    """Return the counters of `items`.

    Raises:
        ValueError: an item is `synced` although its action is `none`.
    """
    outcomes: Counter[Outcome] = Counter()
    done: Counter[Action] = Counter()
    for item in items:
        outcomes[item.outcome] += 1
        if item.outcome is Outcome.SYNCED:
            done[item.action] += 1
    return Counters(
        total=outcomes.total(),
        synced=outcomes[Outcome.SYNCED],
        skipped=outcomes[Outcome.SKIPPED],
        held=outcomes[Outcome.HELD],
        failed=outcomes[Outcome.FAILED],
        pending=outcomes[Outcome.PENDING],
        created=done[Action.CREATE],
        updated=done[Action.UPDATE],
        deleted=done[Action.DELETE],
        unchanged=done[Action.UNCHANGED],
    )


def final_state(counters: Counters, *, connection_lost: bool, cancelled: bool) -> RunState:
    """Return how a run that was writing ends: `succeeded` only if nothing failed and nothing is held.

    Raises:
        ValueError: items are still pending, so the run has not ended.
    """
    if counters.pending:
        raise ValueError(f"The run has not ended: {counted(counters.pending, 'item')} {are(counters.pending)} pending.")
    if connection_lost:
        return RunState.FAILED
    if cancelled:
        return RunState.CANCELLED
    return RunState.PARTIAL if counters.failed or counters.held else RunState.SUCCEEDED
