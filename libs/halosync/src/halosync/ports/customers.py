"""A customer as its page shows it: its lines of a month, and its months."""

from dataclasses import dataclass
from decimal import Decimal

from halosync.domain.model import Outcome
from halosync.ports.line_views import BilledLine


@dataclass(frozen=True, slots=True)
class CustomerLine(BilledLine):
    """A line of a customer; `amount` is rounded to cents.

    Attributes:
        item_id: the item that answers for it in the newest run that applied its invoice; None before one.
        outcome, reason: what that run made of it.
    """

    invoice_id: str
    amount: Decimal
    item_id: int | None
    outcome: Outcome | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class CustomerMonth:
    """What a customer was billed in a month, in `currency`: its recurring lines, each rounded to cents."""

    period: str
    currency: str
    lines: int
    billed: Decimal
    customer_name: str
