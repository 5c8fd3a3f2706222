"""All that is unmatched, customers and products, in one place: with its money and lines, the most money first."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic

from halosync.domain.natural_order import natural_key
from halosync.ports.links import Link, LinkPicture, Target

from report_api.links.entries import ListEntry, entries_of
from report_api.links.kind import LinkKind
from report_api.web.paging import NumberedPage

A_PAGE = 50
"""Rows of each table. Suggestions for so many take about 0.3 s with 5,000 clients (`bench/links.py`)."""


@dataclass(frozen=True, slots=True)
class Desk(Generic[Link]):
    """A page of what is unmatched of one kind.

    Attributes:
        entries: the most money first.
        listing: which of them these are.
        amount: what all of them together cost, also those on other pages; lines that recur, each rounded to cents.
        currency: that of the newest invoice.
        is_read: Halo was read, so it is known what matches.
    """

    entries: Sequence[ListEntry[Link]]
    listing: NumberedPage
    amount: Decimal
    currency: str
    is_read: bool


def desk_of(
    kind: LinkKind[Link, Target], picture: LinkPicture[Link, Target], path: str, number: int, parameter: str
) -> Desk[Link]:
    """Return a page of what is billed and unmatched. Comparing thousands of names takes long: use a thread."""
    every = kind.rows(picture)
    unmatched = [row for row in every if row.is_unmatched and row.key in picture.billed]
    unmatched.sort(key=lambda row: (-picture.billed[row.key].amount, natural_key(row.called), row.key))
    listing = NumberedPage(path, {}, number, A_PAGE, len(unmatched), parameter)
    shown = unmatched[listing.skip : listing.skip + listing.size]
    return Desk(
        entries=entries_of(kind, picture, every, shown),
        listing=listing,
        amount=sum((picture.billed[row.key].amount for row in unmatched), Decimal(0)),
        currency=picture.currency,
        is_read=picture.read_at is not None,
    )
