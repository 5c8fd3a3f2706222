"""What the same Sync would do under each choice that a person has at the first review (spec section 9)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from halosync.domain.billing_cycles import cycle_key
from halosync.domain.first_review import changes_price, needs_review
from halosync.domain.licences import state_of
from halosync.domain.model import Action, Cleanup, LicenceState, Outcome, PriceField
from halosync.domain.plan import PlanInput, PlannedItem, PlanSettings
from halosync.domain.planning import Picture

_NOTHING = Decimal(0)


class ReviewChoice(StrEnum):
    """What a person can mean by the first Sync with a Halo that others have filled."""

    OVERWRITE = "overwrite"
    """The invoice's price becomes the selling price."""
    AS_COST = "as_cost"
    """The invoice's price becomes the purchase price; selling prices stay."""
    LEAVE_PRICES = "leave_prices"
    """No price is written."""
    KEEP_OTHERS = "keep_others"
    """What halosync did not write is not cleaned up."""

    def applied_to(self, settings: PlanSettings) -> PlanSettings:
        """Return the settings by which a run does what this choice means; all others stay."""
        if self is ReviewChoice.KEEP_OTHERS:
            return replace(settings, cleanup=Cleanup.OWNED)
        return replace(settings, price_field=_PRICE_FIELDS[self])


_PRICE_FIELDS = {
    ReviewChoice.OVERWRITE: PriceField.PRICE,
    ReviewChoice.AS_COST: PriceField.PURCHASE_PRICE,
    ReviewChoice.LEAVE_PRICES: PriceField.NONE,
}


@dataclass(slots=True)
class SellingSum:
    """What licences of one billing cycle sell for, before and after, exactly; `billing_cycle` is one spelling of it."""

    billing_cycle: str
    before: Decimal = _NOTHING
    after: Decimal = _NOTHING


@dataclass(slots=True)
class ReviewOutlook:
    """What a Sync would do under a choice.

    Attributes:
        choice: which.
        prices: of how many licences that halosync has not written the selling price would change.
        costs: of how many licences the purchase price would change.
        removals: how many licences that halosync has not written would be removed.
        created, updated: how many licences would be created; changed in any way.
        selling: what all licences of the matched clients sell for, by billing cycle, before and after.
    """

    choice: ReviewChoice
    prices: int = 0
    costs: int = 0
    removals: int = 0
    created: int = 0
    updated: int = 0
    selling: Mapping[str, SellingSum] = field(default_factory=dict)


def outlooks(inputs: PlanInput) -> list[ReviewOutlook]:
    """Return what the same Sync would do under each choice, as if everything were approved."""
    picture = Picture(inputs)
    selling = {licence.id: licence.price for licence in inputs.licences}
    return [_outlook(choice, picture, inputs, selling) for choice in ReviewChoice]


def _outlook(
    choice: ReviewChoice, picture: Picture, inputs: PlanInput, selling: Mapping[int, Decimal | None]
) -> ReviewOutlook:
    settings = choice.applied_to(inputs.settings)
    outlook = ReviewOutlook(choice)
    sums: dict[str, SellingSum] = {}
    seen = set()
    for item in picture.items(settings):
        seen.add(item.halo_licence_id)
        reviewed = needs_review(item, settings.price_field, inputs.owned)
        outlook.removals += reviewed and item.action is Action.DELETE
        outlook.prices += reviewed and item.action is Action.UPDATE
        outlook.created += item.action is Action.CREATE
        outlook.updated += item.action is Action.UPDATE
        if settings.price_field is PriceField.PURCHASE_PRICE and item.action is Action.UPDATE:
            outlook.costs += changes_price(item)
        _add(sums, item, settings.price_field, selling.get(item.halo_licence_id or 0))
    for licence in picture.licences():
        if licence.id not in seen and (amount := _amount(state_of(licence, PriceField.PRICE), licence.price)):
            passed_by = _sum(sums, licence.billing_cycle)
            passed_by.before += amount
            passed_by.after += amount
    outlook.selling = sums
    return outlook


def _add(sums: dict[str, SellingSum], item: PlannedItem, price_field: PriceField, selling: Decimal | None) -> None:
    """Add what an item's licence sells for, before and after."""
    before = _amount(item.before, selling)
    after = before
    cycle = item.before.billing_cycle if item.before else None
    new_cycle = cycle
    if item.outcome in {Outcome.PENDING, Outcome.SYNCED}:
        price = item.after.price if item.after and price_field is PriceField.PRICE else selling
        after = _amount(item.after, price)
        new_cycle = item.after.billing_cycle if item.after else cycle
    if before:
        _sum(sums, cycle).before += before
    if after:
        _sum(sums, new_cycle).after += after


def _amount(state: LicenceState | None, price: Decimal | None) -> Decimal:
    """Return what a licence sells for; an inactive one bills nothing, an unset quantity or price neither."""
    if state is None or not state.active or state.quantity is None or price is None:
        return _NOTHING
    return state.quantity * price


def _sum(sums: dict[str, SellingSum], cycle: str | None) -> SellingSum:
    return sums.setdefault(cycle_key(cycle), SellingSum(cycle or ""))
