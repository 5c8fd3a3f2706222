"""Months as programs see them (spec section 11). Amounts are in the month's currency."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from halosync.contracts.message import Text
from halosync.domain.model import Outcome
from halosync.domain.month import CustomerSum, MonthState
from halosync.ports.months import Month, MonthItem
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from report_api.web.fields import INTEGRAL, PRINTABLE, Amount
from report_api.web.paging import Page


class MonthInvoice(BaseModel):
    """An invoice of the month that nothing supersedes."""

    model_config = ConfigDict(from_attributes=True)

    invoice_id: str
    revision: int
    line_count: int
    total: Amount
    issued_at: datetime
    counts: bool = Field(description="The month is made of it.")


class CycleTotal(BaseModel):
    """What a billing cycle comes to: billed = in_halo + explained + unexplained."""

    model_config = ConfigDict(from_attributes=True)

    billing_cycle: str | None
    billed: Amount = Field(description="Sum of the recurring lines, each rounded to cents.")
    in_halo: Amount = Field(description="What the matching licences hold, as last read or written.")
    explained: Amount = Field(description="Billed and not in Halo, for a reason; negative where Halo holds more.")
    unexplained: Amount = Field(description="Zero, or a defect of ours.")


class ReasonTotal(BaseModel):
    """What one reason comes to."""

    model_config = ConfigDict(from_attributes=True)

    reason: str
    count: int
    amount: Amount


class MonthCustomer(BaseModel):
    """What a customer comes to: billed = in_halo + difference."""

    model_config = ConfigDict(from_attributes=True)

    customer_id: str = Field(description="`halo-` and the client's id for what only Halo knows.")
    customer_name: str
    halo_client_id: int | None
    billed: Amount
    in_halo: Amount
    difference: Amount
    reasons: list[ReasonTotal]


class MonthChanges(BaseModel):
    """The net effect of all runs of the month on licences."""

    model_config = ConfigDict(from_attributes=True)

    created: int
    updated: int
    deleted: int


class MonthSummary(BaseModel):
    """A month in the list of months."""

    period: str = Field(description="YYYY-MM.")
    state: MonthState
    currency: str = Field(description="ISO 4217.")
    invoices: list[MonthInvoice]
    totals: list[CycleTotal]
    changes: MonthChanges
    open_count: int = Field(description="How many things keep the month from being ready.")
    accepted_count: int = Field(description="How many somebody accepted as they are; send it as `seen` to close.")
    not_synchronised: Amount = Field(description="What is billed and not in Halo, of what keeps the month open.")
    reasons: list[ReasonTotal]
    closed_at: datetime | None
    closed_by: str | None

    @classmethod
    def of(cls, month: Month, **more: object) -> Self:
        """Return a month as it is shown."""
        found = month.reconciliation
        return cls(
            period=month.period,
            state=found.state(closed=month.closing is not None),
            currency=month.currency,
            invoices=[
                MonthInvoice(
                    **{name: getattr(each.invoice, name) for name in MonthInvoice.model_fields if name != "counts"},
                    counts=each.counts,
                )
                for each in month.invoices
            ],
            totals=[CycleTotal.model_validate(total) for total in found.totals],
            changes=MonthChanges.model_validate(month.changes),
            open_count=found.open_things,
            accepted_count=found.accepted,
            not_synchronised=found.not_synchronised,
            reasons=[ReasonTotal.model_validate(each) for each in found.reasons],
            closed_at=month.closing and month.closing.closed_at,
            closed_by=month.closing and month.closing.closed_by,
            **more,
        )


class CertificateHead(BaseModel):
    """A certificate that the month has."""

    model_config = ConfigDict(from_attributes=True)

    number: int = Field(description="Counted from 1 in the month; the certificate is asked for by it.")
    closed_at: datetime
    closed_by: str
    stands: bool = Field(description="False: the month was opened again since, by a new revision or by an undo.")


class MonthDetail(MonthSummary):
    """A month with its customers."""

    customers: list[MonthCustomer]
    certificates: list[CertificateHead] = Field(description="All that the month has, the newest first.")

    @classmethod
    def with_customers(cls, month: Month) -> Self:
        """Return a month as it is shown, with its customers."""
        return cls.of(
            month,
            customers=[_customer(each) for each in month.reconciliation.customers],
            certificates=[CertificateHead.model_validate(each) for each in month.closings],
        )


def _customer(customer: CustomerSum) -> MonthCustomer:
    return MonthCustomer.model_validate(customer)


class MonthPage(Page[MonthSummary]):
    """One page of months, newest first."""


class AcceptRequest(BaseModel):
    """Accept a difference as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"note": "Billed by hand this month."}})

    note: Annotated[Text, Field(description="Why it is right as it is.", json_schema_extra={"pattern": PRINTABLE})]


class AcceptedDifference(BaseModel):
    """A difference that somebody accepted; it holds for this reason and no other."""

    item_key: str
    note: str
    accepted_at: datetime


class MonthRow(BaseModel):
    """A row behind the sums: one thing of one customer in one billing cycle."""

    model_config = ConfigDict(from_attributes=True)

    item_key: str = Field(description="The same for the same thing in every run of the month.")
    customer_id: str
    customer_name: str
    halo_client_id: int | None
    product_code: str | None = Field(description="Null for a licence that no product of the invoice has.")
    licence_name: str | None
    halo_licence_id: int | None
    run_id: UUID | None
    item_id: int | None
    outcome: Outcome | None = Field(description="In the newest run that applied the invoice; null before one.")
    reason: str | None = Field(description="Why billed and in Halo differ, for programs.")
    detail: str | None = Field(description="The same for people, where a run said it.")
    billing_cycle: str | None
    lines: int = Field(description="How many lines of the invoice it is.")
    billed: Amount
    in_halo: Amount
    difference: Amount
    note: str | None = Field(description="Why it was accepted as it is; null: it was not.")
    accepted_by: str | None
    accepted_at: datetime | None

    @classmethod
    def of(cls, item: MonthItem) -> Self:
        """Return a row as it is shown."""
        return cls.model_validate(item)


class MonthRowPage(Page[MonthRow]):
    """One page of rows, by customer and thing."""


class CloseRequest(BaseModel):
    """Close a month."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"seen": 3}})

    seen: Annotated[StrictInt, Field(ge=0, le=2_000_000_000), INTEGRAL] = Field(
        description="How many accepted exceptions you have seen: `accepted_count` of the month."
    )


class ClosedMonth(BaseModel):
    """A closed month."""

    period: str
    closed_at: datetime
    closed_by: str
