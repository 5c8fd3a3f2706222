"""A double of Postgres: the rows that planner and writers share. Every method of the stores is one atomic step."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from uuid import UUID

from halosync.domain.array_size import ArraySize
from halosync.domain.batching import BatchKind
from halosync.domain.invoice_choice import MonthInvoices
from halosync.domain.model import Action, Outcome, Reason
from halosync.domain.page_size import PageSize
from halosync.domain.plan import PlannedItem, PlanSettings
from halosync.domain.states import (
    ACTION_TRANSITIONS,
    BATCH_TRANSITIONS,
    OPEN_ACTIONS,
    RUN_TRANSITIONS,
    ActionState,
    BatchState,
    RunState,
    count,
    final_state,
)
from halosync.ports.reads import HaloList
from halosync.store.batches import IN_FLIGHT, ISSUE_GRACE_S

from simulation.clock import now
from simulation.guards import ALL, Guards
from simulation.messages import Envelope
from simulation.rows import Batch, Item, KnownLicence, OutboxRow, Read, Run

if TYPE_CHECKING:
    from simulation.invoices import Invoice

T = TypeVar("T")
State = TypeVar("State", RunState, BatchState, ActionState)


class Step(Protocol):
    """How a store's step is taken: by a process that can die at it, or simply at once."""

    async def __call__(self, effect: Callable[[], T], /) -> T:
        """Do it."""
        ...


async def at_once(effect: Callable[[], T], /) -> T:
    """Take a step without anything that could go wrong."""
    return effect()


