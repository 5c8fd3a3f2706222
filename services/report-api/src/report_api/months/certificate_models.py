"""The certificate of a closed month as programs see it. Amounts are in the month's currency."""

from datetime import datetime
from decimal import Decimal
from typing import Self
from uuid import UUID

from halosync.domain.month import not_recurring
from halosync.domain.natural_order import NaturalKey, natural_key
from halosync.ports.months import Closing
from pydantic import BaseModel, Field

from report_api.months.models import MonthChanges
from report_api.web.fields import Amount


class CertifiedTotal(BaseModel):
    """A total of the certificate."""

    billing_cycle: str | None
    billed: Amount
    in_halo: Amount
    explained: Amount
    unexplained: Amount


class CertifiedInvoice(BaseModel):
    """An invoice that the certificate is about."""

    invoice_id: str
    revision: int
    line_count: int
    total: Amount


class CertifiedException(BaseModel):
    """Something that differed when the month was closed, and who accepted it."""

    item_key: str
    customer_id: str
    customer_name: str
    product_code: str | None
    licence_name: str | None
    billing_cycle: str | None
    reason: str | None
    detail: str | None
    billed: Amount
    in_halo: Amount
    note: str | None
    accepted_by: str | None
    accepted_at: datetime | None


class CertifiedRun(BaseModel):
    """A run of the month, and what its person approved."""

    run_id: UUID
    mode: str = Field(default="apply", description="`apply` or `undo`; `apply` in certificates of older versions.")
    state: str
    requested_by: str
    started_at: datetime
    finished_at: datetime | None
    approve_removals: int | None
    approve_review: int | None = None
    approved_items: int = Field(default=0, description="How many held changes a person approved one by one.")
    removal: str | None = Field(default=None, description="The setting then; null in certificates of older versions.")
    price_field: str | None = Field(default=None, description="Likewise.")
    created: int
    updated: int
    deleted: int
    failed: int
    held: int


class Certificate(BaseModel):
    """What was certified when the month was closed; it never changes."""

    partner_id: str
    period: str
    currency: str
    number: int = Field(description="Each time that the month was closed has a certificate; counted from 1.")
    closed_at: datetime
    closed_by: str
    totals: list[CertifiedTotal]
    changes: MonthChanges
    invoices: list[CertifiedInvoice]
    not_recurring: Amount = Field(
        description="What the invoices bill besides the totals: charges and credits that do not recur and make no "
        "licence."
    )
    exceptions: list[CertifiedException]
    runs: list[CertifiedRun]
    fingerprint: str = Field(description="SHA-256 over the lines that the month is made of, in hex.")

    @classmethod
    def of(cls, closing: Closing) -> Self:
        """Return the certificate of a closed month."""
        kept, more = closing.certificate, {"number": closing.number, "closed_at": closing.closed_at}
        # Older versions did not write it down; it follows from what they did.
        followed = not_recurring(
            (Decimal(each["total"]) for each in kept["invoices"]), (Decimal(each["billed"]) for each in kept["totals"])
        )
        certificate = cls.model_validate({"not_recurring": followed, **kept, **more})
        certificate.exceptions.sort(key=_as_people_look)
        return certificate


def _as_people_look(each: CertifiedException) -> tuple[NaturalKey, NaturalKey]:
    """Return what exceptions are sorted by: the customer, then the product."""
    return natural_key(each.customer_name), natural_key(each.product_code or each.licence_name or "")
