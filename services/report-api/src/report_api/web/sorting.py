"""Orders of a list that is read whole, as the heads of its columns offer them; others are sorted in SQL."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from halosync.ports.sort_order import Column, SortOrder

Row = TypeVar("Row")
SortKey = Callable[[Row], Any]


@dataclass(frozen=True)
class Sorts(Generic[Row]):
    """What a list can be sorted by, each name with a minus in front: from behind.

    Attributes:
        usual: the order that nobody asked for.
        by: the columns by their names in an address.
        then: what rows that are equal there are sorted by, always from the front; None: they come in that order.
    """

    usual: SortKey[Row]
    by: Mapping[str, SortKey[Row]]
    then: SortKey[Row] | None

    def known(self, text: str) -> str:
        """Return the sort of an address; raises ValueError where there is no such column."""
        return known_sort(self.by, text)

    def of(self, list_query: Mapping[str, str]) -> str:
        """Return the sort of the list that a form stood on; the usual one where there is no such column."""
        return self.or_usual(list_query.get("sort", ""))

    def or_usual(self, text: str) -> str:
        """Return the sort of an address that was typed by hand; the usual one where there is no such column."""
        return text if text.removeprefix("-") in self.by else ""

    def sorted(self, rows: Iterable[Row], sort: str = "") -> list[Row]:
        """Return the rows in an order; empty: the usual one."""
        name = sort.removeprefix("-")
        found = sorted(rows, key=self.then) if self.then else rows
        return sorted(found, key=self.by[name] if name else self.usual, reverse=sort.startswith("-"))


def order_of(columns: type[Column], text: str) -> SortOrder[Column] | None:
    """Return the order that the sort of an address means; None: the usual one.

    Raises:
        ValueError: there is no such column.
    """
    return SortOrder(columns(text.removeprefix("-")), text.startswith("-")) if text else None


def known_sort(names: Collection[str], text: str) -> str:
    """Return the sort of an address, empty for the usual order; raises ValueError where it names no column."""
    if text and text.removeprefix("-") not in names:
        raise ValueError(f"must be one of {', '.join(names)}, or one of them behind a minus")
    return text
