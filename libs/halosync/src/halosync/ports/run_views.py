"""Runs as people and programs look at them: one value, whoever asks."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from halosync.contracts.run import RunCounters
from halosync.domain.model import Removal
from halosync.domain.run_order import RunMode
from halosync.domain.states import RunState


@dataclass(frozen=True, slots=True)
class RunView:
    """A run, where it stands, and its invoice.

    Attributes:
        period: the month that the invoice bills, YYYY-MM.
        invoice_ids: all invoices that it is for, the newest (`invoice_id`) first: several where they count together.
        before_currency: the currency of what the licences cost before: that of the invoice which was synchronised then.
        superseded: a newer invoice has replaced the run's.
        requested_by: name of the API key, or `auto_sync`.
        removal: what a removal does to the licence, as the run planned it; None before it has a plan.
        undoes: the run that an undo, or its preview, is about; None for the others.
        cancel_requested_at: when somebody cancelled it; None: nobody has.
        error_code: why reading, planning or writing failed, for programs; None: it did not.
        error: the same for people.
        halo_requests: how many requests to Halo it has used.
    """

    run_id: UUID
    partner_id: str
    invoice_pk: int
    invoice_id: str
    invoice_ids: list[str]
    revision: int
    period: str
    currency: str
    before_currency: str
    superseded: bool
    mode: RunMode
    state: RunState
    requested_by: str
    approve_removals: int | None
    approve_review: int | None
    accept_shrunk_read: bool
    removal: Removal | None
    undoes: UUID | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    error_code: str | None
    error: str | None
    halo_requests: int
    counters: RunCounters


@dataclass(frozen=True, slots=True)
class Cost:
    """What licences cost in one billing cycle, before and after; None: Halo has no cycle. Cycles are never mixed."""

    billing_cycle: str | None
    before: Decimal
    after: Decimal

    @property
    def change(self) -> Decimal:
        """After less before."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class RunEffort:
    """What a run still has to send, how much it has sent, and what its tenant's limiter allows batch work.

    Attributes:
        remaining: requests still to be sent.
        done: requests that were sent, in `elapsed_s` seconds of writing; None: it does not write yet.
        in_use: permits of the window of `window_s` seconds that are used now; None: the tenant never had a permit.
        allowed: how many may be; None likewise.
        rate_requests: the partner's own limit in `rate_window_s` seconds; None: it has the services' default.
        wait_s: seconds until the next request may be sent, 0 if one may now.
    """

    remaining: int
    done: int
    elapsed_s: float | None
    in_use: int | None
    allowed: int | None
    window_s: float | None
    rate_requests: int | None
    rate_window_s: float | None
    wait_s: float


class RunSort(StrEnum):
    """What runs can be sorted by."""

    STARTED = "started"
    INVOICE = "invoice"
    """By its month, then by its id."""
    STATE = "state"
    """What needs somebody first."""
    SYNCED = "synced"
    SKIPPED = "skipped"
    HELD = "held"
    FAILED = "failed"
    TOOK = "took"
    PERSON = "person"
    """Who started it."""
