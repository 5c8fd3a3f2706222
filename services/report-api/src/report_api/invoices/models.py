"""Invoices and their lines, as loaded; nobody can change them (spec section 2)."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from halosync.domain.model import Action, LineKind, Outcome
from halosync.domain.states import RunState
from halosync.ports.invoice_views import InvoiceView
from pydantic import BaseModel, ConfigDict, Field

from report_api.runs.models import LicenceShape, Run
from report_api.web.fields import Amount
from report_api.web.paging import Page


class InvoiceRun(BaseModel):
    """The newest run of an invoice."""

    run_id: UUID
    state: RunState


class Invoice(BaseModel):
    """An invoice that was loaded: the newest revision."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "invoice_id": "INV-2026-11-0042",
                "revision": 1,
                "period": "2026-11",
                "currency": "AUD",
                "line_count": 1,
                "total": "378.00",
                "received_at": "2026-11-05T02:00:03Z",
                "issued_at": "2026-11-05T02:00:00Z",
                "run": None,
            }
        }
    )

    invoice_id: str
    revision: int = Field(description="A higher revision has replaced the lower ones.")
    period: str = Field(description="The month that is billed, YYYY-MM.")
    currency: str = Field(description="ISO 4217.")
    line_count: int
    total: Amount = Field(description="Sum of quantity times unit_price, each rounded to cents.")
    received_at: datetime
    issued_at: datetime
    run: InvoiceRun | None = Field(description="Its newest run, a preview too; null before the first.")

    @classmethod
    def of(cls, view: InvoiceView) -> Self:
        """Return an invoice as it is shown."""
        run = None if view.run_id is None else InvoiceRun(run_id=view.run_id, state=view.run_state)
        return cls(**{name: getattr(view.invoice, name) for name in cls.model_fields if name != "run"}, run=run)


class InvoicePage(Page[Invoice]):
    """One page of invoices, newest first."""


class Line(BaseModel):
    """A line, with what became of it in the newest run that applied this revision; all null before there is one."""

    model_config = ConfigDict(from_attributes=True)

    line_no: int = Field(description="Position in the invoice, counted from 1.")
    line_id: str
    customer_id: str
    customer_name: str
    product_code: str
    product_name: str
    kind: LineKind = Field(description="Only recurring lines set a licence.")
    quantity: Amount
    unit_price: Amount
    billing_cycle: str
    outcome: Outcome | None
    action: Action | None
    reason: str | None = Field(description="Why it was not simply synchronised, for programs.")
    detail: str | None = Field(description="The same for people, with what to do.")
    item_id: int | None = Field(description="The item of the run that answers for this line.")
    run_id: UUID | None
    before: LicenceShape | None = Field(description="The licence before that run; null if there was none.")
    after: LicenceShape | None = Field(
        description="The licence as that run has left it, or is to leave it; of what was undone it is as before."
    )


class LinePage(Page[Line]):
    """One page of lines, in the invoice's order."""


class ReportSummary(BaseModel):
    """What the report page begins with."""

    invoice: Invoice | None = Field(description="The newest one.")
    run: Run | None = Field(description="The newest one, a preview too.")
    successful_synchronisations: int = Field(description="Items synchronised by the newest run that applied.")
    failed_synchronisations: int = Field(description="Items of that run that failed.")
    next_expected_invoice: date = Field(description="The invoice day, or the next business day of the country.")
