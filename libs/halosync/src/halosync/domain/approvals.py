"""Held changes that a person has released one by one (spec section 11, "Approving in parts")."""

from collections.abc import Sequence

from halosync.domain.model import Outcome
from halosync.domain.plan import ItemChange, PlannedItem


def change_of(item: PlannedItem) -> ItemChange:
    """Return what an item would change, by which an approval knows it again."""
    return ItemChange(
        item.halo_client_id,
        item.halo_licence_id,
        item.product_code,
        item.action,
        item.before,
        item.after,
        item.set_name,
        item.licence_name if item.was is None else item.was.name,
    )


def released_places(items: Sequence[PlannedItem], approved: frozenset[ItemChange]) -> frozenset[int]:
    """Return the places of the items that are still the change which a person has released."""
    if not approved:
        return frozenset()
    return frozenset(
        place for place, item in enumerate(items) if item.outcome is Outcome.PENDING and change_of(item) in approved
    )
