"""What a writer reads of a batch and its actions, and what it has to say about them."""

from dataclasses import dataclass
from uuid import UUID

from halosync.domain.batching import BatchKind
from halosync.domain.model import Action, KeptOtherwise, LicenceState, PriceField, Reason, Removal
from halosync.domain.states import ActionState
from halosync.ports.licence_write import NewLicence
from halosync.ports.permits import Rate


@dataclass(frozen=True, slots=True)
class BatchAtWork:
    """A batch, and what a writer must know of its run and partner.

    `unreviewed`: the first review is wanted and was not done when the run was planned, so that nobody has seen a change
    that the plan does not have. `adopt_foreign`: licences of other programs may be taken over.
    """

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
    unreviewed: bool
    adopt_foreign: bool


@dataclass(frozen=True, slots=True)
class HaloAnswer:
    """What Halo answered to a write that is still in doubt. `words` are its complaint, None if it made none."""

    status: int
    words: str | None = None

    @property
    def acknowledges(self) -> bool:
        """Tell whether it says that the write was done."""
        return 200 <= self.status < 300 and self.words is None

    @property
    def from_gateway(self) -> bool:
        """Tell whether it only says that Halo is not available."""
        return self.status in {502, 503, 504}


@dataclass(frozen=True, slots=True)
class OpenAction:
    """An action that is not yet known to be done.

    `attempt` counts the attempts that were charged. `mark_no` counts every mark it ever had and never runs backwards:
    it is what results are fenced by. `settle_wait_s`: for how long, in seconds, Halo may still be applying it.
    `unseen`: since its last mark a look-up has not seen what it was to see, and a second one decides. `answer` is what
    Halo answered to the last mark's request; None: it did not.
    `new`: what a create says besides. `restores`: it brings a deleted licence back.
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
    answer: HaloAnswer | None = None
    new: NewLicence | None = None
    restores: bool = False

    @property
    def acknowledged(self) -> bool:
        """Tell whether Halo has said that it did this, without showing it."""
        return self.answer is not None and self.answer.acknowledges


@dataclass(frozen=True, slots=True)
class FailedAction:
    """An action that ended in failure, under which mark, and why.

    With reason `not_kept`, `otherwise` says what Halo keeps of which licence.
    """

    item_id: int
    mark_no: int
    reason: Reason
    detail: str
    licence_id: int | None = None
    otherwise: KeptOtherwise | None = None


@dataclass(frozen=True, slots=True)
class AppliedAction:
    """An action that Halo has applied, under which mark. `licence_id` is None while only Halo knows it.

    `otherwise` says what Halo keeps where that is not to the letter what was asked. `found`: somebody else has made the
    licence as it is wanted, so nothing of it is halosync's.
    """

    item_id: int
    mark_no: int
    licence_id: int | None
    otherwise: KeptOtherwise | None = None
    found: bool = False
