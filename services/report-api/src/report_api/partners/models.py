"""Partners as the invoice team and operators see them (spec section 11, "For the invoice team")."""

from datetime import datetime
from typing import Self
from uuid import UUID

from halosync.ports.readiness import PartnerReadiness
from pydantic import BaseModel, Field

from report_api.web.fields import Amount
from report_api.web.paging import Page


class LastRun(BaseModel):
    """The newest run that applied."""

    run_id: UUID
    state: str
    finished_at: datetime | None
    failed: int
    held: int


class LastInvoice(BaseModel):
    """The newest invoice."""

    invoice_id: str
    revision: int
    period: str
    currency: str
    total: Amount


class Readiness(BaseModel):
    """Whether a partner's invoice will be synchronised without further ado, or what is missing."""

    partner_id: str
    name: str
    connected: bool
    review_done: bool = Field(description="The first review is done, or the partner does not want one.")
    unmatched_customers: int = Field(description="Customers of the newest plan that have no Halo client.")
    unmatched_amount: Amount = Field(description="What their recurring lines come to.")
    currency: str | None = Field(description="ISO 4217; null without an invoice.")
    last_run: LastRun | None
    ready: bool
    missing: list[str] = Field(
        description="`not_connected`, `connection_broken`, `first_review`, `unmatched_customers`, `undone`, or nothing."
    )

    @classmethod
    def of(cls, found: PartnerReadiness) -> Self:
        """Return a partner's readiness as it is shown."""
        return cls(
            partner_id=found.partner_id,
            name=found.name,
            connected=found.connection == "connected",
            review_done=found.review_done,
            unmatched_customers=found.unmatched_customers,
            unmatched_amount=found.unmatched_amount,
            currency=found.currency,
            last_run=_run(found),
            ready=not found.missing,
            missing=list(found.missing),
        )


class ReadinessPage(Page[Readiness]):
    """One page of partners, by id."""


class PartnerSummary(BaseModel):
    """A partner in the operator's list."""

    partner_id: str
    name: str
    connection: str = Field(description="disconnected, connected or broken.")
    tenant: str | None
    problem: str | None = Field(description="Why the connection is broken, in words.")
    last_invoice: LastInvoice | None
    last_run: LastRun | None
    needs_attention: bool = Field(description="Something is missing, failed, held or not synchronised.")
    not_synchronised: Amount = Field(
        description="What is billed for the month of that invoice and not in Halo, as the newest Sync of it left it."
    )

    @classmethod
    def of(cls, found: PartnerReadiness) -> Self:
        """Return a partner as it is listed."""
        invoice = None
        if found.invoice_id is not None:
            invoice = LastInvoice.model_validate({name: getattr(found, name) for name in LastInvoice.model_fields})
        return cls(
            partner_id=found.partner_id,
            name=found.name,
            connection=found.connection,
            tenant=found.tenant,
            problem=found.problem,
            last_invoice=invoice,
            last_run=_run(found),
            needs_attention=found.needs_attention,
            not_synchronised=found.not_synchronised,
        )


class PartnerPage(Page[PartnerSummary]):
    """One page of partners, by id."""


def _run(found: PartnerReadiness) -> LastRun | None:
    if found.run_id is None:
        return None
    return LastRun(
        run_id=found.run_id,
        state=found.run_state or "",
        finished_at=found.finished_at,
        failed=found.failed or 0,
        held=found.held or 0,
    )
