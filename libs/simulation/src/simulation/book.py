"""What the distributor has billed, told apart from how the product keeps it: what Halo must hold in the end."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from halosync.domain.invoice_choice import MonthInvoices

CYCLE = "Monthly"
LOOK_ALIKE, ONLY_ASLEEP = 901, 902
"""What customers of misfit lines are called after: a client that only looks like it, and one that is inactive."""

FIRST_ISSUED = datetime(2026, 11, 5, 2, tzinfo=UTC)
FIRST_PERIOD = "2026-11"

Key = tuple[int, str]
"""Client and product code."""


@dataclass(frozen=True)
class Wish:
    """What the distributor bills of a product."""

    quantity: Decimal
    price: Decimal


@dataclass(frozen=True)
class Published:
    """An invoice as it was published; `number` counts what was published, `misfits`: some lines set no licence."""

    number: int
    demand: Mapping[Key, Wish]
    invoice_id: str = "INV-1"
    revision: int = 1
    replaces: str | None = None
    period: str = FIRST_PERIOD
    misfits: bool = False

    @property
    def event_id(self) -> UUID:
        """The id of its event."""
        return UUID(int=self.number + 1)

    @property
    def issued_at(self) -> datetime:
        """When it was issued: in the order of publishing."""
        return FIRST_ISSUED + timedelta(minutes=self.number)

    def body(self) -> bytes:
        """Return the message."""
        header = {
            "event_id": str(self.event_id),
            "partner_id": "acme-msp",
            "invoice_id": self.invoice_id,
            "revision": self.revision,
            "replaces": self.replaces,
            "period": self.period,
            "currency": "AUD",
            "issued_at": self.issued_at.isoformat(),
        }
        lines = [
            _line(client, code, str(wish.quantity), str(wish.price)) for (client, code), wish in self.demand.items()
        ]
        lines += self._misfits() if self.misfits else []
        numbered = [{"line_id": str(number), **line} for number, line in enumerate(lines, 1)]
        return json.dumps({**header, "line_count": len(numbered), "lines": numbered}).encode()

    def _misfits(self) -> Iterator[dict[str, Any]]:
        """Yield lines of which no licence comes (spec section 9, "Lenient where no licence hangs on it")."""
        usage = {"product_code": "AZ", "product_name": "Azure\nplan", "kind": "usage", "quantity": "0.0159369774"}
        yield {**usage, "unit_price": "1.2799888920023"}
        for client, code in list(self.demand)[-1:]:
            yield _line(client, code, "0", "99.00", billing_cycle="Annual")
            yield _line(client, "AZ", "0.0159369774", "26.35", kind="usage")
        for client in (LOOK_ALIKE, ONLY_ASLEEP):
            yield _line(client, "NOBODYS", "3", "10.00")


def _line(client: int, code: str, quantity: str, price: str, **more: str) -> dict[str, Any]:
    return {
        "customer_id": f"C-{client}",
        "customer_name": f"Client {client}",
        "product_code": code,
        "kind": "recurring",
        "quantity": quantity,
        "unit_price": price,
        "billing_cycle": CYCLE,
        **more,
    }


class Book:
    """Everything that was published, and what the partner has said of months with several invoices.

    Attributes:
        published: all invoices.
        choices: by month, as far as somebody has chosen.
    """

    def __init__(self) -> None:
        self.published: list[Published] = []
        self.choices: dict[str, MonthInvoices] = {}
        self._always: set[Key] | None = None

    def publish(self, invoice: Published) -> None:
        """Write an invoice down."""
        self.published.append(invoice)
        self._note()

    def choose(self, period: str, choice: MonthInvoices) -> None:
        """Write down what a person says of a month."""
        self.choices[period] = choice
        self._note()

    def _note(self) -> None:
        self._always = (self._always or set(self.demand())) & self.demand().keys()

    @property
    def always(self) -> set[Key]:
        """What was billed all the time: a licence of it is never removed."""
        return self._always or set()

    def counting(self) -> list[Published]:
        """Return the invoices that count now, the newest first."""
        current = [each for each in self.published if not self._superseded(each)]
        period = max(each.period for each in current)
        of_month = sorted((each for each in current if each.period == period), key=lambda each: -each.number)
        return of_month if self.choices.get(period) is MonthInvoices.TOGETHER else of_month[:1]

    def _superseded(self, invoice: Published) -> bool:
        same = [each for each in self.published if each.invoice_id == invoice.invoice_id]
        return max(same, key=lambda each: each.revision) is not invoice or any(
            each.replaces == invoice.invoice_id for each in self.published
        )

    def demand(self) -> dict[Key, Wish]:
        """Return what is to be in Halo: the quantities of all invoices that count, added up."""
        wanted: dict[Key, Wish] = {}
        for invoice in self.counting():
            for key, wish in invoice.demand.items():
                before = wanted.get(key)
                wanted[key] = wish if before is None else replace(wish, quantity=wish.quantity + before.quantity)
        return wanted
