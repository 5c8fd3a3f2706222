"""A long list by numbered pages, with its filters in the address: pages can be linked, reloaded and gone back to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query

PageNumber = Annotated[int, Query(alias="page", ge=1, le=1_000_000, description="Counted from 1.")]


@dataclass(frozen=True)
class Listing:
    """One page of a list.

    Attributes:
        path: the address of the list without its query.
        filters: what narrows the list; None and "" narrow nothing and are left out of addresses.
        asked: the page that was asked for; one behind the end shows the last.
        size: how many rows a page has at most.
        of: how many rows there are in all.
        parameter: what carries the page's number in the address; another than "page" where a page has several lists.
    """

    path: str
    filters: Mapping[str, str | None]
    asked: int
    size: int
    of: int
    parameter: str = "page"

    @property
    def pages(self) -> int:
        """How many pages there are: one at least, though it be empty."""
        return max(-(-self.of // self.size), 1)

    @property
    def number(self) -> int:
        """The page that is shown."""
        return min(self.asked, self.pages)

    @property
    def skip(self) -> int:
        """How many rows are before the page."""
        return (self.number - 1) * self.size

    @property
    def first(self) -> int:
        """The number of the first row of the page, counted from 1; 0 when there is none."""
        return self.skip + 1 if self.of else 0

    @property
    def last(self) -> int:
        """The number of the last row of the page."""
        return min(self.skip + self.size, self.of)

    @property
    def narrowed(self) -> bool:
        """Tell whether any filter is set."""
        return any(self.filters.values())

    def url(self, page: int = 1, **changed: str | None) -> str:
        """Return the address of a page, with some filters changed."""
        query = {name: value for name, value in {**self.filters, **changed}.items() if value}
        if page > 1:
            query[self.parameter] = str(page)
        return f"{self.path}?{urlencode(query)}" if query else self.path
