"""How ready a partner is for a month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from halosync.domain.states import RunState


@dataclass(frozen=True, slots=True)
class PartnerReadiness:
    """A partner and what a month needs of it.

    Attributes:
        connection: the state of its connection to Halo.
        problem: why it is broken, in words; None otherwise.
        review_done: the first review is done, or not wanted.
        invoice_id: the newest invoice of the month that was asked for, or of any; None without one.
        run_id: the newest run that applied it; without an invoice, any; None without one.
        unmatched_customers: how many customers of the newest plan have no Halo client.
        unmatched_amount: what their recurring lines come to, in `currency`.
        not_synchronised: what is billed in that month and not in Halo, as the newest Sync of it left it, in `currency`;
            what was changed in Halo since is not part of it.
        is_undone: that newest Sync was undone since, wholly or in part.
        open_things: how many things of that month are failed, held, unmatched or not done yet and not accepted as they
            are, as the newest Sync of it left them; None before there is one.
        open_failed: how many of them failed.
        open_held: how many of them are held.
        is_closed: that month is closed, and nothing has opened it again.
    """

    partner_id: str
    name: str
    connection: str
    tenant: str | None
    problem: str | None
    review_done: bool
    invoice_id: str | None
    revision: int | None
    period: str | None
    currency: str | None
    total: Decimal | None
    run_id: UUID | None
    run_state: str | None
    finished_at: datetime | None
    failed: int | None
    held: int | None
    unmatched_customers: int
    unmatched_amount: Decimal
    not_synchronised: Decimal
    is_undone: bool
    open_things: int | None
    open_failed: int
    open_held: int
    is_closed: bool

    @property
    def waits_for_nobody(self) -> bool:
        """Tell whether nothing of the month waits for a person: all is in Halo or accepted, or the month is closed."""
        return self.is_closed or (self.open_things == 0 and not self.is_undone)

    @property
    def missing(self) -> Sequence[str]:
        """What the partner still has to do before its invoice is synchronised without it: codes."""
        found = []
        if self.connection != "connected":
            found.append("not_connected" if self.connection == "disconnected" else "connection_broken")
        if not self.review_done:
            found.append("first_review")
        if self.unmatched_customers:
            found.append("unmatched_customers")
        if self.is_undone:
            found.append("undone")
        return found

    @property
    def needs_attention(self) -> bool:
        """Tell whether something is missing, failed, held or not synchronised, so that somebody has to look.

        What a person has accepted, or closed with its month, needs nobody any more.
        """
        if self.connection != "connected" or not self.review_done:
            return True
        if self.run_state == RunState.FAILED and not self.is_closed:
            return True
        of_the_month = self.missing or self.open_failed or self.open_held or self.not_synchronised
        return bool(of_the_month) and not self.waits_for_nobody
