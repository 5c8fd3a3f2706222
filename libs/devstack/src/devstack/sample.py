"""A realistic month: an invoice, the Halo it meets, and what the two must lead to.

What is expected is written down line by line while the sample is made, from the rules of spec section 3 and not from
the planner; so the demonstration can fail.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from devstack.fields import Fields
from devstack.invoice_header import invoice_header

TENANT = "acme"
PARTNER = "acme-msp"
APPLICATION = "converge-demo"

_CUSTOMERS = (
    *("Contoso & Søns", "Fabrikam Ltd", "Adventure Works", "Café Zoë", "Müller & Partner GmbH", "Northwind Traders"),
    *("Wide World Importers", "Tailspin Toys", "Łódź Logistics", "Proseware", "Litware", "Blue Yonder"),
    "Coho Winery",
    *(
        "Crème Brûlée Catering",
        "Fourth Coffee",
        "Graphic Design Institute",
        "Humongous Insurance",
        "Lucerne Publishing",
    ),
    *("Margie's Travel", "Relecloud", "School of Fine Art", "Southridge Video", "The Phone Company", "Trey Research"),
    *("VanArsdel", "Wingtip Toys", "Woodgrove Bank", "World Wide Dental", "A. Datum", "Alpine Ski House", "Bellows"),
    *(
        "Best For You Organics",
        "City Power & Light",
        "Consolidated Messenger",
        "First Up",
        "Güneş Solar",
        "Nod Publishers",
    ),
)
_PRODUCTS = (
    ("MS-365-BP", "Microsoft 365 Business Premium", "31.50", "Monthly"),
    ("MS-365-BS", "Microsoft 365 Business Standard", "18.70", "Monthly"),
    ("MS-365-E3", "Microsoft 365 E3", "54.10", "Monthly"),
    ("MS-EXO-P1", "Exchange Online Plan 1", "6.00", "Monthly"),
    ("MS-VISIO-P2", "Visio Plan 2", "22.40", "Monthly"),
    ("MS-PROJ-P3", "Project Plan 3", "45.00", "Monthly"),
    ("AZ-P1", "Entra ID P1", "9.00", "Monthly"),
    ("AV-EDR", "Endpoint Detection & Response", "4.25", "Monthly"),
    ("BK-365", "Backup for Microsoft 365", "3.10", "Monthly"),
    ("BK-SRV", "Server Backup", "62.00", "Monthly"),
    ("DNS-FILTER", "DNS Filtering", "1.333333", "Monthly"),
    ("PHISH-TRAIN", "Phishing Training", "24.00", "Yearly"),
    ("PW-VAULT", "Password Vault", "48.00", "Yearly"),
    ("ADOBE-CC", "Creative Cloud All Apps", "1079.88", "Yearly"),
    ("DOMAIN", "Domain Name", "29.95", "Yearly"),
)
_MISSING, _AMBIGUOUS = "Ghost Industries", "Twin Peaks Lodge"


@dataclass
class Sample:
    """An invoice and a Halo.

    Attributes:
        event: the `invoice.ready.v1` event.
        clients: Halo's clients before.
        licences: Halo's licences before.
        wanted: Halo's licences after: (client id, name) → (count, price, billing cycle).
        asked: the counters that the first run must end with, which asks before it changes what others wrote.
        first: the counters that the run must end with by which a person has approved that.
        again: the counters that a further run must end with; it only reads.
    """

    event: Fields = field(default_factory=dict)
    clients: list[Fields] = field(default_factory=list)
    licences: list[Fields] = field(default_factory=list)
    wanted: dict[tuple[int, str], tuple[Decimal, Decimal, str]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    first: Counter[str] = field(default_factory=Counter)
    again: Counter[str] = field(default_factory=Counter)


class _Maker:
    """Makes a sample case by case; each method adds lines, what Halo has, and what must come of it."""

    def __init__(self) -> None:
        self.sample = Sample()
        self._lines: list[Fields] = []

    def line(
        self, customer: tuple[str, str], product: tuple[str, str, str, str], quantity: object, **more: object
    ) -> None:
        code, name, price, cycle = product
        self._lines.append(
            {
                "line_id": str(len(self._lines) + 1),
                "customer_id": customer[0],
                "customer_name": customer[1],
                "product_code": code,
                "product_name": name,
                "kind": "recurring",
                "quantity": str(quantity),
                "unit_price": price,
                "billing_cycle": cycle,
                **more,
            }
        )

    def has(self, client: int, product: tuple[str, str, str, str], count: int, **more: object) -> None:
        code, _, price, cycle = product
        row = {"client_id": client, "name": code, "count": count, "price": float(price), "billing_cycle": cycle}
        self.sample.licences.append({**row, **more})

    def want(self, client: int, product: tuple[str, str, str, str], count: int) -> None:
        code, _, price, cycle = product
        self.sample.wanted[client, code] = (Decimal(count), Decimal(price), cycle)

    def expect(self, done: str, again: str | None = None, *, reviewed: bool = False) -> None:
        """Count an item: what becomes of it, and what a further run finds (None: nothing is left).

        `reviewed`: it would remove or reprice what halosync did not write, so the first run holds it (spec section 9).
        """
        self.sample.asked["held" if reviewed else done] += 1
        self.sample.first[done if reviewed else again or done] += 1
        if again is not None:
            self.sample.again[again] += 1

    def finished(self) -> Sample:
        cents = Decimal("0.01")
        total = sum(
            (Decimal(x["quantity"]) * Decimal(x["unit_price"])).quantize(cents, "ROUND_HALF_UP") for x in self._lines
        )
        self.sample.event = {
            **invoice_header(PARTNER, "INV-2026-11-0042", event_id=str(UUID(int=0x2026_11)), replaces=None),
            "line_count": len(self._lines),
            "total": str(total),
            "lines": self._lines,
            "lines_url": None,
        }
        return self.sample


def make_sample() -> Sample:
    """Return the sample: 40 customers, some 600 lines, every case that a billing administrator meets."""
    maker = _Maker()
    for number, name in enumerate(_CUSTOMERS):
        customer, client = (f"C-{number + 1}", name), 100 + number
        # Halo writes some names in another way; they are the same name all the same (spec section 3).
        spelling = name.upper() if number % 7 == 3 else f" {name} " if number % 7 == 5 else name
        maker.sample.clients.append({"id": client, "name": spelling})
        _ordinary(maker, customer, client, number)
    _unmatched(maker)
    _special(maker)
    return maker.finished()


def _ordinary(maker: _Maker, customer: tuple[str, str], client: int, number: int) -> None:
    for place, product in enumerate(_PRODUCTS):
        quantity = 1 + (number * 7 + place * 3) % 40
        maker.line(customer, product, quantity)
        maker.want(client, product, quantity)
        match (number + place) % 5:
            case 0:
                maker.expect("created", "unchanged")
            case 1:
                maker.has(client, product, quantity + 2)
                maker.expect("updated", "unchanged")
            case 2:
                maker.has(client, product, quantity, price=round(float(product[2]) - 0.5, 6))
                maker.expect("updated", "unchanged", reviewed=True)
            case _:
                maker.has(client, product, quantity)
                maker.expect("unchanged", "unchanged")


def _unmatched(maker: _Maker) -> None:
    """Add a customer that Halo does not know, and one that two clients could be."""
    for place, product in enumerate(_PRODUCTS[:12]):
        maker.line(("C-98", _MISSING), product, 5)
        maker.expect("skipped", "skipped")
        if place % 2:
            maker.line(("C-99", _AMBIGUOUS), product, 3)
            maker.expect("skipped", "skipped")
    maker.sample.clients += [{"id": 900, "name": _AMBIGUOUS}, {"id": 901, "name": _AMBIGUOUS.lower()}]


def _special(maker: _Maker) -> None:
    """Add the customer with the special cases, and a client that the invoice does not know."""
    customer, client = ("C-40", "Zürich & Co."), 140
    maker.sample.clients += [{"id": client, "name": "Zürich & Co."}, {"id": 950, "name": "Not our business"}]

    def product(code: str, price: str = "10.00") -> tuple[str, str, str, str]:
        return (code, f"Special case {code}", price, "Monthly")

    for code in ("GONE-1", "GONE-2", "GONE-3"):  # cancelled: quantity 0, and Halo still has it
        maker.line(customer, product(code), 0)
        maker.has(client, product(code), 4)
        maker.expect("deleted", "skipped", reviewed=True)
    for code in ("NEVER-1", "NEVER-2"):  # cancelled, and Halo never had it
        maker.line(customer, product(code), 0)
        maker.expect("skipped", "skipped")
    for code in ("STALE-1", "STALE-2", "STALE-3", "STALE-4"):  # in Halo, not on the invoice
        maker.has(client, product(code), 2)
        maker.expect("deleted", reviewed=True)
    maker.line(customer, product("ASLEEP"), 6)  # inactive in Halo
    maker.has(client, product("ASLEEP"), 6, is_active=False)
    maker.want(client, product("ASLEEP"), 6)
    maker.expect("updated", "unchanged")
    maker.line(customer, product("TWICE"), 2)  # two lines of one product are summed; prorations and credits are not
    maker.line(customer, product("TWICE"), 3)
    maker.line(customer, product("TWICE"), 1, kind="proration")
    maker.line(customer, product("TWICE"), -1, kind="credit")
    maker.want(client, product("TWICE"), 5)
    maker.expect("created", "unchanged")
    maker.line(customer, product("SETUP", "250.00"), 1, kind="one_off")
    maker.expect("skipped", "skipped")
    maker.line(customer, product("TORN", "10.00"), 1)  # two prices for one product
    maker.line(customer, product("TORN", "12.00"), 1)
    maker.expect("failed", "failed")
    maker.line(customer, product("MINUS"), -3)
    maker.expect("failed", "failed")
    maker.has(950, product("THEIRS"), 9)  # a client of nobody on the invoice is never touched
    maker.want(950, product("THEIRS"), 9)


def counters(expected: Counter[str]) -> dict[str, int]:
    """Return the counters of spec section 4 for what is expected."""
    names = ("created", "updated", "deleted", "unchanged", "skipped", "held", "failed", "pending")
    each = {name: expected[name] for name in names}
    synced = sum(each[name] for name in names[:4])
    return {"total": sum(each.values()), "synced": synced, **each}


if __name__ == "__main__":
    print(json.dumps(make_sample().event, indent=1, ensure_ascii=False))  # noqa: T201 - `python -m devstack.sample`
