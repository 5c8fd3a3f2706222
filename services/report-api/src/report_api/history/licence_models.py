"""Histories of licences and lines as programs see them (spec section 11, "Why is this number so")."""

from datetime import datetime
from uuid import UUID

from halosync.domain.model import Action, Outcome
from pydantic import BaseModel, ConfigDict, Field

from report_api.links.models import HaloLicence
from report_api.runs.models import LicenceShape
from report_api.web.fields import Amount


class SummedLine(BaseModel):
    """A line of the invoice that the licence's quantity is the sum of."""

    invoice_id: str
    line_id: str
    product_name: str
    quantity: Amount
    unit_price: Amount
    billing_cycle: str


class CustomerLinkThen(BaseModel):
    """The customer's link by hand when the run was asked for."""

    halo_client_id: int | None
    client_name: str | None
    excluded: bool


class HistoryStep(BaseModel):
    """What one run did to the licence, or was to do."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime = Field(description="When the run was asked for.")
    run_id: UUID
    mode: str = Field(description="`apply`, or `undo`.")
    run_state: str
    invoice_id: str
    revision: int
    period: str
    currency: str
    requested_by: str = Field(description="Who started the run.")
    approve_removals: int | None = Field(description="How many removals that person approved; null: none.")
    approve_review: int | None = Field(description="How many held changes of the first review; null: none.")
    removal: str | None = Field(description="The setting then: what a removal does.")
    price_field: str | None = Field(description="The setting then: where the price goes.")
    item_id: int
    action: Action
    outcome: Outcome
    reason: str | None
    detail: str | None
    customer_ids: list[str]
    customer_name: str
    halo_client_id: int | None
    product_code: str | None
    licence_name: str | None
    halo_licence_id: int | None
    before: LicenceShape | None
    after: LicenceShape | None
    lines: list[SummedLine]
    customer_link: CustomerLinkThen | None = Field(description="Null: the client was matched by name.")
    product_link: str | None = Field(description="The linked licence name; null: the product's own code.")


class LicenceHistory(BaseModel):
    """Every step, oldest first, until now."""

    items: list[HistoryStep]
    now: HaloLicence | None = Field(description="Null where there is no licence, or none is known.")
