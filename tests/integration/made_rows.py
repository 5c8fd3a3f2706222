"""Rows made by hand, and a double of auth."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from devstack.fields import Fields
from halosync.contracts.connection import ConnectionEnded, EndConnection, RequestRefused
from halosync.contracts.message import Message
from halosync.messaging.sealing import new_private_key

ACME, RIVAL = "acme-msp", "rival-msp"

ISSUED = datetime(2026, 11, 5, 2, tzinfo=UTC)
_ITEM: dict[str, object] = {
    "customer_ids": ["C-1"],
    "customer_name": "Contoso",
    "halo_client_id": 7,
    "product_code": "MS-365-BP",
    "licence_name": "MS-365-BP",
    "halo_licence_id": None,
    "action": "create",
    "outcome": "pending",
    "reason": None,
    "detail": None,
    **{f"{when}_{name}": None for when in ("before", "after") for name in ("quantity", "price", "billing_cycle")},
    "before_active": None,
    "after_active": None,
    "line_nos": [],
    "batch_id": None,
}


def item(before: tuple[Any, ...] | None = None, after: tuple[Any, ...] | None = None, **columns: Any) -> Fields:
    """Columns of an item; before and after are (quantity, price, billing_cycle, active)."""
    made = {**_ITEM, **columns}
    for when, shape in (("before", before), ("after", after)):
        for name, value in zip(("quantity", "price", "billing_cycle", "active"), shape or (None,) * 4, strict=True):
            made[f"{when}_{name}"] = Decimal(value) if name in {"quantity", "price"} and value is not None else value
    return made


def line(line_no: int, **columns: Any) -> tuple[Any, ...]:
    """Return a row of invoice_line without its invoice."""
    made = {
        "line_no": line_no,
        "line_id": str(line_no),
        "customer_id": "C-1",
        "customer_name": "Contoso",
        "product_code": f"P-{line_no}",
        "product_name": "Product",
        "kind": "recurring",
        "quantity": Decimal(12),
        "unit_price": Decimal("31.50"),
        "billing_cycle": "Monthly",
        **columns,
    }
    return tuple(made.values())


@dataclass
class FakeAuth:
    """Answers as auth would; `reply` may be changed to anything, also to an error."""

    asked: list[Message] = field(default_factory=list)
    private_key: bytes = field(default_factory=new_private_key, repr=False)
    reply: Callable[[Message], Message] = lambda request: (
        ConnectionEnded(partner_id=request.partner_id)
        if isinstance(request, EndConnection)
        else RequestRefused(code="halo_unavailable", detail="Halo could not be reached.")
    )

    async def ask(self, request: Message) -> Message:
        """Remember and answer."""
        self.asked.append(request)
        return self.reply(request)