@dataclass
class Database:
    """All rows, of one partner with one tenant."""

    partner_id: str = "acme-msp"
    tenant: str = "acme"
    guards: Guards = ALL
    connected: bool = True
    clients_known: frozenset[int] | None = None
    unshown: int = 0
    review_first_sync: bool = False
    reviewed: bool = False
    settled_at: float = 0.0
    settings: PlanSettings = field(default_factory=lambda: PlanSettings(delete_guard=None))
    runs: dict[UUID, Run] = field(default_factory=dict)
    batches: dict[int, Batch] = field(default_factory=dict)
    items: dict[int, Item] = field(default_factory=dict)
    reads: dict[UUID, Read] = field(default_factory=dict)
    page_sizes: dict[HaloList, PageSize] = field(default_factory=dict)
    array_size: ArraySize | None = None
    array_ceiling_until: float = 0.0
    array_trial_until: float = 0.0
    invoices: list["Invoice"] = field(default_factory=list)
    rejected: dict[bytes, str] = field(default_factory=dict)
    """Invoices that could not be taken in, and why."""
    months: dict[str, MonthInvoices] = field(default_factory=dict)
    """What a person said of the invoices of a month."""
    inbox: dict[UUID, bytes] = field(default_factory=dict)
    """Events that were taken in, with a digest of what they said."""
    outbox: list[OutboxRow] = field(default_factory=list)
    outbox_filled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while the outbox holds something; relays wait for it."""
    dead_letters: list[Any] = field(default_factory=list)
    known: dict[int, KnownLicence] = field(default_factory=dict)
    """Licences that halosync knows of, by id."""
    missing: dict[int, KnownLicence] = field(default_factory=dict)
    """Those that the last complete read did not show, as they were known."""
    vanished: dict[int, tuple[int, str]] = field(default_factory=dict)
    """Licences that halosync wrote and somebody has deleted: their clients and product codes, by id."""
    kept: set[int] = field(default_factory=set)
    """Ids of licences that a person has said are never to be removed."""
    written_by_others: set[int] = field(default_factory=set)
    """Ids of licences that halosync wrote for another partner with the same tenant; as the query of that name."""
    forbidden: set[tuple[str, str]] = field(default_factory=set)
    """Transitions that happened and are not in the tables of `halosync.domain.states`."""
    on_planned: Callable[[], None] = lambda: None
    """Called when a plan has been stored."""
    at_writers: int = IN_FLIGHT
    """How many batches of a run may be with the writers."""
    ids_after: int = 0
    """Items and batches have ids that are higher: where there are several databases, each has its own."""
    _last_batch: int = 0

    # ------------------------------------------------------------------ what several stores do

    def done_by(self, run_id: UUID) -> tuple[PlannedItem, ...]:
        """Return what a run has changed in Halo, or may have, as it was recorded; as `undone_items`."""
        return tuple(
            self.as_recorded(item)
            for item in self.items.values()
            if item.run_id == run_id
            and (item.licence_id is not None or item.reason == Reason.OUTCOME_UNKNOWN)
            and item.action in {Action.CREATE, Action.UPDATE, Action.DELETE}
            and (
                item.outcome is Outcome.SYNCED
                or item.reason == Reason.OUTCOME_UNKNOWN
                or (item.reason == Reason.NOT_KEPT and item.action is not Action.DELETE)
            )
        )

    def as_recorded(self, item: Item) -> PlannedItem:
        """Return an item as a later plan reads it."""
        return replace(
            item.planned,
            item_id=item.item_id,
            halo_licence_id=item.licence_id,
            licence_name=item.licence_name,
            before=item.before,
            after=item.after,
        )

    def items_of(self, batch_id: int) -> list[Item]:
        """Return the items of a batch in the plan's order."""
        return [item for item in self.items.values() if item.batch_id == batch_id]

    def _following(self, table: Mapping[State, frozenset[State]], state: State, following: State) -> State:
        """Return the state that a row takes. One that the domain's table does not allow is noted as forbidden."""
        if following is not state and following not in table[state]:
            self.forbidden.add((state, following))
        return following

    def move_run(self, run: Run, following: RunState) -> None:
        """Change the state of a run."""
        run.state = self._following(RUN_TRANSITIONS, run.state, following)

    def move_batch(self, batch: Batch, following: BatchState) -> None:
        """Change the state of a batch."""
        batch.state = self._following(BATCH_TRANSITIONS, batch.state, following)

    def move_action(self, item: Item, following: ActionState) -> None:
        """Change the state of an action."""
        item.action_state = self._following(ACTION_TRANSITIONS, item.action_state, following)

    def emit(self, queue: str, body: object) -> None:
        """Write to the outbox."""
        self.outbox.append(OutboxRow(Envelope(queue, body)))
        self.outbox_filled.set()

    def new_batch(self, run_id: UUID, kind: BatchKind, state: BatchState = BatchState.PLANNED) -> Batch:
        """Insert a batch."""
        self._last_batch += 1
        batch = Batch(self.ids_after + self._last_batch, run_id, kind, state, redeliver_at=now() + ISSUE_GRACE_S)
        self.batches[batch.batch_id] = batch
        return batch

    def new_item(self, run_id: UUID, planned: PlannedItem, batch_id: int | None) -> Item:
        """Insert an item of a plan."""
        item = Item(
            item_id=self.ids_after + len(self.items) + 1,
            run_id=run_id,
            planned=planned,
            client_id=planned.halo_client_id,
            licence_id=planned.halo_licence_id,
            action=planned.action,
            outcome=planned.outcome,
            reason=planned.reason,
            set_name=planned.set_name,
            licence_name=planned.licence_name or "",
            before=planned.before,
            after=planned.after,
            action_state=ActionState.WAITING if planned.outcome is Outcome.PENDING else ActionState.NONE,
            batch_id=batch_id,
            product_code=planned.product_code,
        )
        self.items[item.item_id] = item
        return item

    def issue(self, run_id: UUID) -> None:
        """Order as many planned batches as may be with the writers."""
        of_run = [batch for batch in self.batches.values() if batch.run_id == run_id]
        most = self.at_writers - sum(batch.state is BatchState.ISSUED for batch in of_run)
        for batch in [each for each in of_run if each.state is BatchState.PLANNED][: max(most, 0)]:
            self.move_batch(batch, BatchState.ISSUED)
            batch.redeliver_at = now() + ISSUE_GRACE_S
            self.emit("licence.actions.v1", batch.batch_id)

    def withdraw(self, run_id: UUID, outcome: Outcome, reason: str) -> None:
        """Take back what waits."""
        for item in self.items.values():
            if item.run_id == run_id and item.action_state is ActionState.WAITING:
                self.move_action(item, ActionState.WITHDRAWN)
                item.outcome, item.reason = outcome, reason
        self.close_batches(run_id)

    def close_batches(self, run_id: UUID) -> None:
        """Close the batches of a run in which nothing is open."""
        for batch in self.batches.values():
            if batch.run_id == run_id and not any(
                i.action_state in OPEN_ACTIONS for i in self.items_of(batch.batch_id)
            ):
                self.move_batch(batch, BatchState.DONE)

    def finish_if_done(self, run_id: UUID) -> None:
        """End a writing run when nothing of it is pending."""
        run = self.runs[run_id]
        if run.state is not RunState.WRITING:
            return
        counters = count(item for item in self.items.values() if item.run_id == run_id)
        if not counters.pending:
            self.end(run_id, final_state(counters, connection_lost=run.error_code is not None, cancelled=run.cancelled))

    def end(self, run_id: UUID, state: RunState, code: str | None = None, error: str | None = None) -> None:
        """End a run and tell the world."""
        run = self.runs[run_id]
        if not run.state.is_final:
            self.move_run(run, state)
            run.error_code, run.error = code or run.error_code, error or run.error
            run.claim, run.ended_at = None, now()
            self.emit("run.finished.v1", run_id)
