"""The invoice as the invoice system publishes it, and our answers (spec section 6)."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from halosync.contracts.message import INVOICES, Event, Identifier, Text
from halosync.contracts.patterns import CURRENCY, PERIOD
from halosync.contracts.values import AnyMoney, AnyQuantity, Money, Quantity, ShownName, ShownText, number

Period = Annotated[str, Field(pattern=PERIOD, description="The month that is billed.")]
"""A month, YYYY-MM."""

PartnerId = Annotated[Identifier, Field(description="The partner (MSP) that the distributor bills.")]


_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class InvoiceLine(BaseModel):
    """One line of an invoice, with what a line that sets a licence must have."""

    model_config = ConfigDict(extra="ignore", frozen=True, str_strip_whitespace=True)

    line_id: Identifier
    customer_id: Identifier
    customer_name: ShownName
    product_code: Text
    product_name: ShownText = ""
    kind: Literal["recurring", "proration", "credit", "one_off", "usage"]
    quantity: Quantity
    unit_price: Money
    billing_cycle: Text


class NonRecurringLine(InvoiceLine):
    """A line that sets no licence: it may lack customer and cycle ('' then), and have any number of decimals."""

    customer_id: Annotated[ShownText, Field(max_length=200)] = ""
    customer_name: ShownText = ""
    product_code: ShownName
    kind: Literal["proration", "credit", "one_off", "usage"]
    quantity: AnyQuantity
    unit_price: AnyMoney
    billing_cycle: ShownText = ""


class InvoiceHeader(Event):
    """An invoice without its lines."""

    message_type: ClassVar[str] = "invoice.ready.v1"
    exchange = INVOICES

    event_id: UUID
    partner_id: PartnerId
    invoice_id: Identifier
    revision: int = Field(strict=True, ge=1, le=2_000_000_000, description="A higher one replaces the lower ones.")
    replaces: Identifier | None = Field(default=None, description="Another invoice that this one supersedes.")
    period: Period
    currency: str = Field(pattern=CURRENCY, description="ISO 4217.")
    issued_at: AwareDatetime = Field(ge=_EARLIEST, lt=_LATEST)
    line_count: int | None = Field(default=None, strict=True, ge=0, description="Control total: how many lines.")
    total: Annotated[Decimal, BeforeValidator(number)] | None = Field(
        default=None,
        max_digits=24,
        decimal_places=6,
        description="Control total: the sum of quantity times unit_price, each rounded half up to cents.",
    )
    lines_url: str | None = Field(
        default=None, max_length=2000, description="Where a big invoice's lines are: JSON lines, gzip allowed."
    )


class InvoiceReady(InvoiceHeader):
    """An invoice is ready to be synchronised. It has `lines` or `lines_url`, exactly one of them."""

    lines: list[InvoiceLine | NonRecurringLine] | None = None

    @model_validator(mode="after")
    def _one_source_of_lines(self) -> "InvoiceReady":
        if (self.lines is None) == (self.lines_url is None):
            raise ValueError("needs exactly one of lines and lines_url")
        return self


class InvoiceAccepted(Event):
    """An invoice was stored; a newer revision of it, or one that replaces it, would supersede it."""

    message_type: ClassVar[str] = "invoice.accepted.v1"

    partner_id: PartnerId
    invoice_id: Identifier
    revision: int
    period: str
    line_count: int
    total: Decimal
    currency: str | None = Field(default=None, description="ISO 4217; null in events of earlier versions.")
    accepted_at: AwareDatetime


class InvoiceProblem(BaseModel):
    """One thing that is wrong with an invoice."""

    field: str = Field(description="The field's path, such as `quantity`; empty for the message as a whole.")
    line: int | None = Field(default=None, description="The line it is in, counted from 1; null for the header.")
    message: str = Field(description="What is wrong and what to do.")


class InvoiceRejected(Event):
    """An invoice could not be taken in; the original is kept as a dead letter that can be corrected and replayed."""

    message_type: ClassVar[str] = "invoice.rejected.v1"

    invoice_event_id: str | None = Field(default=None, description="The `event_id` of what was rejected, if readable.")
    partner_id: str | None = None
    invoice_id: str | None = None
    revision: int | None = None
    reason: str = Field(description="All problems in one sentence.")
    problems: list[InvoiceProblem]
    rejected_at: AwareDatetime
