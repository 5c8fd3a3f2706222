"""A list is complete when that is proven, however Halo pages and counts; what contradicts itself is no list."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import count

import pytest
from halosync.domain.completeness import (
    IncompleteReadError,
    Next,
    Pages,
    ReadPage,
    after_page,
    all_clients_read,
    client_read,
    pages_of_client,
    said_of_all,
)
from hypothesis import example, given, settings
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


@given(listings, sizes, st.booleans(), st.integers(50, 200))
def test_a_list_is_never_called_complete_when_it_is_not(listing: Listing, size: int, narrow: bool, most: int) -> None:
    reading = Reading(Pages(size=size), by_client=narrow, most=most)
    try:
        following = reading.read(listing)
    except IncompleteReadError:
        assert listing.ignores_number
        return
    if following is Next.BY_CLIENT:
        assert narrow
        assert listing.ignores_number or listing.repeats_last
    elif not (listing.ignores_number and listing.counts_the_page and listing.cap):
        # Who ignores the number, counts the page and cuts it as no Halo does cannot be seen through.
        assert len(reading.seen) == listing.total


changing = st.builds(
    ChangingListing,
    total=st.integers(0, 9),
    counts_the_page=st.booleans(),
    ignores_number=st.booleans(),
    repeats_last=st.booleans(),
    changes=st.lists(st.tuples(st.integers(2, 8), st.none() | st.integers(0, 5)), max_size=3),
)


@settings(max_examples=400)
@given(changing, st.integers(1, 5), st.booleans(), st.sampled_from([5, 100]))
@example(ChangingListing(5, None, True, changes=[(2, 0)]), 4, False, MOST)
@example(ChangingListing(6, None, True, True, changes=[(3, 0)]), 4, False, MOST)
@example(ChangingListing(6, None, True, True, changes=[(3, 0), (3, 0)]), 4, True, MOST)
@example(ChangingListing(5, None, True, False, True, changes=[(4, 1), (8, 1)]), 1, False, MOST)
def test_a_list_that_changes_is_complete_only_with_every_row_that_was_there_throughout(
    listing: ChangingListing, size: int, narrow: bool, most: int
) -> None:
    reading = Reading(Pages(size=size), by_client=narrow, most=most)
    try:
        following = reading.read(listing)
    except IncompleteReadError:
        return
    assert following is Next.BY_CLIENT or listing.throughout <= reading.seen


@settings(max_examples=400)
@given(changing, st.integers(1, 5), st.booleans(), st.sampled_from([5, 100]), st.sets(st.integers(0, 8), max_size=3))
@example(ChangingListing(7, None, True, False, True, changes=[(2, 0)]), 3, False, MOST, {3})
@example(ChangingListing(7, changes=[(2, 0), (2, None)]), 3, False, MOST, {3})
def test_what_is_known_hides_no_row_that_was_there_throughout(
    listing: ChangingListing, size: int, narrow: bool, most: int, unknown: set[int]
) -> None:
    reading = Reading(Pages(size=size), by_client=narrow, most=most, known=listing.throughout - unknown)
    try:
        following = reading.read(listing)
    except IncompleteReadError:
        return
    assert following is Next.BY_CLIENT or listing.throughout <= reading.seen


@pytest.mark.parametrize(("known", "asked"), [(range(250), 3), (range(249), 6), (range(251), 6)])
def test_a_list_is_looked_through_only_if_it_is_not_what_is_known(known: range, asked: int) -> None:
    reading = Reading(Pages(size=100), known=set(known))
    assert reading.read(Listing(250)) is Next.COMPLETE
    assert len(reading.asked) == asked


@pytest.mark.parametrize(("total", "size", "requests"), [(3, 4, 3), (4, 4, 3), (0, 4, 1)])
def test_a_count_of_the_page_costs_one_page_a_second_look_at_it_and_no_more(
    total: int, size: int, requests: int
) -> None:
    reading = Reading(Pages(size=size))
    assert reading.read(Listing(total, counts_the_page=True)) is Next.COMPLETE
    assert len(reading.asked) == requests


@pytest.mark.parametrize(("counts_the_page", "first_half"), [(False, []), (True, [(1, 50)])])
def test_a_second_half_is_believed_when_the_first_one_is_still_before_it(
    counts_the_page: bool, first_half: list[tuple[int, int]]
) -> None:
    reading = Reading(Pages(size=100), by_client=True)
    listing = Listing(100, counts_the_page=counts_the_page, repeats_last=True)
    assert reading.read(listing) is Next.COMPLETE
    assert reading.asked == [(1, 100), (2, 100), (2, 50), *first_half]


def test_rows_that_go_do_not_make_an_ignored_number_look_heeded() -> None:
    whole, _ = after(Pages(size=4), 4, range(4), 4)
    halved, _ = after(whole, 4, range(4), 0)
    looking, following = after(halved, 2, range(2, 4), 0)  # two rows have gone
    assert (following, looking.next, looking.looked_through) == (Next.PAGE, 1, 2)
    with pytest.raises(IncompleteReadError, match="sent the same page twice"):
        after(looking, 2, range(2, 4), 0)


def test_pages_of_a_second_look_that_overlap_are_no_list() -> None:
    pages, _ = after(Pages(size=3), 5, range(3), 3)
    pages, _ = after(pages, 5, range(3, 5), 2)
    pages, _ = after(pages, 5, range(3), 0)
    with pytest.raises(IncompleteReadError, match="asked once more for its 5 rows"):
        after(pages, 5, range(2, 5), 0)  # a row has come before them


@given(st.integers(0, 120), st.none() | st.integers(1, 120), sizes)
def test_a_proof_costs_one_page_and_a_second_look_at_most(total: int, cap: int | None, size: int) -> None:
    reading = Reading(Pages(size=size))
    assert reading.read(Listing(total, cap)) is Next.COMPLETE
    width = min(size, cap or size)
    needed = max(-(-total // width), 1)
    short = bool(total % width) and total > width
    looked_through = needed if needed > 1 else 0
    assert len(reading.asked) == needed + (0 if short or not total else 1) + looked_through


@given(st.integers(0, 120), st.none() | st.integers(1, 60), sizes, st.lists(sizes, min_size=1, max_size=10))
@example(8, 2, 18, [13, 2, 4])
def test_the_size_may_change_while_a_list_is_read(total: int, cap: int | None, size: int, changes: list[int]) -> None:
    left = iter(changes)

    def resize(pages: Pages) -> Pages:
        size = next(left, pages.size)
        return pages.resized(size) if pages.resizable and size != pages.size else pages

    reading = Reading(Pages(size=size))
    assert reading.read(Listing(total, cap), resize) is Next.COMPLETE
    assert len(reading.seen) == total


def test_a_count_of_the_page_is_seen_through() -> None:
    reading = Reading(Pages(size=100))
    assert reading.read(Listing(250, counts_the_page=True)) is Next.COMPLETE
    assert (len(reading.seen), reading.pages.count_lied) == (250, True)
    assert reading.asked == [(1, 100), (2, 100), (3, 100), (4, 100), (1, 100), (2, 100), (3, 100)]


def test_without_a_count_a_row_that_was_passed_over_is_noticed() -> None:
    pages, seen = Pages(size=3), set[int]()
    for ids in (range(3), range(4, 7), range(7, 8), range(0)):  # row 3 has moved to page 1 meanwhile
        pages, following = after(pages, len(ids), ids, len(set(ids) - seen))
        seen.update(ids)
    assert (following, pages.next) == (Next.PAGE, 1)
    pages, following = after(pages, 3, range(3), 0)
    with pytest.raises(IncompleteReadError, match="asked once more for its 7 rows"):
        after(pages, 3, range(3, 6), 1)
    with pytest.raises(IncompleteReadError, match="asked once more for its 7 rows"):
        after(pages, 0, range(0), 0)


def test_a_row_that_one_gone_and_one_new_row_hid_is_noticed() -> None:
    pages, _ = after(Pages(size=3), 5, range(3), 3)
    pages, following = after(pages, 5, range(4, 6), 2)  # 0 has gone, 5 has come: 3 is on page 1 now
    assert (following, pages.next) == (Next.PAGE, 1)
    with pytest.raises(IncompleteReadError, match="asked once more for its 5 rows"):
        after(pages, 5, range(1, 4), 1)


def test_page_1_for_page_2_does_not_look_through_a_list() -> None:
    pages, _ = after(Pages(size=3), 4, range(3), 3)
    pages, _ = after(pages, 4, range(3, 4), 1)
    pages, _ = after(pages, 4, range(3), 0)
    with pytest.raises(IncompleteReadError, match="sent the same page twice"):
        after(pages, 4, range(3), 0)


def test_a_list_that_ignores_the_number_is_read_by_client() -> None:
    reading = Reading(Pages(size=100), by_client=True)
    assert reading.read(Listing(250, ignores_number=True)) is Next.BY_CLIENT
    assert reading.asked == [(1, 100), (2, 100)]


@pytest.mark.parametrize("counts_the_page", [False, True])
def test_without_a_way_round_it_is_asked_for_at_once(counts_the_page: bool) -> None:
    reading = Reading(Pages(size=100))
    assert reading.read(Listing(250, counts_the_page=counts_the_page, ignores_number=True)) is Next.COMPLETE
    assert len(reading.seen) == 250
    heeded = [(2, 50)] if counts_the_page else []  # it looked complete
    assert reading.asked == [(1, 100), (2, 100), *heeded, (1, 1000), (2, 1000)]


@pytest.mark.parametrize("total", [50, 60, 100])
def test_a_last_page_that_is_shown_once_more_is_told_from_an_ignored_number(total: int) -> None:
    reading = Reading(Pages(size=100), by_client=True)
    assert reading.read(Listing(total, repeats_last=True)) is Next.COMPLETE
    assert reading.asked == [(1, 100), (2, 100), (2, total // 2)]


def test_a_page_of_two_rows_is_halved_too_and_one_too_short_for_a_cap_is_looked_through() -> None:
    for total, size, more in ((2, 2, [(2, 1)]), (49, 100, [(1, 100)])):
        reading = Reading(Pages(size=size), by_client=True)
        assert reading.read(Listing(total, repeats_last=True)) is Next.COMPLETE
        assert reading.asked == [(1, size), (2, size), *more]


def test_a_page_that_grew_with_what_was_asked_for_is_not_cut() -> None:
    reading = Reading(Pages(size=1))
    assert reading.read(Listing(60, ignores_number=True)) is Next.COMPLETE
    assert reading.asked == [(1, 1), (2, 1), (1, MOST), (2, MOST)]


def test_a_list_that_ignores_the_number_of_the_largest_page_is_given_up_at_once() -> None:
    reading = Reading(Pages(size=MOST))
    with pytest.raises(IncompleteReadError, match="whatever page is asked for"):
        reading.read(Listing(2 * MOST + 1, ignores_number=True))
    assert reading.asked == [(1, MOST), (2, MOST)]


def test_a_list_that_shifted_is_not_taken_for_one_that_heeds_the_number() -> None:
    pages, _ = after(Pages(size=3), 3, range(3), 3)
    halved, _ = after(pages, 3, range(3), 0)
    shifted, following = after(halved, 2, range(1, 3), 0)  # the first row has gone
    assert (following, shifted.size, shifted.next) == (Next.PAGE, MOST, 1)


def test_a_page_that_comes_again_is_no_end_where_as_many_rows_came_in_front() -> None:
    halo = Listing(0, cap=7, counts_the_page=True)
    _, first = halo.shown(range(20), 1, 100)
    _, second = halo.shown([*range(100, 107), *range(20)], 2, 100)
    assert first == second
    pages, _ = after(Pages(size=100), 7, range(7), 7)
    pages, following = after(pages, 7, range(7), 0)
    assert (following, pages.next) == (Next.PAGE, 1)
    with pytest.raises(IncompleteReadError, match="asked once more for its 7 rows, Halo sent others"):
        after(pages, 7, range(100, 107), 7)
    assert after(pages, 7, range(7), 0)[1] is Next.COMPLETE


def test_a_client_whose_own_list_is_empty_although_the_list_of_all_shows_some_is_no_list() -> None:
    client_read(3, awaits=False)
    with pytest.raises(IncompleteReadError, match=r"^Halo showed licences of client 3, and then none when asked"):
        client_read(3, awaits=True)


@pytest.mark.parametrize(("rows", "record_count", "said"), [(3, 7, 7), (3, 3, 3), (9, 3, 9), (3, None, 3)])
def test_the_lists_of_clients_have_together_what_the_list_of_all_said(
    rows: int, record_count: int | None, said: int
) -> None:
    assert said_of_all(Pages(size=100, rows=rows, record_count=record_count)) == said
    all_clients_read(said, said, awaited=1)
    all_clients_read(said + 1, said, awaited=1)
    all_clients_read(0, None, awaited=1)
    with pytest.raises(IncompleteReadError, match=rf"^Halo said {said} licences and showed {said - 1} when asked"):
        all_clients_read(said - 1, said, awaited=1)


def test_a_list_without_rows_and_count_says_nothing_of_any_licence() -> None:
    assert said_of_all(Pages(size=100)) == 0


def test_licences_that_halo_counts_and_shows_nowhere_are_no_contradiction() -> None:
    all_clients_read(388, 400, awaited=0)


@pytest.mark.parametrize("total", [100, 101, 1000, 1200])
def test_what_cannot_be_seen_is_no_list(total: int) -> None:
    capped = Listing(total, cap=100, ignores_number=True)
    with pytest.raises(IncompleteReadError, match=rf"^Halo shows the same 100 of {total} rows whatever page"):
        Reading(Pages(size=100)).read(capped)


@pytest.mark.parametrize("licences", [99, 100, 143])
def test_clients_of_equal_size_are_read_where_the_list_of_all_counted_more_than_its_page(licences: int) -> None:
    before = Pages(size=100, rows=100, record_count=429, fullest=100)
    for _ in range(2):
        reading = Reading(pages_of_client(before, most=MOST))
        assert reading.read(Listing(licences, ignores_number=True)) is Next.COMPLETE
        assert reading.asked == [(1, MOST)]
        before = reading.pages


def test_a_clients_list_that_was_cut_is_not_complete_whatever_the_list_of_all_counted() -> None:
    reading = Reading(pages_of_client(Pages(size=100, rows=100, record_count=429, fullest=100), most=MOST))
    with pytest.raises(IncompleteReadError):
        reading.read(Listing(150, ignores_number=True, cap=100))


@pytest.mark.parametrize(("licences", "asked"), [(0, 1), (30, 1), (100, 3), (101, 2)])
def test_a_clients_part_that_is_shorter_than_a_page_needs_no_proof(licences: int, asked: int) -> None:
    before = Pages(size=100, rows=100, record_count=100, fullest=100)  # it may have counted its page only
    reading = Reading(pages_of_client(before, most=MOST))
    listing = Listing(licences, ignores_number=True)
    if licences == 100:  # as full as the page at which this Halo may cut
        with pytest.raises(IncompleteReadError):
            reading.read(listing)
    else:
        assert reading.read(listing) is Next.COMPLETE
    assert len(reading.asked) == asked


def after(pages: Pages, record_count: int, ids: range, new_rows: int) -> tuple[Pages, Next]:
    return after_page(pages, ReadPage(record_count, list(ids), new_rows), most=MOST, by_client=False)


FIRST, _ = after(Pages(size=3), 5, range(3), 3)


@pytest.mark.parametrize("later", [4, 6, 2])
def test_a_count_that_changes_between_pages_is_no_list(later: int) -> None:
    with pytest.raises(IncompleteReadError, match=f"^Halo said 5 rows, and on a later page {later}$"):
        after(FIRST, later, range(3, 5), 2)


def test_a_count_that_grows_behind_the_end_is_no_list() -> None:
    whole, _ = after(Pages(size=3), 3, range(3), 3)
    with pytest.raises(IncompleteReadError, match=r"^Halo said 3 rows, and on a later page 5$"):
        after(whole, 5, range(3, 4), 1)


@pytest.mark.parametrize("ids", [range(1, 4), range(0)], ids=["known rows", "no rows"])
def test_a_page_without_new_rows_is_no_list_while_rows_are_missing(ids: range) -> None:
    with pytest.raises(IncompleteReadError, match=r"^Halo said 5 rows and sent 3$"):
        after(FIRST, 5, ids, 0)


def test_more_rows_than_halo_says_are_no_list() -> None:
    with pytest.raises(IncompleteReadError, match=r"^Halo said 5 rows and sent 6$"):
        after(FIRST, 5, range(3, 6), 3)


def test_a_larger_page_that_halo_cuts_is_asked_for_as_halo_gives_it() -> None:
    larger = replace(FIRST, record_count=9).resized(9)
    cut, following = after(larger, 9, range(3), 0)
    assert (following, cut.size, cut.next) == (Next.PAGE, 3, 2)


def test_an_empty_page_is_no_list_where_known_rows_should_be() -> None:
    with pytest.raises(IncompleteReadError, match=r"^Halo said 5 rows and sent 3$"):
        after(replace(FIRST, next=1), 5, range(0), 0)


@pytest.mark.parametrize(("ids", "new_rows"), [(range(2, 4), 1), (range(0), 0)], ids=["another row", "no rows"])
def test_a_second_half_that_is_another_one_is_no_list(ids: range, new_rows: int) -> None:
    whole, _ = after(Pages(size=3), 3, range(3), 3)
    halved, following = after(whole, 3, range(3), 0)
    assert (following, halved.next, halved.size) == (Next.PAGE, 2, 2)
    with pytest.raises(IncompleteReadError, match="showed page 1 for page 2"):
        after(halved, 3, ids, new_rows)


def test_what_page_1_began_with_is_known_until_the_end() -> None:
    second, _ = after(FIRST, 5, range(3, 5), 2)
    assert (FIRST.first_id, second.first_id) == (0, 0)


def test_a_short_page_in_the_middle_changes_no_size() -> None:
    more, following = after(replace(FIRST, record_count=9), 9, range(3, 5), 2)
    assert (following, more.size, more.next) == (Next.PAGE, 3, 3)


def test_a_full_page_of_known_rows_is_passed() -> None:
    overlapping = Pages(size=2, next=2, rows=3, record_count=9, fullest=3)
    passed, following = after(overlapping, 9, range(1, 3), 0)
    assert (following, passed.size, passed.next) == (Next.PAGE, 2, 3)


def test_a_cut_page_goes_on_behind_all_known_rows() -> None:
    cut, following = after(Pages(size=9, rows=6, record_count=20, fullest=3), 20, range(3), 0)
    assert (following, cut.size, cut.next) == (Next.PAGE, 3, 3)


def test_an_empty_page_behind_the_end_is_no_lie() -> None:
    whole, _ = after(Pages(size=3), 3, range(3), 3)
    behind, _ = after(whole, 0, range(0), 0)
    assert not whole.count_lied
    assert not behind.count_lied


def test_a_page_that_comes_twice_in_the_second_look_is_no_list() -> None:
    pages = Pages(size=2)
    for ids, new_rows in ((range(2), 2), (range(2, 4), 2), (range(4, 6), 2), (range(0), 0), (range(2), 0)):
        pages, _ = after(pages, 6, ids, new_rows)
    pages, _ = after(pages, 6, range(2, 4), 0)
    with pytest.raises(IncompleteReadError, match="sent the same page twice"):
        after(pages, 6, range(2, 4), 0)
