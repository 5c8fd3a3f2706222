"""What a writer reads of a batch and its actions, and what it has to say about them."""

from dataclasses import dataclass
from uuid import UUID

from halosync.domain.batching import BatchKind
from halosync.domain.model import Action, LicenceState, PriceField, Reason, Removal
from halosync.domain.states import ActionState
from halosync.ports.permits import Rate


@dataclass(frozen=True, slots=True)
class BatchAtWork:
    """A batch, and what a writer must know of its run and partner."""

    batch_id: int
    run_id: UUID
    partner_id: str
    tenant: str
    kind: BatchKind
    failures: int
    refused_generation: int | None
    refused_rows: frozenset[int] | None
    removal: Removal
    price_field: PriceField
    rate: Rate | None
    stopping: bool
    connected: bool


@dataclass(frozen=True, slots=True)
class OpenAction:
    """An action that is not yet known to be done.

    `attempt` counts the attempts that were charged. `mark_no` counts every mark it ever had and never runs backwards:
    it is what results are fenced by. `settle_wait_s`: for how long, in seconds, Halo may still be applying it.
    `unseen`: since its last mark a look-up has seen its client without a single licence.
    """

    item_id: int
    client_id: int
    licence_id: int | None
    action: Action
    set_name: str | None
    licence_name: str
    attempt: int
    mark_no: int
    action_state: ActionState
    before: LicenceState | None
    after: LicenceState | None
    settle_wait_s: float
    unseen: bool


@dataclass(frozen=True, slots=True)
class FailedAction:
    """An action that ended in failure, under which mark, and why."""

    item_id: int
    mark_no: int
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class AppliedAction:
    """An action that Halo has applied, under which mark. `licence_id` is None while only Halo knows it."""

    item_id: int
    mark_no: int
    licence_id: int | None
