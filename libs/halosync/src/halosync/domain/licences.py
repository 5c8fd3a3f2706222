"""What a licence in Halo is, and what an action would make of it (spec section 3, the table and `removal`)."""

from collections.abc import Container, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import assert_never

from halosync.domain import item_sentences
from halosync.domain.billing_cycles import same_cycle
from halosync.domain.decimals import same_on_wire
from halosync.domain.model import Licence, LicenceState, PriceField, Reason, Removal, Traits, WrittenLicence
from halosync.domain.products import Demand, Fault

_ZERO = Decimal(0)
_PURCHASE_PRICE, _NO_PRICE = PriceField.PURCHASE_PRICE, PriceField.NONE
# Python 3.11 calls a function for each look into an enum.


def state_of(licence: Licence, price_field: PriceField) -> LicenceState:
    """Return the observed state; its price is the field that the partner's setting names, `price` for `none`."""
    price = licence.purchase_price if price_field is _PURCHASE_PRICE else licence.price
    return LicenceState(licence.quantity, price, licence.billing_cycle, licence.is_active)


def traits_of(licence: Licence, price_field: PriceField, written: WrittenLicence | None) -> Traits:
    """Return what a licence is besides its state; `written` is what halosync remembers of it."""
    other = licence.price if price_field is PriceField.PURCHASE_PRICE else licence.purchase_price
    asked = written.asked_name if written is not None and written.kept_name == licence.name else None
    return Traits(licence.name, other, licence.licence_type, asked, licence.product_sku)


def other_prices(price_field: PriceField, price: Decimal | None, other: Decimal | None) -> dict[PriceField, Decimal]:
    """Return the prices that a create does not send by the partner's price field, by the field of each.

    `price` is the one of the state, `other` that of `Traits`.
    """
    field = PriceField.PRICE if price_field is PriceField.PURCHASE_PRICE else PriceField.PURCHASE_PRICE
    prices = {field: other}
    if price_field is PriceField.NONE:
        prices[PriceField.PRICE] = price
    return {name: value for name, value in prices.items() if value is not None}


def desired_state(demand: Demand, before: LicenceState | None, price_field: PriceField) -> LicenceState:
    """Return what a create (`before` None) or an update makes of a licence; price field `none` leaves the price.

    A billing cycle that Halo spells otherwise is the same one, and keeps Halo's spelling.
    """
    if price_field is not _NO_PRICE:
        price: Decimal | None = demand.price
    else:
        price = before.price if before is not None else None
    cycle: str | None = demand.billing_cycle
    if before is not None and same_cycle(before.billing_cycle, cycle):
        cycle = before.billing_cycle
    return LicenceState(demand.quantity, price, cycle, active=True)


def holds(observed: LicenceState, demand: Demand, price_field: PriceField) -> bool:
    """Tell whether Halo already holds what is wanted: `same_state` of the desired state, which is not made for it."""
    return (
        same_on_wire(demand.quantity, observed.quantity)
        and observed.active
        and (price_field is _NO_PRICE or same_on_wire(demand.price, observed.price))
        and same_cycle(demand.billing_cycle, observed.billing_cycle)
    )


def same_state(desired: LicenceState, observed: LicenceState) -> bool:
    """Tell whether Halo already holds `desired`, as far as Halo can hold it."""
    return (
        desired.active == observed.active
        and same_cycle(desired.billing_cycle, observed.billing_cycle)
        and same_on_wire(desired.quantity, observed.quantity)
        and same_on_wire(desired.price, observed.price)
    )


def choose(found: Sequence[Licence]) -> Licence | Fault | None:
    """Return the licence among those of one name: the only one, or the only active one, or none; never a guess."""
    if len(found) <= 1:
        return found[0] if found else None
    active = [licence for licence in found if licence.is_active]
    if len(active) == 1:
        return active[0]
    ordered = sorted(found, key=lambda licence: licence.id)
    ids = [licence.id for licence in ordered]
    return Fault(Reason.LICENCE_AMBIGUOUS, item_sentences.licence_ambiguous(ordered[0].name, ids, len(active)))


def is_removed(licence: Licence, removal: Removal, removed: Container[int]) -> bool:
    """Tell whether the licence already is what a removal would make of it.

    Halo's delete is probably soft (halo-api section 3), so a deleted licence may still be shown, inactive:
    `removed` are the ids that halosync has deleted.
    """
    match removal:
        case Removal.DELETE:
            return not licence.is_active and licence.id in removed
        case Removal.DEACTIVATE:
            return not licence.is_active
        case Removal.ZERO:
            return licence.quantity == _ZERO
        case _:
            assert_never(removal)


def after_removal(before: LicenceState, removal: Removal) -> LicenceState | None:
    """Return what a removal makes of a licence; None when it deletes it."""
    match removal:
        case Removal.DELETE:
            return None
        case Removal.DEACTIVATE:
            return replace(before, active=False)
        case Removal.ZERO:
            return replace(before, quantity=_ZERO)
        case _:
            assert_never(removal)
