"""What an invoice of the invoice system says besides its lines, for demonstrations, tests and benches."""

from uuid import uuid4

from devstack.fields import Fields


def invoice_header(partner_id: str, invoice_id: str = "INV-1", **changed: object) -> Fields:
    """Return the fields of an `invoice.ready.v1` event, without lines, under an event id of its own."""
    return {
        "event_id": str(uuid4()),
        "partner_id": partner_id,
        "invoice_id": invoice_id,
        "revision": 1,
        "period": "2026-11",
        "currency": "AUD",
        "issued_at": "2026-11-05T02:00:00Z",
        **changed,
    }
