"""When a list of Halo is read completely, and when it can no longer be (spec section 9, halo-api sections 2 and 5).

The size of a page is Halo's own affair, so the number of pages is never computed. A list is complete when as many
distinct rows were received as Halo says there are, and its last page was shorter than another: some lists count only
the rows of the page. So while the last page is as full as the fullest one, one more is asked for. If that brings new
rows, the count is not believed any more, and reading goes on until a page brings none.
A list of several pages is then looked through once more. A row that goes and one that comes between two pages leave
the count as it was and move a third one to a page that was read already: nothing else tells that it was passed over,
and a plan that does not see it would create it again. Not where the rows are exactly those that are known of this
Halo, and the count was right from page 1 on: then a row that was passed over is an unknown one, for which the count
has no place, unless a known one had gone before and came back meanwhile. So is a list of one page whose count proves
to be of the page: a page behind the end that says another count than the first one tells nothing of a row that moved
to page 1 meanwhile.
A list that shows page 1 whatever page is asked for is to be read client by client (`completeness_by_client`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from halosync.domain.listing import counted

SMALLEST_CAP = 50
"""Halo's own default of rows in a page; none is known that gives fewer when more are asked for (halo-api section 2)."""


class IncompleteReadError(ValueError):
    """The pages of a list contradict each other: what was read is not the list (spec section 5.4)."""


class Next(StrEnum):
    """What follows a page."""

    PAGE = "page"
    COMPLETE = "complete"
    BY_CLIENT = "by_client"
    """The list ignores the number of the page; what was read of it is to be read client by client instead."""


