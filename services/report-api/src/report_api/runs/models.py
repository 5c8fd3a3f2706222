"""Runs and their items (spec sections 4 and 7)."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from halosync.contracts.message import Identifier
from halosync.contracts.run import RunCounters
from halosync.domain.model import Action, Outcome, Undone
from halosync.domain.run_order import Approval, RunMode, RunOrder
from halosync.domain.states import RunState
from halosync.ports.run_views import RunView
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, model_validator

from report_api.web.fields import INTEGRAL, VISIBLE, Amount
from report_api.web.paging import Page


class ApprovedItems(BaseModel):
    """Held items of a run that a person has looked at, released one by one."""

    model_config = ConfigDict(extra="forbid")

    run_id: UUID = Field(description="The run or preview that held them.")
    item_ids: Annotated[
        list[Annotated[StrictInt, Field(ge=1, le=2**53 - 1), INTEGRAL]], Field(min_length=1, max_length=100_000)
    ] = Field(description="Its held items. One that is not the same change any more is held again.")


class RunRequest(BaseModel):
    """Start a run. Unknown fields are refused: a mistyped approval must not be ignored."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"mode": "apply"}})

    mode: Literal["apply", "preview", "undo", "undo_preview"] = Field(
        description="`preview` plans and writes nothing. `undo` puts back what the run `run_id` changed, where Halo "
        "still shows it as that run left it; `undo_preview` shows what that would do."
    )
    run_id: UUID | None = Field(default=None, description="With `undo` and `undo_preview`: the run to undo.")
    invoice_id: Identifier | None = Field(
        default=None, description="Left out: the newest invoice.", json_schema_extra={"pattern": VISIBLE}
    )
    approve_removals: Annotated[StrictInt, Field(ge=0, le=2_000_000_000), INTEGRAL] | None = Field(
        default=None, description="Releases held removals, at most this many: the number a person has seen."
    )
    approve_review: Annotated[StrictInt, Field(ge=0, le=2_000_000_000), INTEGRAL] | None = Field(
        default=None,
        description="Releases what the first review holds, at most this many changes: the number a person has seen.",
    )
    accept_shrunk_read: StrictBool = Field(
        default=False, description="Go on although Halo shows far less than it did before."
    )

    allow_older: StrictBool = Field(
        default=False, description="Start it also for an invoice that is older than what counts now."
    )
    approve: ApprovedItems | None = Field(
        default=None, description="Releases just these held items, if they still are the same change."
    )

    @model_validator(mode="after")
    def _fits_its_mode(self) -> Self:
        if RunMode(self.mode).undoes:
            if self.run_id is None:
                raise ValueError("run_id must name the run to undo")
            if self.invoice_id is not None or self.allow_older:
                raise ValueError("an undo is for the invoice of its run: leave out invoice_id and allow_older")
        elif self.run_id is not None:
            raise ValueError("run_id goes with the modes undo and undo_preview only")
        return self

    @property
    def order(self) -> RunOrder:
        """What to start."""
        return RunOrder(
            RunMode(self.mode),
            self.invoice_id,
            self.approve_removals,
            self.accept_shrunk_read,
            allow_older=self.allow_older,
            approve_review=self.approve_review,
            undoes=self.run_id,
            approve=None if self.approve is None else Approval(self.approve.run_id, frozenset(self.approve.item_ids)),
        )


class RunStarted(BaseModel):
    """The run that was asked for."""

    run_id: UUID


class Ahead(BaseModel):
    """What is still ahead of a run; all of it is null once the run has ended."""

    eta_s: int | None = Field(default=None, description="While writing: about how many seconds are left. Else null.")
    requests_left: int | None = Field(
        default=None,
        description="How many requests Halo's limit lets runs send in this window, as far as is known.",
    )
    waiting_until: datetime | None = Field(
        default=None, description="Until when Halo's limit lets nothing be sent; null when it is not waited for."
    )


