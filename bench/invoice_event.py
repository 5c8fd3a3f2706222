"""The invoices that are measured with: an event as a distributor sends it, of as many lines as are wanted."""

from collections.abc import Iterable

from devstack.fields import Fields
from devstack.invoice_header import invoice_header


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
    return invoice_header(partner, f"INV-{partner}")


def event(partner: str, lines: Iterable[Fields]) -> Fields:
    return {**header(partner), "lines": list(lines)}
