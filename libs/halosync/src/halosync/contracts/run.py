"""The messages of a run: asked for, its batches of actions, finished (spec sections 4 and 6)."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from halosync.contracts.invoice import PartnerId
from halosync.contracts.message import WORK, Event, Message


class RunRequested(Event):
    """Work on this run: read Halo, or go on reading, and plan."""

    message_type: ClassVar[str] = "run.requested.v1"
    exchange = WORK

    run_id: UUID
    partner_id: PartnerId


class LicenceActions(Message):
    """Work on this batch of actions. The rows in Postgres are the truth; this is only the order to look at them."""

    message_type: ClassVar[str] = "licence.actions.v1"

    batch_id: int
    run_id: UUID
    partner_id: PartnerId
    tenant: str
    kind: Literal["write", "delete"] = Field(description="One array of creates and updates, or single deletes.")


class RunCounters(BaseModel):
    """How many items stand where; total = synced + skipped + held + failed + pending."""

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


class RunFinished(Event):
    """A run has ended."""

    message_type: ClassVar[str] = "run.finished.v1"

    run_id: UUID
    partner_id: PartnerId
    invoice_id: str
    invoice_ids: list[str] = Field(
        default_factory=list, description="All that it was for, the newest first: several where they count together."
    )
    revision: int
    mode: Literal["apply", "preview", "undo", "undo_preview"]
    state: Literal["succeeded", "partial", "failed", "cancelled", "previewed"]
    counters: RunCounters
    error: str | None = None
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime


class HaloRefreshRequested(Event):
    """Read the partner's Halo again, so that the pages of links show what is there now."""

    message_type: ClassVar[str] = "halo.refresh.requested.v1"
    exchange = WORK

    partner_id: PartnerId
    read_id: UUID
