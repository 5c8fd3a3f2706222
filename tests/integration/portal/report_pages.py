"""A synchronised invoice, and what its page shows."""

from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from devstack.fields import Fields

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Page

ACME, RIVAL = "acme-msp", "rival-msp"
HERE = f"/portal/{ACME}/report"
REFUSED: Fields = {
    "outcome": "failed",
    "action": "update",
    "reason": "halo_rejected",
    "detail": "Halo refused this: no.",
}
NOT_FOUND: Fields = {
    "outcome": "skipped",
    "action": "none",
    "reason": "customer_not_found",
    "detail": "Link it.",
}
GUARDED: Fields = {"outcome": "held", "action": "delete", "reason": "delete_guard", "detail": "Too many."}


async def synchronised(world: "World", invoice_id: str = "INV-1", **columns: str) -> UUID:
    """Store an invoice of two customers and what a run made of it."""
    lines = [
        world.line(1, customer_name="Contoso & Søns", product_code="MAIL"),
        world.line(2, customer_name="Contoso & Søns", product_code="PHONE", billing_cycle="Yearly"),
        world.line(3, customer_name="Contoso & Søns", product_code="MAIL", kind="credit", quantity=Decimal(-1)),
        world.line(4, customer_id="C-2", customer_name="Fabrikam", product_code="MAIL"),
        world.line(5, customer_id="C-3", customer_name="Zeta", product_code="MAIL", quantity=Decimal(0)),
    ]
    invoice_pk = await world.invoice(invoice_id, lines, **columns)
    items = [
        world.item(outcome="synced", action="unchanged", line_nos=[1, 3]),
        world.item(**REFUSED, line_nos=[2]),
        world.item(**NOT_FOUND, customer_name="Fabrikam", line_nos=[4]),
        world.item(**GUARDED, line_nos=[5]),
        world.item(**GUARDED, product_code=None, line_nos=[]),
    ]
    run_id = await world.run(invoice_pk, items)
    await world.finish(run_id, "partial")
    return run_id


def rows(page: "Page") -> list[str]:
    return page.texts("table.lines tbody tr:not(.customer)")


def line_nos(page: "Page") -> list[int]:
    return [int(text.split("line ")[1].split()[0]) for text in rows(page)]
