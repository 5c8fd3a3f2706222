"""The items of a run as people and programs look at them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from halosync.domain.model import Action, Drift, LicenceState, Outcome, Undone
from halosync.domain.plan import ItemHead
from halosync.ports.sort_order import SortOrder


@dataclass(frozen=True, slots=True)
class ItemView(ItemHead):
    """An item: one product of one client, or one licence that is to be cleaned up.

    Attributes:
        seq: its place in the plan.
        before: the licence as Halo showed it; None if there was none.
        after: the licence as planned; None if there will be none.
        item_key: the same for the same thing in every run of the month (spec section 11).
        drift: what somebody has edited in Halo since halosync wrote the licence.
        restores_licence_id: the deleted licence that this item brings back; None: it brings none back.
        undone: what undos have made of what it did; None: it stands.
    """

    item_id: int
    seq: int
    reason: str | None
    detail: str | None
    before: LicenceState | None
    after: LicenceState | None
    attempts: int
    item_key: str
    drift: Sequence[Drift] = ()
    restores_licence_id: int | None = None
    undone: Undone | None = None


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items: with this outcome, with this action, with this text in a name, code or reason. None: any."""

    outcome: Outcome | None = None
    action: Action | None = None
    q: str | None = None


class ItemSort(StrEnum):
    """What items can be sorted by."""

    CUSTOMER = "customer"
    PRODUCT = "product"
    ACTION = "action"
    """Removals first, then what is created, updated and left alone."""
    QUANTITY = "quantity"
    PRICE = "price"
    COST = "cost"
    """What the licence costs before."""
    CYCLE = "cycle"
    OUTCOME = "outcome"
    """What needs somebody first."""


@dataclass(frozen=True, slots=True)
class ItemOrder(SortOrder[ItemSort]):
    """Another order than the plan's. What has no value always comes last.

    Attributes:
        grouped: whether the items of a customer stay together, where the first of them would stand.
    """

    grouped: bool = True


@dataclass(frozen=True, slots=True)
class ItemCounts:
    """How many items of a run have each outcome and action, of those that fit a text."""

    by_both: Mapping[tuple[Outcome, Action], int]

    def of(self, outcome: str | None = None, action: str | None = None) -> int:
        """Return how many have this outcome and this action; None stands for any."""
        return sum(
            items
            for (of_outcome, of_action), items in self.by_both.items()
            if outcome in (None, of_outcome) and action in (None, of_action)
        )
