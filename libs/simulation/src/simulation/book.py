"""What the distributor has billed, told apart from how the product keeps it: what Halo must hold in the end."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from halosync.domain.invoice_choice import MonthInvoices

CYCLE = "Monthly"
LOOK_ALIKE, ONLY_ASLEEP = 901, 902
"""What customers of misfit lines are called after: a client that only looks like it, and one that is inactive."""

FIRST_ISSUED = datetime(2026, 11, 5, 2, tzinfo=UTC)
FIRST_PERIOD = "2026-11"

BELOW_ZERO = "BELOW-ZERO"
"""The product that worlds with negative prices bill at one."""

Key = tuple[int, str]
"""Client and product code."""


class Wrong(StrEnum):
    """Why an invoice is to be refused; the value is in the reason that is given."""

    DIGITS = "quantity: must be a number in the digits 0 to 9"
    TOTAL = "is rounded half up to cents"
    EVENT_ID = "another content, came under this event_id before"


@dataclass(frozen=True)
class Wish:
    """What the distributor bills of a product."""

    quantity: Decimal
    price: Decimal


@dataclass(frozen=True)
class Published:
    """An invoice as it was published.

    Attributes:
        number: counts what was published.
        misfits: some lines set no licence.
        below_zero: a line has a negative price.
        wrong: why it is to be refused; None: it is sound.
        digits: a quantity that is no number, where that is wrong.
        event: the number of the invoice whose `event_id` it has, where that is wrong.
    """

    number: int
    demand: Mapping[Key, Wish]
    invoice_id: str = "INV-1"
    revision: int = 1
    replaces: str | None = None
    period: str = FIRST_PERIOD
    currency: str = "AUD"
    misfits: bool = False
    below_zero: bool = False
    wrong: Wrong | None = None
    digits: str = ""
    event: int | None = None

    @property
    def event_id(self) -> UUID:
        """The id of its event."""
        return UUID(int=(self.number if self.event is None else self.event) + 1)

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
            "currency": self.currency,
            "issued_at": self.issued_at.isoformat(),
        }
        lines = [
            _line(client, code, str(wish.quantity), str(wish.price)) for (client, code), wish in self.demand.items()
        ]
        lines += self._misfits() if self.misfits else []
        lines += [_line(1, BELOW_ZERO, "5", "-2.50")] if self.below_zero else []
        if self.wrong is Wrong.TOTAL:
            lines.append(_line(1, "AZ", "0.5", "0.25", kind="usage"))
        total = sum(map(self._amount, lines), Decimal(0))
        if self.wrong is Wrong.DIGITS:
            lines[0]["quantity"] = self.digits
        numbered = [{"line_id": str(number), **line} for number, line in enumerate(lines, 1)]
        return json.dumps({**header, "line_count": len(numbered), "total": str(total), "lines": numbered}).encode()

    def _amount(self, line: Mapping[str, str]) -> Decimal:
        """Return what a line costs, in cents."""
        rounding = ROUND_HALF_EVEN if self.wrong is Wrong.TOTAL else ROUND_HALF_UP
        return (Decimal(line["quantity"]) * Decimal(line["unit_price"])).quantize(Decimal("0.01"), rounding)

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

    @property
    def sound(self) -> list[Published]:
        """Those of them that are not to be refused."""
        return [each for each in self.published if each.wrong is None]

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

    def currencies(self, period: str) -> set[str]:
        """Return the currencies of a month's invoices that none supersedes."""
        return {each.currency for each in self.sound if each.period == period and not self._superseded(each)}

    def counting(self) -> list[Published]:
        """Return the invoices that count now, the newest first."""
        current = [each for each in self.sound if not self._superseded(each)]
        period = max(each.period for each in current)
        of_month = sorted((each for each in current if each.period == period), key=lambda each: -each.number)
        return of_month if self.choices.get(period) is MonthInvoices.TOGETHER else of_month[:1]

    def _superseded(self, invoice: Published) -> bool:
        same = [each for each in self.sound if each.invoice_id == invoice.invoice_id]
        return max(same, key=lambda each: each.revision) is not invoice or any(
            each.replaces == invoice.invoice_id for each in self.sound
        )

    def demand(self) -> dict[Key, Wish]:
        """Return what is to be in Halo: the quantities of all invoices that count, added up."""
        wanted: dict[Key, Wish] = {}
        for invoice in self.counting():
            for key, wish in invoice.demand.items():
                before = wanted.get(key)
                wanted[key] = wish if before is None else replace(wish, quantity=wish.quantity + before.quantity)
        return wanted
