"""What waits for a person at the first Sync with a Halo that others have filled (spec section 9, "First review")."""

from collections.abc import Container, Sequence
from dataclasses import replace

from halosync.domain import item_sentences
from halosync.domain.decimals import same_on_wire
from halosync.domain.model import Action, Licence, LicenceState, Outcome, PriceField, Reason
from halosync.domain.plan import PlannedItem


def needs_review(item: PlannedItem, price_field: PriceField, owned: Container[int]) -> bool:
    """Tell whether an item would remove a licence, or change its selling price, that halosync has not written.

    What a licence costs the partner (`purchase_price`) is no price that anybody pays, so writing it needs no review.
    """
    if item.outcome is not Outcome.PENDING or item.halo_licence_id is None or item.halo_licence_id in owned:
        return False
    if item.action is Action.DELETE:
        return True
    return item.action is Action.UPDATE and price_field is PriceField.PRICE and changes_price(item)


def changes_price(item: PlannedItem) -> bool:
    """Tell whether an item leaves its licence with another price than it has, as far as Halo can tell them apart."""
    before, after = item.before, item.after
    return before is not None and after is not None and not same_on_wire(after.price, before.price)


def reprices(licence: Licence, after: LicenceState, price_field: PriceField) -> bool:
    """Tell whether a licence would get another selling price, as `needs_review` asks it of a plan's items."""
    return price_field is PriceField.PRICE and not same_on_wire(after.price, licence.price)


def hold_for_review(items: list[PlannedItem], places: Sequence[int]) -> None:
    """Hold, in place, the items of `items` at `places`."""
    for place in places:
        item = items[place]
        detail = item_sentences.first_review(len(places), removal=item.action is Action.DELETE)
        items[place] = replace(item, outcome=Outcome.HELD, reason=Reason.FIRST_REVIEW, detail=detail)
