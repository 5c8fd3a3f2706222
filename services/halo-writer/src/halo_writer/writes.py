"""From an action to what is sent."""

from decimal import Decimal

from halosync.domain.model import Action, LicenceState, PriceField, Removal
from halosync.ports.batch_work import BatchAtWork, OpenAction
from halosync.ports.licence_write import LicenceWrite


def write_of(action: OpenAction, batch: BatchAtWork) -> LicenceWrite:
    """Return the array element of an action."""
    if action.action is Action.DELETE:
        return removal_write(action.client_id, action.licence_id or 0, batch.removal)
    after = wanted_state(action)
    adopted = action.action is Action.CREATE and action.licence_id is not None
    # A create is active by itself; an update says so only where that changes.
    was_active = action.before is None or action.before.active
    return LicenceWrite(
        client_id=action.client_id,
        licence_id=action.licence_id,
        name=action.set_name,
        quantity=after.quantity,
        price=after.price,
        price_field=batch.price_field,
        billing_cycle=after.billing_cycle,
        is_active=after.active if adopted or after.active != was_active else None,
        unset=_unset(action.before, after, batch.price_field),
        new=action.new,
    )


def _unset(before: LicenceState | None, after: LicenceState, price_field: PriceField) -> frozenset[str]:
    """Return the fields that are to be empty again, by Halo's names: only an undo asks for that."""
    if before is None:
        return frozenset()
    price = None if price_field is PriceField.NONE else price_field.value
    fields = (
        ("count", before.quantity, after.quantity),
        (price, before.price, after.price),
        ("billing_cycle", before.billing_cycle, after.billing_cycle),
    )
    return frozenset(name for name, was, wanted in fields if name and was is not None and wanted is None)


def removal_write(client_id: int, licence_id: int, removal: Removal) -> LicenceWrite:
    """Return the write of a removal that is not a delete."""
    if removal is Removal.ZERO:
        return LicenceWrite(client_id=client_id, licence_id=licence_id, quantity=Decimal(0))
    return LicenceWrite(client_id=client_id, licence_id=licence_id, is_active=False)


def wanted_state(action: OpenAction) -> LicenceState:
    """Return the state that an action is to reach, which each but a delete has."""
    if action.after is None:
        raise ValueError(f"item {action.item_id}: {action.action} without a state to reach")
    return action.after
