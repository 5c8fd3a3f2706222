"""Licences of a month, made by hand."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from devstack.fields import Fields

if TYPE_CHECKING:
    from tests.integration.conftest import World

PARTNER = "acme-msp"


async def licence(world: "World", number: int, *, partner: str = PARTNER, **columns: Any) -> None:
    """Store what Halo was last seen to hold of a licence."""
    made = {
        "quantity": Decimal(12),
        "price": Decimal("31.50"),
        "billing_cycle": "Monthly",
        "is_active": True,
        **columns,
    }
    await world.pool.execute(
        "INSERT INTO halo_licence (partner_id, halo_licence_id, halo_client_id, name, quantity, price, purchase_price,"
        " billing_cycle, is_active) VALUES ($1, $2, 7, 'a licence', $3, $4, $4, $5, $6)",
        partner,
        number,
        *made.values(),
    )


SYNCED: Fields = {"outcome": "synced", "action": "create", "after": ("12", "31.50", "Monthly", True)}
