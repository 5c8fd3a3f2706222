"""Which rows of a long list a page shows: by standing, by a search, some at a time. Pure functions."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from halosync.domain.names import name_key

from report_api.links.customers import is_unmapped
from report_api.links.models import Customer, Product

Row = TypeVar("Row")

PAGE = 25
"""Rows of a page. Suggestions for so many take about 0.15 s with 5,000 clients (`bench/mapping.py`)."""


class Standing(StrEnum):
    """How a customer or product stands, in the order in which a page shows them: what needs a person first."""

    UNMATCHED = "unmatched"
    NAME = "name"
    LINK = "link"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Shown(Generic[Row]):
    """A page of rows. `counts` are of all rows that the search finds; `page`, `pages` and `first` count from 1.

    `found` is how many rows the filter leaves, `first` the number among them of the first row of the page.
    """

    rows: Sequence[Row]
    counts: Mapping[Standing, int]
    found: int
    first: int
    page: int
    pages: int

    @property
    def every(self) -> int:
        """Return how many rows there are in any standing."""
        return sum(self.counts.values())


def standing_of_customer(customer: Customer) -> Standing:
    """Return how a customer stands. A link to a client that is gone counts as unmatched."""
    if customer.excluded:
        return Standing.EXCLUDED
    if is_unmapped(customer):
        return Standing.UNMATCHED
    return Standing.LINK if customer.matched_by == "link" else Standing.NAME


def standing_of_product(product: Product) -> Standing:
    """Return how a product stands. Unmatched is no problem: a run creates licences named like the code."""
    match product.matched_by:
        case "link":
            return Standing.LINK
        case "name":
            return Standing.NAME
        case None:
            return Standing.UNMATCHED


def texts_of_customer(customer: Customer) -> Iterable[str | None]:
    """Return where a search looks."""
    return customer.customer_name, customer.customer_id, customer.halo_client_name


def texts_of_product(product: Product) -> Iterable[str | None]:
    """Return where a search looks."""
    return product.product_code, product.product_name, product.licence_name


def choose(
    rows: Iterable[Row],
    *,
    standing: Callable[[Row], Standing],
    texts: Callable[[Row], Iterable[str | None]],
    only: Standing | None = None,
    q: str | None = None,
    page: int = 1,
    size: int = PAGE,
) -> Shown[Row]:
    """Return a page of the rows with that standing that hold `q`, by standing, else in their order.

    A page beyond the last is the last: the row that was on it may just have been dealt with.
    """
    wanted = name_key(q or "")
    found = [
        (standing(row), row) for row in rows if not wanted or any(wanted in name_key(text or "") for text in texts(row))
    ]
    counts = Counter(each for each, _ in found)
    by_standing: dict[Standing, list[Row]] = {each: [] for each in Standing}
    for each, row in found:
        by_standing[each].append(row)
    chosen = [row for each in Standing if only in (None, each) for row in by_standing[each]]
    pages = max(1, -(-len(chosen) // size))
    page = min(max(page, 1), pages)
    return Shown(
        rows=chosen[(page - 1) * size : page * size],
        counts={each: counts[each] for each in Standing},
        found=len(chosen),
        first=(page - 1) * size + 1,
        page=page,
        pages=pages,
    )
