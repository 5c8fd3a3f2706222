"""What somebody has edited in Halo since halosync wrote it (spec section 11, "Drift")."""

from collections.abc import Container
from dataclasses import replace
from decimal import Decimal

from halosync.domain import item_sentences
from halosync.domain.billing_cycles import same_cycle
from halosync.domain.decimals import plain, same_on_wire
from halosync.domain.licences import state_of
from halosync.domain.model import Action, Drift, LastWritten, Licence, Outcome, PriceField, Reason
from halosync.domain.plan import PlannedItem


def drift_of(licence: Licence, last: LastWritten | None, price_field: PriceField) -> tuple[Drift, ...]:
    """Return the fields that are not as halosync wrote them last; `last` None: nothing is known of that.

    A price counts where it is the field that the partner's setting names, now as then.
    """
    if last is None:
        return ()
    wrote, has = last.state, state_of(licence, price_field)
    found = []
    if last.name != licence.name:
        found.append(Drift("name", last.name, licence.name))
    if not same_on_wire(wrote.quantity, has.quantity):
        found.append(Drift("quantity", _number(wrote.quantity), _number(has.quantity)))
    price_counts = last.price_field is price_field is not PriceField.NONE
    if price_counts and not same_on_wire(wrote.price, has.price):
        found.append(Drift("price", _number(wrote.price), _number(has.price)))
    if not same_cycle(wrote.billing_cycle, has.billing_cycle):
        found.append(Drift("billing_cycle", wrote.billing_cycle, has.billing_cycle))
    if wrote.active != has.active:
        found.append(Drift("active", wrote.active, has.active))
    return tuple(found)


def deletion_of(licence_id: int, now_at: int | None = None) -> Drift:
    """Return the drift of a licence that halosync wrote and somebody has deleted, or moved to the client `now_at`."""
    return Drift("licence", str(licence_id), None if now_at is None else str(now_at))


def overwrites_edit(item: PlannedItem) -> bool:
    """Tell whether an item that is to be carried out would change something that somebody has edited in Halo.

    A create has a drift only where it would bring back what somebody has deleted.
    """
    if item.outcome is not Outcome.PENDING or not item.drift:
        return False
    before, after = item.before, item.after
    if item.action in {Action.CREATE, Action.DELETE} or before is None or after is None:
        return item.action in {Action.CREATE, Action.DELETE, Action.UPDATE}
    stays = {
        "name": item.set_name is None,
        "quantity": same_on_wire(before.quantity, after.quantity),
        "price": same_on_wire(before.price, after.price),
        "billing_cycle": same_cycle(before.billing_cycle, after.billing_cycle),
        "active": before.active == after.active,
    }
    return not all(stays[each.field] for each in item.drift)


def hold_edited(items: list[PlannedItem], approved: Container[int]) -> None:
    """Hold, in place, what would overwrite an edit; `approved` are the places that a person has released."""
    for place, item in enumerate(items):
        if overwrites_edit(item) and place not in approved:
            detail = item_sentences.edited_in_halo(item.drift, item.action)
            items[place] = replace(item, outcome=Outcome.HELD, reason=Reason.EDITED_IN_HALO, detail=detail)


def _number(value: Decimal | None) -> str | None:
    return None if value is None else plain(value.normalize())
