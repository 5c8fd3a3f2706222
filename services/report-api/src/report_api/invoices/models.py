"""Invoices and their lines, as loaded; nobody can change them (spec section 2)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from halosync.domain.item_sentences import LINE_NOT_RECURRING
from halosync.domain.model import Action, Kind, Outcome, Reason
from halosync.domain.states import RunState
from pydantic import BaseModel, ConfigDict, Field

from report_api.runs.models import Run
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
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Build it from a row of `ReportStore.invoices`."""
        run = None if row["run_id"] is None else InvoiceRun(run_id=row["run_id"], state=row["run_state"])
        return cls(**{name: row[name] for name in cls.model_fields if name != "run"}, run=run)


class InvoicePage(Page[Invoice]):
    """One page of invoices, newest first."""


class Line(BaseModel):
    """A line, with what became of it in the newest run that applied this revision; all null before there is one."""

    line_no: int = Field(description="Position in the invoice, counted from 1.")
    line_id: str
    customer_id: str
    customer_name: str
    product_code: str
    product_name: str
    kind: Kind = Field(description="Only recurring lines set a licence.")
    quantity: Amount
    unit_price: Amount
    billing_cycle: str
    outcome: Outcome | None
    action: Action | None
    reason: str | None = Field(description="Why it was not simply synchronised, for programs.")
    detail: str | None = Field(description="The same for people, with what to do.")
    item_id: int | None = Field(description="The item of the run that answers for this line.")
    run_id: UUID | None

    @classmethod
    def from_row(cls, row: Mapping[str, Any], run_id: UUID | None) -> Self:
        """Build it from a row of `ReportStore.lines`."""
        return cls(**line_columns(row, run_id))


class LinePage(Page[Line]):
    """One page of lines, in the invoice's order."""


def line_columns(row: Mapping[str, Any], run_id: UUID | None) -> Mapping[str, Any]:
    """Return the columns of a line from a row of `ReportStore.lines`.

    A line that is not recurring is skipped whatever became of its product (spec section 3, "Items").
    """
    columns = {**row, "run_id": run_id}
    if run_id is not None and row["kind"] != Kind.RECURRING:
        detail = row["detail"] if row["reason"] == Reason.NOT_RECURRING else LINE_NOT_RECURRING
        columns |= {"outcome": "skipped", "action": "none", "reason": "not_recurring", "detail": detail}
    return columns


class Summary(BaseModel):
    """What the report page begins with."""

    invoice: Invoice | None = Field(description="The newest one.")
    run: Run | None = Field(description="The newest one, a preview too.")
    successful_synchronisations: int = Field(description="Items synchronised by the newest run that applied.")
    failed_synchronisations: int = Field(description="Items of that run that failed.")
    next_expected_invoice: date = Field(description="The invoice day, or the next business day of the country.")
