"""From an action to what is sent, and from what is seen in Halo to whether an action was applied."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from halosync.domain import item_sentences
from halosync.domain.licences import choose, is_removed, same_state, state_of
from halosync.domain.model import Action, Licence, LicenceState, PriceField, Reason, Removal
from halosync.domain.names import name_key
from halosync.domain.products import Fault
from halosync.ports.batch_work import BatchAtWork, OpenAction
from halosync.ports.licence_write import LicenceWrite


def write_of(action: OpenAction, batch: BatchAtWork) -> LicenceWrite:
    """Return the array element of an action."""
    if action.action is Action.DELETE:
        return removal_write(action.client_id, action.licence_id or 0, batch.removal)
    after = _after(action)
    adopted = action.action is Action.CREATE and action.licence_id is not None
    reactivated = adopted or (action.before is not None and not action.before.active)
    return LicenceWrite(
        client_id=action.client_id,
        licence_id=action.licence_id,
        name=action.set_name,
        quantity=after.quantity,
        price=after.price,
        price_field=batch.price_field,
        billing_cycle=after.billing_cycle,
        is_active=True if reactivated else None,
    )


def removal_write(client_id: int, licence_id: int, removal: Removal) -> LicenceWrite:
    """Return the write of a removal that is not a delete."""
    if removal is Removal.ZERO:
        return LicenceWrite(client_id=client_id, licence_id=licence_id, quantity=Decimal(0))
    return LicenceWrite(client_id=client_id, licence_id=licence_id, is_active=False)


def _after(action: OpenAction) -> LicenceState:
    if action.after is None:
        raise ValueError(f"item {action.item_id}: {action.action} without a state to reach")
    return action.after


@dataclass(frozen=True, slots=True)
class Done:
    """Halo shows the action's effect."""

    licence_id: int | None


@dataclass(frozen=True, slots=True)
class NotDone:
    """Halo does not show it: the action may be sent (again)."""


@dataclass(frozen=True, slots=True)
class Adopt:
    """A create finds a licence of its name that is not as wanted: it goes on as an update of that one."""

    licence_id: int


@dataclass(frozen=True, slots=True)
class Stuck:
    """Sending it again would do harm."""

    reason: Reason
    detail: str


Finding = Done | NotDone | Adopt | Stuck


def look(action: OpenAction, batch: BatchAtWork, licences: Sequence[Licence]) -> Finding:
    """Compare an action with the licences that its client has in Halo now (spec section 5.2).

    `licences` are all of the client's licences, inactive ones too, without those that Halo calls deleted.
    """
    if action.action is Action.CREATE and action.licence_id is None:
        return _look_for_created(action, batch, licences)
    found = next((licence for licence in licences if licence.id == action.licence_id), None)
    if action.action is Action.DELETE:
        # Whoever looks after a delete was sent takes an inactive licence for a deleted one: Halo's delete may be soft.
        # One that was inactive before says nothing.
        was_active = action.before is not None and action.before.active
        ours = {found.id} if found is not None and was_active else set[int]()
        gone = found is None or is_removed(found, batch.removal, ours)
        return Done(action.licence_id) if gone else NotDone()
    if found is None:
        return Stuck(Reason.HALO_REJECTED, item_sentences.vanished(action.licence_id))
    return Done(found.id) if _as_wanted(found, action, batch.price_field) else NotDone()


def _look_for_created(action: OpenAction, batch: BatchAtWork, licences: Sequence[Licence]) -> Finding:
    wanted = name_key(action.set_name or action.licence_name)
    found = choose([licence for licence in licences if name_key(licence.name) == wanted])
    if found is None:
        return NotDone()
    if isinstance(found, Fault):
        return Stuck(found.reason, found.detail)
    return Done(found.id) if _as_wanted(found, action, batch.price_field) else Adopt(found.id)


def _as_wanted(licence: Licence, action: OpenAction, price_field: PriceField) -> bool:
    observed = state_of(licence, price_field)
    wanted = _after(action)
    if price_field is PriceField.NONE:
        wanted = replace(wanted, price=observed.price)
    return same_state(wanted, observed) and (action.set_name is None or licence.name == action.set_name)
