"""All that is unmatched, customers and products, in one place: with its money and lines, the most money first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Generic
from urllib.parse import parse_qsl, urlencode

from halosync.domain.natural_order import natural_key
from halosync.ports.links import Billed, Link, LinkPicture, Target

from report_api.links.entries import ListEntry, entries_of
from report_api.links.kind import LinkKind, LinkRow
from report_api.web.paging import NumberedPage, page_of
from report_api.web.sorting import Sorts

A_PAGE = 50
"""Rows of each table. Suggestions for so many take about 0.3 s with 5,000 clients (`bench/links.py`)."""


@dataclass(frozen=True, slots=True)
class UnmatchedRows(Generic[Link]):
    """A page of what is unmatched of one kind.

    Attributes:
        entries: the most money first.
        listing: which of them these are.
        amount: what all of them together cost, also those on other pages; lines that recur, each rounded to cents.
        currency: that of the newest invoice.
        is_read: Halo was read, so it is known what matches.
        sort: how they are sorted; empty: the most money first.
        sorted_by: what carries `sort` in the address.
    """

    entries: Sequence[ListEntry[Link]]
    listing: NumberedPage
    amount: Decimal
    currency: str
    is_read: bool
    sort: str
    sorted_by: str

    def address(self, sort: str) -> str:
        """Return the address of another order of these rows; what stands below or above stays as it is."""
        return replace(self.listing, filters={**self.listing.filters, self.sorted_by: sort}).url()


SORTS: Sorts[tuple[LinkRow[Any], Billed]] = Sorts(
    usual=lambda each: -each[1].amount,
    by={
        "name": lambda each: natural_key(each[0].called),
        "billed": lambda each: each[1].amount,
        "lines": lambda each: each[1].lines,
    },
    then=lambda each: (natural_key(each[0].called), each[0].key),
)


def unmatched_rows_of(
    kind: LinkKind[Link, Target], picture: LinkPicture[Link, Target], listing: NumberedPage, sorted_by: str
) -> UnmatchedRows[Link]:
    """Return a page of what is billed and unmatched; how many those are is found here, whatever `listing` says.

    Comparing thousands of names takes long: use a thread.
    """
    every = kind.rows(picture)
    sort = listing.filters[sorted_by] or ""
    found = ((row, picture.billed[row.key]) for row in every if row.is_unmatched and row.key in picture.billed)
    rows = [row for row, _ in SORTS.sorted(found, sort)]
    listing = replace(listing, total=len(rows))
    shown = rows[listing.skip : listing.skip + listing.size]
    return UnmatchedRows(
        entries=entries_of(kind, picture, every, shown),
        listing=listing,
        amount=sum((picture.billed[row.key].amount for row in rows), Decimal(0)),
        currency=picture.currency,
        is_read=picture.read_at is not None,
        sort=sort,
        sorted_by=sorted_by,
    )


@dataclass(frozen=True, slots=True)
class UnmatchedView:
    """How a person looks at the two tables of all that is unmatched: which page of each, in which order."""

    page: int = 1
    products: int = 1
    sort: str = ""
    products_sort: str = ""

    @classmethod
    def back(cls, text: str) -> "UnmatchedView":
        """Return the view that a form's field `back` leads to."""
        query = dict(parse_qsl(text))
        page, products = (page_of(query.get(name, "")) for name in ("page", "products"))
        sort, products_sort = (SORTS.or_usual(query.get(name, "")) for name in ("sort", "products_sort"))
        return cls(page, products, sort, products_sort)

    @property
    def query(self) -> dict[str, str]:
        """Return the view as a query, without what is usual."""
        pages = {name: str(page) for name, page in (("page", self.page), ("products", self.products)) if page > 1}
        sorts = {"sort": self.sort, "products_sort": self.products_sort}
        return pages | {name: sort for name, sort in sorts.items() if sort}

    @property
    def text(self) -> str:
        """Return the query as text, for the field `back`."""
        return urlencode(self.query)
