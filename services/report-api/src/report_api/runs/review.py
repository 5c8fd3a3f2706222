"""The first review as pages show it: what waits, examples, sums, and what each choice means (spec section 9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Literal

from fastapi import Depends, Query
from halosync.domain.model import Action, Removal
from halosync.domain.natural_order import natural_key
from halosync.domain.removal_sentences import REMOVAL_EFFECTS
from halosync.domain.review_choices import ReviewChoice, ReviewOutlook
from halosync.ports.reviews import ReviewGroup
from halosync.ports.run_views import Cost
from pydantic import AfterValidator

from report_api.ports import Ports
from report_api.runs.models import Item, LicenceShape, Run
from report_api.runs.views import ShownItem, shown_item
from report_api.settings.service import stored_settings
from report_api.web.formats import plural
from report_api.web.paging import NumberedPage
from report_api.web.sorting import Sorts

EXAMPLES = 10
_CENT = Decimal("0.01")

SETTINGS: Mapping[ReviewChoice, tuple[str, str]] = {
    ReviewChoice.OVERWRITE: ("price_field", "price"),
    ReviewChoice.AS_COST: ("price_field", "purchase_price"),
    ReviewChoice.LEAVE_PRICES: ("price_field", "none"),
    ReviewChoice.KEEP_OTHERS: ("cleanup", "owned"),
}
"""The setting that a choice sets, and to what."""

_TITLES: Mapping[ReviewChoice, tuple[str, str]] = {
    ReviewChoice.OVERWRITE: (
        "Overwrite selling prices",
        "The price of the distributor's invoice becomes what your customer pays for the licence.",
    ),
    ReviewChoice.AS_COST: (
        "Write our price as your cost",
        (
            "The price of the invoice goes into Halo's purchase price. What your customers pay stays as it is; "
            "a new licence has no selling price until you enter one."
        ),
    ),
    ReviewChoice.LEAVE_PRICES: (
        "Leave prices alone",
        "Only quantities and billing cycles are synchronised. A new licence gets no price.",
    ),
    ReviewChoice.KEEP_OTHERS: (
        "Keep what others wrote",
        "Licences that are not on the invoice stay, unless Converge wrote them. Prices are as set now.",
    ),
}


def _planned(shown: ShownItem) -> LicenceShape | None:
    """Return the licence as it is to be; one that is to be removed as it is."""
    return shown.item.after or shown.item.before


def _amount(shape: LicenceShape | None, field: Literal["quantity", "price"]) -> Decimal:
    return (None if shape is None else getattr(shape, field)) or Decimal(0)


def _cycle(shape: LicenceShape | None) -> str:
    return (None if shape is None else shape.billing_cycle) or ""


SORTS: Sorts[ShownItem] = Sorts(
    usual=lambda _: 0,
    by={
        "customer": lambda shown: natural_key(shown.item.customer_name),
        "licence": lambda shown: natural_key(shown.item.licence_name or shown.item.product_code or ""),
        "quantity": lambda shown: _amount(_planned(shown), "quantity"),
        "price": lambda shown: _amount(shown.item.before, "price"),
        "new_price": lambda shown: _amount(_planned(shown), "price"),
        "cycle": lambda shown: natural_key(_cycle(_planned(shown))),
    },
    then=None,  # they come by what they change in money
)

_Sort = Annotated[
    str, Query(description="By what examples are sorted, a minus in front: from behind."), AfterValidator(SORTS.known)
]
ReviewSorts = Mapping[Action, str]


async def _sorts(prices_sort: _Sort = "", gone_sort: _Sort = "") -> ReviewSorts:
    return {Action.UPDATE: prices_sort, Action.DELETE: gone_sort}


ReviewSortsHere = Annotated[ReviewSorts, Depends(_sorts)]
"""How the examples of each kind are sorted, as an argument of a page; empty: what changes most first."""

_SORT_NAMES: ReviewSorts = {Action.UPDATE: "prices_sort", Action.DELETE: "gone_sort"}


@dataclass(frozen=True, slots=True)
class Examples:
    """Those items of a kind that change most, and how they are sorted on the page at `path`."""

    rows: Sequence[ShownItem]
    path: str
    action: Action
    sorts: ReviewSorts

    @property
    def sort(self) -> str:
        """How they are sorted."""
        return self.sorts[self.action]

    def address(self, *, sort: str) -> str:
        """Return the address of another order of them."""
        kept = {_SORT_NAMES[action]: each for action, each in {**self.sorts, self.action: sort}.items()}
        return NumberedPage.whole(self.path, kept, len(self.rows)).url()


@dataclass(frozen=True, slots=True)
class ShownChoice:
    """A choice and what the same Sync would do under it.

    Attributes:
        does: what it would do, a few words each.
        selling: what all licences of the customers on the invoice sell for by billing cycle, in cents.
        is_current: the settings are so already.
    """

    choice: ReviewChoice
    title: str
    meaning: str
    does: Sequence[str]
    selling: Sequence[Cost]
    is_current: bool


@dataclass(frozen=True, slots=True)
class ShownReview:
    """What waits for the first review.

    `held` is the number to approve; `examples` are by kind, biggest change first; `removal_effect` says what the
    partner's way of removal does to Halo's recurring invoices.
    """

    held: int
    groups: Sequence[ReviewGroup]
    examples: Mapping[Action, Examples]
    choices: Sequence[ShownChoice]
    removal_effect: str

    def group(self, action: str) -> ReviewGroup | None:
        """Return what waits and is of one kind; None: nothing."""
        return next((group for group in self.groups if group.action == action), None)


async def shown_review(
    ports: Ports, run: Run, removal: Removal | None, path: str, sorts: ReviewSorts
) -> ShownReview | None:
    """Return what a run holds for the first review, for the page at `path`; None: nothing.

    `removal` is what the run was planned with.
    """
    groups = await ports.reviews.groups(run.run_id)
    if not groups:
        return None
    examples = {}
    for group in groups:
        items = await ports.reviews.examples(run.run_id, group.action, EXAMPLES)
        shown = SORTS.sorted((shown_item(Item.model_validate(item), run) for item in items), sorts[group.action])
        examples[group.action] = Examples(shown, path, group.action, sorts)
    settings = (await stored_settings(ports, run.partner_id)).model_dump()
    outlooks = await ports.reviews.outlooks(run.run_id)
    choices = [_choice(outlook, settings) for outlook in outlooks]
    effect = "" if removal is None else REMOVAL_EFFECTS[removal]
    return ShownReview(sum(group.items for group in groups), groups, examples, choices, effect)


def _choice(outlook: ReviewOutlook, settings: Mapping[str, object]) -> ShownChoice:
    title, meaning = _TITLES[outlook.choice]
    name, value = SETTINGS[outlook.choice]
    prices, costs, removals = outlook.prices, outlook.costs, outlook.removals
    does = [
        f"{plural(prices, 'selling price')} would change" if prices else "No selling price would change",
        *([f"{plural(costs, 'purchase price')} would change"] if costs else []),
        f"{plural(removals, 'licence')} of others would be removed"
        if removals
        else "No licence of others would be removed",
        f"{plural(outlook.created, 'licence')} would be created",
    ]
    selling = [
        Cost(each.billing_cycle or None, _cents(each.before), _cents(each.after))
        for _, each in sorted(outlook.selling.items())
    ]
    return ShownChoice(outlook.choice, title, meaning, does, selling, is_current=settings[name] == value)


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)
