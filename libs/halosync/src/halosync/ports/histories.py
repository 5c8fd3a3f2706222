"""What each run did to a licence, or to a line (spec section 11)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from halosync.domain.model import LicenceState
from halosync.domain.plan import ItemHead


@dataclass(frozen=True, slots=True)
class Step(ItemHead):
    """What one run did to a licence, or was to do.

    Attributes:
        mode: `apply` or `undo`.
        at: when the run was asked for.
        requested_by, approve_removals, approve_review: who asked for the run, and how much that person approved.
        removal, price_field: the settings that the run was planned with.
        lines: the lines of the invoice that it is the sum of: ids, quantities and prices as text.
        customer_link, product_link: the links by hand that held then; None: it was matched by name.
    """

    run_id: UUID
    mode: str
    at: datetime
    run_state: str
    invoice_id: str
    revision: int
    period: str
    currency: str
    requested_by: str
    approve_removals: int | None
    approve_review: int | None
    removal: str | None
    price_field: str | None
    item_id: int
    reason: str | None
    detail: str | None
    before: LicenceState | None
    after: LicenceState | None
    lines: Sequence[Mapping[str, str]]
    customer_link: Mapping[str, object] | None
    product_link: str | None
