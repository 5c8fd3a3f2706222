"""A licence as it is to be written to Halo, and as Halo's answer shows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from halosync.domain.model import Licence, PriceField


@dataclass(frozen=True, slots=True)
class NewLicence:
    """What a create says besides (spec section 9, "Settings added"); never changed later. None is not said.

    Attributes:
        licence_type: Halo's number.
        product_sku: the product's code.
        notes: for people, with the stamp by which halosync knows its own row again.
        prices: those of a licence that is brought back which its `price` does not say.
    """

    licence_type: int | None = None
    product_sku: str | None = None
    notes: str | None = None
    prices: Mapping[PriceField, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LicenceWrite:
    """One element of an array: a licence as it shall be. Without `licence_id` it is a create.

    None leaves a field as it is (or, for a create, unset); what is in `unset`, by Halo's name, is made empty.
    """

    client_id: int
    licence_id: int | None = None
    name: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    price_field: PriceField = PriceField.PRICE
    billing_cycle: str | None = None
    is_active: bool | None = None
    unset: frozenset[str] = frozenset()
    new: NewLicence | None = None


@dataclass(frozen=True, slots=True)
class StoredLicence:
    """What Halo's answer says of one element of an array.

    `licence` is None where the answer names the licence and does not show all that was asked of it. `warning` is Halo's
    own `_warning`.
    """

    licence_id: int
    licence: Licence | None = None
    warning: str | None = None
