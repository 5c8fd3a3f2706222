"""What the search of the portal finds: a few hits of each kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from halosync.domain.run_order import RunMode
from halosync.domain.states import RunState


@dataclass(frozen=True, slots=True)
class FoundCustomer:
    """A customer; `name` None: only a stored link remembers it."""

    customer_id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class FoundProduct:
    """A product of the newest month."""

    product_code: str
    name: str | None


@dataclass(frozen=True, slots=True)
class FoundLicence:
    """A licence in Halo; `client_name` None: its client is gone."""

    halo_licence_id: int
    name: str
    client_name: str | None
    quantity: Decimal | None
    removed: bool


@dataclass(frozen=True, slots=True)
class FoundInvoice:
    """An invoice; `period` is YYYY-MM, `total` in `currency`."""

    invoice_id: str
    period: str
    revision: int
    currency: str
    total: Decimal


@dataclass(frozen=True, slots=True)
class FoundRun:
    """A run, and the invoice that it was for."""

    run_id: UUID
    mode: RunMode
    state: RunState
    created_at: datetime
    requested_by: str
    period: str
    invoice_id: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a text was found in: at most as many of each kind as were asked for."""

    customers: Sequence[FoundCustomer]
    products: Sequence[FoundProduct]
    licences: Sequence[FoundLicence]
    invoices: Sequence[FoundInvoice]
    runs: Sequence[FoundRun]

    @property
    def nothing(self) -> bool:
        """Tell whether nothing was found."""
        return not (self.customers or self.products or self.licences or self.invoices or self.runs)
