"""The states of a run, and the counters of its items (spec section 4)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

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
        return not TRANSITIONS[self]


TRANSITIONS: Mapping[RunState, frozenset[RunState]] = MappingProxyType(
    {
        RunState.QUEUED: frozenset({RunState.READING, RunState.FAILED, RunState.CANCELLED}),
        # A planner that died is followed by one that reads afresh: hence the ways back to `reading`.
        RunState.READING: frozenset({RunState.READING, RunState.PLANNING, RunState.FAILED, RunState.CANCELLED}),
        # A plan without anything to write ends at once.
        RunState.PLANNING: frozenset(
            {
                RunState.READING,
                RunState.WRITING,
                RunState.SUCCEEDED,
                RunState.PARTIAL,
                RunState.PREVIEWED,
                RunState.FAILED,
                RunState.CANCELLED,
            }
        ),
        # Failed writes make a run partial; it fails while writing only when its connection to Halo is lost.
        RunState.WRITING: frozenset({RunState.SUCCEEDED, RunState.PARTIAL, RunState.FAILED, RunState.CANCELLED}),
        RunState.SUCCEEDED: frozenset(),
        RunState.PARTIAL: frozenset(),
        RunState.FAILED: frozenset(),
        RunState.CANCELLED: frozenset(),
        RunState.PREVIEWED: frozenset(),
    }
)

FINAL_STATES = frozenset(state for state in RunState if state.is_final)


def may_become(state: RunState, following: RunState) -> bool:
    """Tell whether a run may go from `state` to `following`."""
    return following in TRANSITIONS[state]


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


def final_state(counters: Counters, *, cancelled: bool) -> RunState:
    """Return how a run that has planned ends: `succeeded` only if nothing failed and nothing is held.

    Raises:
        ValueError: items are still pending, so the run has not ended.
    """
    if counters.pending:
        raise ValueError(f"The run has not ended: {counters.pending} items are pending.")
    if cancelled:
        return RunState.CANCELLED
    return RunState.PARTIAL if counters.failed or counters.held else RunState.SUCCEEDED