class RunProgress(Ahead):
    """Where a run stands and what is ahead of it: what live events carry."""

    run_id: UUID
    state: RunState
    counters: RunCounters


class CycleCost(BaseModel):
    """What the licences that the run is about cost per billing cycle; cycles are never mixed."""

    billing_cycle: str | None = Field(description="As Halo and the invoice write it; null where Halo has none.")
    currency: str = Field(description="The invoice's.")
    before_currency: str = Field(description="Of `before`: that of the invoice which was synchronised before.")
    before: Amount
    after: Amount
    change: Amount | None = Field(description="after - before; null when they are in different currencies.")


class Run(RunProgress):
    """A run."""

    partner_id: str
    invoice_id: str = Field(description="The newest of its invoices.")
    invoice_ids: list[str] = Field(description="All of them, the newest first: several where they count together.")
    revision: int
    mode: Literal["apply", "preview", "undo", "undo_preview"]
    undoes: UUID | None = Field(description="The run that an undo, or its preview, is about.")
    requested_by: str = Field(description="Name of the API key, or `auto_sync`.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error_code: str | None = Field(description="Why it failed, for programs.")
    error: str | None = Field(description="Why it failed, for people, with what to do.")
    halo_requests: int = Field(description="How many requests to Halo it has used.")
    money: list[CycleCost]

    @classmethod
    def of(cls, view: RunView, money: list[CycleCost], ahead: Ahead) -> Self:
        """Return a run as it is shown."""
        made = {"money", *Ahead.model_fields}
        shown = {name: getattr(view, name) for name in cls.model_fields if name not in made}
        return cls(**shown, money=money, **ahead.model_dump())


class RunPage(Page[Run]):
    """One page of runs, newest first."""


class LicenceShape(BaseModel):
    """A licence in Halo as far as halosync keeps it in step. Null is Halo's unset, which is not zero."""

    model_config = ConfigDict(from_attributes=True)

    quantity: Amount | None
    price: Amount | None
    billing_cycle: str | None
    active: bool


class Drifted(BaseModel):
    """A field that somebody has edited in Halo since halosync wrote it. Numbers are text, activity is true or false.

    `licence`: somebody has deleted it; `we_wrote` is its id, and `halo_has` is null. Or moved it: `halo_has` is then
    the id of the client that has it now.
    """

    model_config = ConfigDict(from_attributes=True)

    field: Literal["name", "quantity", "price", "billing_cycle", "active", "licence"]
    we_wrote: str | bool | None
    halo_has: str | bool | None


class Item(BaseModel):
    """An item: one product of one client, or one licence that is to be cleaned up."""

    model_config = ConfigDict(from_attributes=True)

    item_id: int
    customer_ids: list[str] = Field(description="Several when customers share a client; none for a clean-up.")
    customer_name: str
    halo_client_id: int | None
    product_code: str | None = Field(description="Null for a clean-up.")
    licence_name: str | None
    halo_licence_id: int | None
    action: Action
    outcome: Outcome
    reason: str | None = Field(description="Why it was not simply synchronised, for programs.")
    detail: str | None = Field(description="The same for people, with what to do.")
    before: LicenceShape | None = Field(description="The licence as Halo showed it; null if there was none.")
    after: LicenceShape | None = Field(description="The licence as planned; null if there will be none.")
    attempts: int
    item_key: str = Field(description="The same for the same thing in every run of the month.")
    drift: list[Drifted] = Field(
        description="What somebody has edited in Halo since halosync wrote the licence, or that it was deleted."
    )
    restores_licence_id: int | None = Field(
        description="With a create of an undo: the deleted licence that it brings back with a new id."
    )
    undone: Undone | None = Field(
        description="What undos have made of it since: `undone`, or `unsure` where nobody knows; null: it stands."
    )


class ItemPage(Page[Item]):
    """One page of items, in the order of the plan."""
