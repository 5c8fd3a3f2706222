"""The items of a page as its table shows them: by customer, each reason said once, sorted as a person asks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated

from fastapi import Depends, Query
from halosync.domain.model import Reason
from halosync.ports.item_views import ItemOrder, ItemSort
from pydantic import AfterValidator

from report_api.runs.said_reasons import SharedReason, SharedReasons, Told, shared_reasons
from report_api.runs.views import ShownItem
from report_api.web.paging import NumberedPage, PageNumber, Rows, rows_of
from report_api.web.sorting import known_sort, order_of


def _known(text: str) -> str:
    return known_sort(list(ItemSort), text)


Sort = Annotated[
    str, Query(description="By what items are sorted, a minus in front: from behind."), AfterValidator(_known)
]
"""How a page of items is sorted; empty: in the plan's order."""


@dataclass(frozen=True, slots=True)
class ItemRows:
    """Which of the items that fit a page shows: how they are sorted, how many it has, and which page it is."""

    sort: str
    rows: Rows
    number: int

    def listing(self, path: str, filters: Mapping[str, str | None], total: int) -> NumberedPage:
        """Return the page of the list at `path`, which `filters` narrow to `total` items."""
        kept = {**filters, "sort": self.sort, "rows": self.rows}
        return NumberedPage(path, kept, self.number, rows_of(self.rows), total)


async def _asked(sort: Sort = "", rows: Rows = "", number: PageNumber = 1) -> ItemRows:
    return ItemRows(sort, rows, number)


ItemRowsHere = Annotated[ItemRows, Depends(_asked)]
"""The rows that the address asks for, as an argument of a page."""


def item_order_of(sort: str, *, grouped: bool = True) -> ItemOrder | None:
    """Return the order that a page asks for; None: the plan's. `grouped`: the rows of a customer stay together."""
    order = order_of(ItemSort, sort)
    return None if order is None else ItemOrder(order.sort, order.descending, grouped)


@dataclass(frozen=True, slots=True)
class ItemGroup:
    """Items of one customer that follow each other.

    Attributes:
        said: what is said at the customer, because several of its items have it.
    """

    customer_id: str
    name: str
    items: Sequence[ShownItem]
    said: Sequence[SharedReason[ShownItem]]


@dataclass(frozen=True, slots=True)
class RowWords:
    """What the row of an item says of its reason. `in_full`: nothing above it does, so its remedy stands there too."""

    name: str = ""
    text: str = ""
    in_full: bool = False


@dataclass(frozen=True, slots=True)
class ItemGroups:
    """The items of a page, and the reasons that several customers have, which stand above them."""

    groups: Sequence[ItemGroup]
    shared: SharedReasons[ShownItem]

    @property
    def with_activity(self) -> bool:
        """Tell whether some licence is inactive, before or after: else nothing is to be said of that."""
        items = (shown.item for group in self.groups for shown in group.items)
        return any(shape is not None and not shape.active for each in items for shape in (each.before, each.after))

    @property
    def rows_tell(self) -> bool:
        """Tell whether a row says anything of its reason that does not stand above it."""
        return any(self.words(shown, group) != RowWords() for group in self.groups for shown in group.items)

    def words(self, shown: ShownItem, group: ItemGroup) -> RowWords:
        """Return what the row of an item says: its reason's name where several stand above it, and what is its own."""
        if shown.reason is None:
            return RowWords(text=shown.item.detail or "")
        own = _own(self.shared, shown)
        at_customer = any((each.name, each.text) == (shown.reason, own) for each in group.said)
        if shown.reason not in self.shared.shared and not at_customer:
            return RowWords(shown.reason, own, in_full=True)
        several = len({each.name for each in (*self.shared.above, *group.said)}) > 1
        return RowWords(shown.reason if several else "", "" if at_customer else own)


def by_customer(items: Sequence[ShownItem]) -> ItemGroups:
    """Return the items of a page in groups, one for each customer, in the order of the items."""
    found = [
        (customer, list(of_customer))
        for customer, of_customer in groupby(
            items, key=lambda each: (tuple(each.item.customer_ids), each.item.customer_name)
        )
    ]
    told = (
        Told(each, customer, each.reason, each.item.detail or "")
        for customer, of_customer in found
        for each in of_customer
        if each.reason
    )
    shared = shared_reasons(told)
    groups = [
        ItemGroup(next(iter(ids), ""), name, of_customer, _said_of_several(of_customer, shared))
        for (ids, name), of_customer in found
    ]
    return ItemGroups(groups, shared)


def _said_of_several(items: Sequence[ShownItem], shared: SharedReasons[ShownItem]) -> Sequence[SharedReason[ShownItem]]:
    said = {(each.reason, _own(shared, each)): each for each in reversed(items) if each.reason}
    times = Counter((each.reason, _own(shared, each)) for each in items if each.reason)
    return [
        SharedReason(name or "", text, said[name, text])
        for (name, text), many in times.items()
        if many > 1 and (text or name not in shared.shared)
    ]


def _own(shared: SharedReasons[ShownItem], shown: ShownItem) -> str:
    """Return what an item says for itself. What was edited in Halo stands beside its values."""
    name = shown.reason or ""
    if name in shared.shared and shown.item.reason == Reason.EDITED_IN_HALO and shown.item.drift:
        return ""
    return shared.own(name, shown.item.detail or "")
