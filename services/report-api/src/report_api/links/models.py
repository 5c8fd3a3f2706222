"""Customers, products and what Halo has for them (spec section 7)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from halosync.contracts.message import Text
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from report_api.web.fields import INTEGRAL, PRINTABLE, Amount
from report_api.web.paging import Page

ReadAt = Annotated[
    datetime | None, Field(description="When Halo was last read; null: never, so nothing is known of it yet.")
]
MatchedBy = Annotated[
    Literal["link", "name"] | None, Field(description="A stored link, an equal name, or null: nothing matches.")
]


class Suggestion(BaseModel):
    """What is probably meant."""

    id: int | None = Field(description="The client's id; licence names have none.")
    name: str
    score: int = Field(description="How alike the names are, 0 to 100.")


class Customer(BaseModel):
    """A customer of the newest invoice, or one with a stored link, and its client in Halo."""

    customer_id: str
    customer_name: str | None = Field(description="Null when only a stored link remembers the customer.")
    halo_client_id: int | None
    halo_client_name: str | None = Field(description="As last read.")
    matched_by: MatchedBy
    excluded: bool = Field(description="Left out by the partner: nothing of it is synchronised or cleaned up.")
    problem: Literal["customer_not_found", "customer_ambiguous"] | None = Field(
        description="What a run would skip it for, as far as the last read of Halo tells."
    )
    detail: str | None = Field(description="The problem for people, with what to do.")
    suggestions: list[Suggestion] = Field(description="For a customer without client, best first.")


class CustomerPage(Page[Customer]):
    """One page of customers, by name."""

    read_at: ReadAt


class CustomerLinkRequest(BaseModel):
    """Link a customer by hand. A client of null goes back to matching by name."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"halo_client_id": 7}})

    # Up to here every program that reads JSON, our description too, sees the same number (RFC 8259, section 6).
    halo_client_id: Annotated[StrictInt, Field(ge=-(2**53) + 1, le=2**53 - 1), INTEGRAL] | None
    excluded: StrictBool = Field(default=False, description="Leave this customer out of every run.")


class Product(BaseModel):
    """A product with recurring lines in the newest invoice, or one with a stored link, and its licence name in Halo."""

    product_code: str
    product_name: str | None = Field(description="Null when only a stored link remembers the product.")
    licence_name: str | None = Field(description="Null: a run creates licences named like the product code.")
    matched_by: MatchedBy
    suggestions: list[Suggestion] = Field(description="For a product without licence name, best first.")


class ProductPage(Page[Product]):
    """One page of products, by code."""

    read_at: ReadAt


class ProductLinkRequest(BaseModel):
    """Link a product to a licence name. Null goes back to the product code."""

    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        json_schema_extra={"example": {"licence_name": "Microsoft 365 Business Premium"}},
    )

    licence_name: Text | None = Field(json_schema_extra={"pattern": PRINTABLE})


class HaloClient(BaseModel):
    """A client of Halo, as last read."""

    id: int
    name: str
    inactive: bool


class HaloClientPage(Page[HaloClient]):
    """One page of clients, by name."""

    read_at: ReadAt


class HaloLicence(BaseModel):
    """A licence in Halo, as last read or written. Null is Halo's unset, which is not zero."""

    model_config = ConfigDict(from_attributes=True)

    halo_licence_id: int
    halo_client_id: int
    client_name: str | None
    name: str
    quantity: Amount | None
    price: Amount | None
    purchase_price: Amount | None
    billing_cycle: str | None
    is_active: bool
    owned: bool = Field(description="halosync created or updated it.")
    foreign_mark: str | None = Field(description="The field by which another program marks it as its own.")
    keep: bool = Field(description="It is never removed.")
    removed_at: datetime | None = Field(description="When halosync removed it; null: it did not.")
    read_at: datetime = Field(description="When Halo was last read.")


class HaloLicencePage(Page[HaloLicence]):
    """One page of licences, by id."""

    read_at: ReadAt


class KeepRequest(BaseModel):
    """Keep a licence, or no longer."""

    model_config = ConfigDict(extra="forbid")

    keep: StrictBool


class LicenceName(BaseModel):
    """A name that licences in Halo have."""

    name: str
    licences: int = Field(description="How many licences have it.")


class LicenceNamePage(Page[LicenceName]):
    """One page of licence names, by name."""

    read_at: ReadAt


class RefreshStarted(BaseModel):
    """Halo will be read; `read_at` of the lists changes when it is done."""

    read_id: UUID
