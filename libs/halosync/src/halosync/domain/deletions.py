"""Which deletions by somebody in Halo a plan agrees with (spec section 11, "Drift"): they are no edit any more.

What a plan has no opinion on stays missed: its creation anew would be an overwriting of what somebody did.
"""

from collections.abc import Collection, Iterable, Mapping

from halosync.domain.model import Outcome, Reason
from halosync.domain.names import name_key
from halosync.domain.plan import PlannedItem


def accepted_by_sync(
    vanished: Mapping[int, tuple[int, str]], items: Iterable[PlannedItem], cleaned_up: Collection[int]
) -> frozenset[int]:
    """Return the licences whose deletion the invoice agrees with: it bills none of the product, or it has another one.

    Args:
        vanished: client and product code of what was deleted, by licence id.
        items: the plan.
        cleaned_up: the clients of whose every product the plan says what it wants.
    """
    if not vanished:
        return frozenset()
    missed = {
        (item.halo_client_id, name_key(item.product_code))
        for item in items
        if item.product_code is not None and item.halo_licence_id is None and item.reason is not Reason.QUANTITY_ZERO
    }
    return frozenset(
        number
        for number, (client, code) in vanished.items()
        if client in cleaned_up and (client, name_key(code)) not in missed
    )


def accepted_by_undo(vanished: Mapping[int, tuple[int, str]], items: Iterable[PlannedItem]) -> frozenset[int]:
    """Return the licences that an undo finds gone as it wants them; what it leaves as it is says nothing of them."""
    synced = {item.halo_licence_id for item in items if item.outcome is Outcome.SYNCED}
    return frozenset(vanished.keys() & synced)
