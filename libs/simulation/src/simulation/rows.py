"""The rows of the double of Postgres, as far as planner and writers use them."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from halosync.domain.batching import BatchKind
from halosync.domain.completeness import Pages
from halosync.domain.model import Action, Client, LicenceState, Outcome, SeenLicence, WrittenLicence
from halosync.domain.plan import PlannedItem
from halosync.domain.review_choices import ReviewOutlook
from halosync.domain.states import ActionState, BatchState, RunState
from halosync.ports.batch_work import HaloAnswer
from halosync.ports.reads import ListName

from simulation.clock import now
from simulation.messages import Envelope


@dataclass(eq=False)
class Item:
    """A row of `item`, as far as planner and writers use it; `planned` is what the plan says besides."""

    item_id: int
    run_id: UUID
    planned: PlannedItem
    client_id: int | None
    licence_id: int | None
    action: Action
    outcome: Outcome
    reason: str | None
    set_name: str | None
    licence_name: str
    before: LicenceState | None
    after: LicenceState | None
    action_state: ActionState
    batch_id: int | None = None
    attempts: int = 0
    mark_no: int = 0
    settle_at: float | None = None
    unseen: bool = False
    answer: HaloAnswer | None = None
    product_code: str | None = None


@dataclass(eq=False)
class Batch:
    """A row of `batch`."""

    batch_id: int
    run_id: UUID
    kind: BatchKind
    state: BatchState = BatchState.PLANNED
    failures: int = 0
    refused_generation: int | None = None
    refused_rows: frozenset[int] | None = None
    redeliver_at: float = 0.0


@dataclass(eq=False)
class Run:
    """A row of `run`."""

    run_id: UUID
    invoice_pk: int
    further: tuple[int, ...] = ()
    wrote: bool = False
    state: RunState = RunState.QUEUED
    claim: UUID | None = None
    claimed_until: float = 0.0
    redeliver_at: float = 0.0
    attempts: int = 0
    cancelled: bool = False
    accept_shrunk_read: bool = False
    missing: int | None = None
    unreviewed: bool = False
    approve_review: int | None = None
    undoes: UUID | None = None
    approved: frozenset[int] = frozenset()
    review: tuple[ReviewOutlook, ...] = ()
    error_code: str | None = None
    error: str | None = None
    halo_requests: int = 0
    started_at: float = field(default_factory=now)
    writing_at: float = 0.0
    ended_at: float | None = None


@dataclass(eq=False)
class Read:
    """A row of `halo_read` with its pages."""

    list: ListName = "clients"
    client_id: int | None = None
    said: int | None = None
    pages: Pages | None = None
    step: int = 0
    restarts: int = 0
    clients: dict[int, Client] = field(default_factory=dict)
    licences: dict[int, SeenLicence] = field(default_factory=dict)
    awaited: dict[int, SeenLicence] = field(default_factory=dict)
    clients_read: set[int] = field(default_factory=set)

    @property
    def unshown(self) -> int:
        """How many licences Halo said it has and showed nowhere."""
        return max((self.said or 0) - len(self.licences), 0)


@dataclass(frozen=True)
class KnownLicence:
    """A row of `halo_licence`: whose it is, whether halosync wrote or removed it, and what Halo made of that."""

    client_id: int
    owned: bool = False
    removed: bool = False
    written: WrittenLicence = field(default_factory=WrittenLicence)
    first_seen: float = 0.0


@dataclass(eq=False)
class OutboxRow:
    """A row of `outbox`; `locked_by` is the relay that publishes it."""

    envelope: Envelope
    locked_by: Any = None
