"""The invoices that are measured with: an event as a distributor sends it, of as many lines as are wanted."""

from collections.abc import Iterable
from uuid import uuid4

from devstack.fields import Fields


def line(line_id: str, customer_id: str, customer_name: str, product: int, quantity: int) -> Fields:
    return {
        "line_id": line_id,
        "customer_id": customer_id,
        "customer_name": customer_name,
        "product_code": f"PRODUCT-{product}",
        "product_name": f"Product number {product}",
        "kind": "recurring",
        "quantity": str(quantity),
        "unit_price": "31.50",
        "billing_cycle": "Monthly",
    }


def header(partner: str) -> Fields:
    return {
        "event_id": str(uuid4()),
        "partner_id": partner,
        "invoice_id": f"INV-{partner}",
        "revision": 1,
        "period": "2026-11",
        "currency": "AUD",
        "issued_at": "2026-11-05T02:00:00Z",
    }


def event(partner: str, lines: Iterable[Fields]) -> Fields:
    return {**header(partner), "lines": list(lines)}
