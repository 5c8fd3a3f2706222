"""A list that cannot be read page by page is read by client, and that too is proven."""

import pytest
from halosync.domain.completeness import IncompleteReadError, Next, Pages
from halosync.domain.completeness_by_client import all_clients_read, client_read, pages_of_client, said_of_all

from .listings import MOST, Listing, Reading, after


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
