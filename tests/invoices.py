"""Events of the invoice system, as tests send them."""

from devstack.fields import Fields

LINE: dict[str, object] = {
    "line_id": "1",
    "customer_id": "C-17",
    "customer_name": "Contoso & Søns",
    "product_code": "MS-365-BP",
    "product_name": "Microsoft 365 Business Premium",
    "kind": "recurring",
    "quantity": "12",
    "unit_price": "31.50",
    "billing_cycle": "Monthly",
}
EVENT: dict[str, object] = {
    "event_id": "0b7c1f2e-93c4-4c1e-8d22-0123456789ab",
    "partner_id": "acme-msp",
    "invoice_id": "INV-2026-11-0042",
    "revision": 1,
    "period": "2026-11",
    "currency": "AUD",
    "issued_at": "2026-11-05T02:00:00Z",
    "line_count": 1,
    "total": "378.00",
    "lines": [LINE],
}
HEADER: dict[str, object] = {name: EVENT[name] for name in EVENT if name not in {"line_count", "total", "lines"}} | {
    "invoice_id": "INV-1"
}
"""What a small invoice says besides its lines."""


def line(number: int = 1, **values: str) -> Fields:
    """Return a line of a small invoice."""
    return {
        "line_id": str(number),
        "customer_id": "C-1",
        "customer_name": "Contoso",
        "product_code": "P-1",
        "kind": "recurring",
        "quantity": "2",
        "unit_price": "10.00",
        "billing_cycle": "Monthly",
        **values,
    }
