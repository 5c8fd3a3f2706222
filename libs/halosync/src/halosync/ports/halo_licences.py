"""Licences in a partner's Halo as last read, with those that a person keeps."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class HaloLicence:
    """A licence of the last read, or written since.

    Attributes:
        owned: halosync created or updated it.
        foreign_mark: the field by which another program marks it as its own; None: it is not marked.
        keep: a person wants it to be kept.
        removed_at: when halosync removed it; None: it did not.
        read_at: when Halo was last read.
    """

    halo_licence_id: int
    halo_client_id: int
    client_name: str | None
    name: str
    quantity: Decimal | None
    price: Decimal | None
    purchase_price: Decimal | None
    billing_cycle: str | None
    is_active: bool
    owned: bool
    foreign_mark: str | None
    keep: bool
    removed_at: datetime | None
    read_at: datetime


@dataclass(frozen=True, slots=True)
class LicenceNameCount:
    """A name that licences in Halo have, and how many have it."""

    name: str
    licences: int
