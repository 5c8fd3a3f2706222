"""A run while a planner works on it."""

from dataclasses import dataclass
from uuid import UUID

from halosync.domain.run_order import RunMode
from halosync.ports.permits import Rate


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """A run that this planner works on, and everything it needs to know of it.

    `seen_missing`: how many known licences the last read that was not believed lacked, if no plan has been made since:
    what whoever started this one has seen.
    """

    run_id: UUID
    partner_id: str
    invoice_pk: int
    tenant: str
    mode: RunMode
    approve_removals: int | None
    approve_review: int | None
    accept_shrunk_read: bool
    seen_missing: int | None
    attempts: int
    rate: Rate | None
    settle_wait_s: float


class LostClaimError(RuntimeError):
    """Another planner has the run by now; nothing was stored."""