@dataclass(frozen=True, slots=True)
class Pages:
    """How far a list is read, and what its pages showed of Halo.

    Attributes:
        size: how many rows a page is asked to have; Halo may give fewer.
        next: the number of the page to ask for, from 1.
        rows: distinct rows received.
        record_count: how many rows Halo said there are, with the first page; None before it.
        fullest: rows of the fullest page.
        first_id: the first row of page 1; None before it, or without one. In halves: of the second half. When the
            list is looked through: of the page that was received before.
        count_lied: more rows came than Halo said there are.
        halved: whether what is known is asked for in halves, the second one first: does the list heed the number?
        looked_through: rows that were received once more, when the list is looked through; None before that.
        widened: the fullest page before the size was raised because the list ignores the number; 0 if it was not.
        counts_all: whether the count of a client's list is believed: that of all counted more than its page.
    """

    size: int
    next: int = 1
    rows: int = 0
    record_count: int | None = None
    fullest: int = 0
    first_id: int | None = None
    count_lied: bool = False
    looked_through: int | None = None
    halved: bool = False
    widened: int = 0
    counts_all: bool = False

    @property
    def position(self) -> int:
        """Before how many rows the next page begins at the latest: Halo may cut pages."""
        return (self.next - 1) * min(self.size, self.fullest or self.size)

    @property
    def overlaps(self) -> bool:
        """Whether the next page may begin before the last known row, and so bring nothing new."""
        return self.position < self.rows

    @property
    def resizable(self) -> bool:
        """Whether another size of page changes nothing but the number of requests."""
        return not (self.count_lied or self.halved or self.widened or self.rows == self.record_count)

    def resized(self, size: int) -> "Pages":
        """Return them with another size of page, going on at or before the row where they stopped."""
        return replace(self, size=size, next=self.position // size + 1)


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page as it came.

    Attributes:
        record_count: how many rows Halo says the list has.
        ids: of its rows, in Halo's order.
        new_rows: how many of them were not known.
    """

    record_count: int
    ids: Sequence[int]
    new_rows: int


def after_page(
    pages: Pages, page: ReadPage, *, most: int, by_client: bool, as_known: bool = False
) -> tuple[Pages, Next]:
    """Return what is known after a page, and what follows.

    Args:
        pages: what was known when the page was asked for.
        page: what came.
        most: the most rows that a page may be asked to have.
        by_client: the list can be read client by client instead.
        as_known: the rows received, with this page, are exactly those that are known of this Halo.

    Raises:
        IncompleteReadError: the count changed, the page brought nothing new although rows are missing, there are
            more rows than Halo says, or the list ignores the number of the page and there is no way round.
    """
    if pages.looked_through is not None:
        return _looked_through(pages, page, pages.looked_through)
    after, following = _received(pages, page, most=most, by_client=by_client)
    counts_the_page = page.record_count != after.record_count
    # Page 2 is page 1: so it also is when as many rows came in front as a Halo gives that cuts shorter than any known.
    repeated = pages.next == 2 and bool(page.ids) and not (page.new_rows or pages.halved or pages.widened)
    shifts = after.rows > after.fullest and (after.count_lied or not as_known)
    if following is Next.COMPLETE and (shifts or counts_the_page or repeated):
        # A second half is part of the second look already.
        return replace(after, next=1, looked_through=len(page.ids) if pages.halved else 0), Next.PAGE
    return after, following


def _received(pages: Pages, page: ReadPage, *, most: int, by_client: bool) -> tuple[Pages, Next]:
    """As `after_page`, of a list that is read for the first time."""
    lied = _count_lied(pages, page)
    rows, received = pages.rows + page.new_rows, len(page.ids)
    record_count = page.record_count if pages.record_count is None else pages.record_count
    after = replace(
        pages,
        next=pages.next + 1,
        rows=rows,
        record_count=record_count,
        fullest=max(pages.fullest, received),
        first_id=(page.ids[0] if page.ids else None) if pages.next == 1 else pages.first_id,
        count_lied=lied,
    )
    if pages.halved and (page.new_rows or not received):
        raise IncompleteReadError(f"Halo showed page 1 for page 2, and then {counted(page.new_rows, 'other row')}")
    if pages.halved or (pages.next == 2 and received and not page.new_rows and page.ids[0] == pages.first_id):
        return _page_1_again(pages, page, most=most, by_client=by_client)
    behind_the_end = page.new_rows == 0 and not pages.overlaps
    if lied:
        return after, Next.COMPLETE if behind_the_end else Next.PAGE
    if rows > record_count:
        raise IncompleteReadError(f"Halo said {counted(record_count, 'row')} and sent {rows}")
    if rows == record_count:
        sure = behind_the_end or received < after.fullest or after.counts_all
        return after, Next.COMPLETE if sure else Next.PAGE
    if behind_the_end or not received:
        raise IncompleteReadError(f"Halo said {counted(record_count, 'row')} and sent {rows}")
    if page.new_rows == 0 and received < pages.size:  # what was asked for anew was cut: go on as Halo gives it
        return replace(after, size=received, next=rows // received + 1), Next.PAGE
    return after, Next.PAGE


def _count_lied(pages: Pages, page: ReadPage) -> bool:
    """Tell whether the count is of the page and not of the list.

    Raises:
        IncompleteReadError: it changed otherwise: somebody changes the list while it is read.
    """
    if pages.count_lied:
        return True
    if pages.record_count is None:
        return False
    if pages.rows == pages.record_count:  # the page is the one behind the end
        if not page.new_rows:
            return False
        if page.record_count in {pages.record_count, len(page.ids)}:
            return True
    if page.record_count != pages.record_count:
        raise IncompleteReadError(
            f"Halo said {counted(pages.record_count, 'row')}, and on a later page {page.record_count}"
        )
    return False


def _looked_through(pages: Pages, page: ReadPage, before: int) -> tuple[Pages, Next]:
    """The list is complete once it was received twice, the second time without a new row."""
    received = before + len(page.ids)
    if before and page.ids and page.ids[0] == pages.first_id:
        raise IncompleteReadError(
            f"asked once more for its {counted(pages.rows, 'row')}, Halo sent the same page twice"
        )
    if page.new_rows or not before < received <= pages.rows:  # more of them: pages overlap, so the list shifts
        raise IncompleteReadError(f"asked once more for its {counted(pages.rows, 'row')}, Halo sent others")
    after = replace(pages, next=pages.next + 1, looked_through=received, first_id=page.ids[0])
    return after, Next.COMPLETE if received == pages.rows else Next.PAGE


def _page_1_again(pages: Pages, page: ReadPage, *, most: int, by_client: bool) -> tuple[Pages, Next]:
    """Page 2 is page 1: the number is ignored, or what is behind the end is the last page once more."""
    received, believed = len(page.ids), pages.rows == pages.record_count
    # A page that is shorter than it was asked to be, and not of a length at which a Halo could cut, is all there is.
    uncut = received < pages.size and (received < SMALLEST_CAP or 0 < pages.widened < received)
    # The second half begins where the first one ends, and is what that left: anything else is a list that shifted.
    heeded = pages.halved and page.ids[0] == pages.first_id and received == pages.rows - pages.size
    if believed and (uncut or heeded):
        return pages, Next.COMPLETE
    if believed and not pages.halved and received > 1:
        half = -(-received // 2)
        return replace(pages, size=half, first_id=page.ids[half], halved=True), Next.PAGE
    if by_client:
        return pages, Next.BY_CLIENT
    if not pages.widened and pages.size < most:
        return Pages(size=most, rows=pages.rows, widened=pages.fullest), Next.PAGE
    raise IncompleteReadError(
        f"Halo shows the same {pages.fullest} of {pages.record_count} rows whatever page is asked for"
    )
