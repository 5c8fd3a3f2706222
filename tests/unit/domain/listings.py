"""Lists of a Halo with its habits, and who reads them to their end."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import count

from halosync.domain.completeness import (
    Next,
    Pages,
    ReadPage,
    after_page,
)
from hypothesis import strategies as st

MOST = 1000


@dataclass
class Listing:
    """A list of a Halo with its habits."""

    total: int
    cap: int | None = None
    counts_the_page: bool = False
    ignores_number: bool = False
    repeats_last: bool = False
    """A page behind the end is the last one again."""

    def page(self, number: int, size: int) -> tuple[int, list[int]]:
        return self.shown(range(self.total), number, size)

    def shown(self, rows: Sequence[int], number: int, size: int) -> tuple[int, list[int]]:
        width = min(size, self.cap or size)
        last = max((len(rows) - 1) // width + 1, 1)
        at = 1 if self.ignores_number else min(number, last) if self.repeats_last else number
        ids = list(rows[(at - 1) * width : at * width])
        return len(ids) if self.counts_the_page else len(rows), ids


@dataclass
class Reading:
    """Reads a list to its end, and remembers what was asked for."""

    pages: Pages
    by_client: bool = False
    most: int = MOST
    known: AbstractSet[int] | None = None

    def __post_init__(self) -> None:
        self.seen: set[int] = set()
        self.asked: list[tuple[int, int]] = []

    def read(self, listing: Listing, resize: Callable[[Pages], Pages] = lambda pages: pages) -> Next:
        following = Next.PAGE
        while following is Next.PAGE:
            self.pages = resize(self.pages)
            self.asked.append((self.pages.next, self.pages.size))
            assert len(self.asked) < 300
            record_count, ids = listing.page(self.pages.next, self.pages.size)
            page = ReadPage(record_count, ids, len(set(ids) - self.seen))
            self.seen.update(ids)
            self.pages, following = after_page(
                *(self.pages, page), most=self.most, by_client=self.by_client, as_known=self.seen == self.known
            )
        return following


@dataclass
class ChangingListing(Listing):
    """A list of which rows go, and to whose end rows come, before a request.

    Attributes:
        changes: for a request, from 1: which of its rows goes, or None for one that comes.
        throughout: the rows that were never away.
    """

    changes: Sequence[tuple[int, int | None]] = ()

    def __post_init__(self) -> None:
        self.requests, self.ids, self.numbers = 0, list(range(self.total)), count(self.total)
        self.throughout = set(self.ids)

    def page(self, number: int, size: int) -> tuple[int, list[int]]:
        self.requests += 1
        for request, gone in self.changes:
            if request == self.requests and gone is None:
                self.ids.append(next(self.numbers))
            elif request == self.requests and self.ids:
                self.throughout.discard(self.ids.pop((gone or 0) % len(self.ids)))
        return self.shown(self.ids, number, size)


listings = st.builds(
    Listing,
    total=st.integers(0, 120),
    cap=st.none() | st.integers(1, 120),
    counts_the_page=st.booleans(),
    ignores_number=st.booleans(),
    repeats_last=st.booleans(),
)
sizes = st.integers(1, 120)


def after(pages: Pages, record_count: int, ids: range, new_rows: int) -> tuple[Pages, Next]:
    return after_page(pages, ReadPage(record_count, list(ids), new_rows), most=MOST, by_client=False)


FIRST, _ = after(Pages(size=3), 5, range(3), 3)
