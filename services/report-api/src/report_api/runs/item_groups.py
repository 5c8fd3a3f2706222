"""The items of a page as its table shows them: by customer, each reason said once, sorted as a person asks."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated

from fastapi import Query
from halosync.ports.item_views import ItemOrder, ItemSort
from pydantic import AfterValidator

from report_api.runs.views import ShownItem
from report_api.web.sorting import known_sort


def _known(text: str) -> str:
    return known_sort(list(ItemSort), text)


Sort = Annotated[
    str, Query(description="By what items are sorted, a minus in front: from behind."), AfterValidator(_known)
]
"""How a page of items is sorted; empty: in the plan's order."""


def order_of(sort: str, *, grouped: bool = True) -> ItemOrder | None:
    """Return the order that a page asks for; None: the plan's. `grouped`: the rows of a customer stay together."""
    return ItemOrder(ItemSort(sort.removeprefix("-")), sort.startswith("-"), grouped) if sort else None


@dataclass(frozen=True, slots=True)
class ItemGroup:
    """Items of one customer that follow each other.

    Attributes:
        said: an item for each reason that is said at the customer, because several of its items have it.
    """

    customer_id: str
    name: str
    items: Sequence[ShownItem]
    said: Sequence[ShownItem]


@dataclass(frozen=True, slots=True)
class ItemGroups:
    """The items of a page. `said`: the item whose reason is that of all of several customers, and stands above them."""

    groups: Sequence[ItemGroup]
    said: ShownItem | None

    def is_said(self, shown: ShownItem, group: ItemGroup) -> bool:
        """Tell whether the item's reason stands above it, so that its row does not say it again."""
        return any(_why(each) == _why(shown) for each in self._above(group))

    def which(self, shown: ShownItem, group: ItemGroup) -> str:
        """Return the name of the reason, where several stand above and it is one of them; else ""."""
        names = {each.reason for each in self._above(group)}
        return shown.reason or "" if len(names) > 1 and self.is_said(shown, group) else ""

    def _above(self, group: ItemGroup) -> Sequence[ShownItem]:
        return group.said if self.said is None else (self.said,)


def by_customer(items: Sequence[ShownItem]) -> ItemGroups:
    """Return the items of a page in groups, one for each customer, in the order of the items."""
    found = [
        (next(iter(ids), ""), name, list(of_customer))
        for (ids, name), of_customer in groupby(
            items, key=lambda each: (tuple(each.item.customer_ids), each.item.customer_name)
        )
    ]
    reasons = {_why(each): each for each in items if each.reason}
    with_reason = sum(any(each.reason for each in of_customer) for _, _, of_customer in found)
    common = next(iter(reasons.values())) if len(reasons) == 1 and with_reason > 1 else None
    return ItemGroups(
        [ItemGroup(*each, said=() if common else _said_of_several(each[2])) for each in found],
        common,
    )


def _said_of_several(items: Sequence[ShownItem]) -> Sequence[ShownItem]:
    times = Counter(_why(each) for each in items if each.reason)
    first = {_why(each): each for each in reversed(items)}
    return [first[why] for why, many in times.items() if many > 1]


def _why(shown: ShownItem) -> tuple[str | None, str | None]:
    return shown.reason, shown.item.detail
