"""A list is complete when that is proven, however Halo pages and counts; what contradicts itself is no list."""

import pytest
from halosync.domain.completeness import (
    IncompleteReadError,
    Next,
    Pages,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from .listings import MOST, ChangingListing, Listing, Reading, after, listings, sizes


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
