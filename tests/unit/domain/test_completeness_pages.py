"""What one page says of a list: that it goes on, that it is complete, or that it is no list."""

from dataclasses import replace

import pytest
from halosync.domain.completeness import (
    IncompleteReadError,
    Next,
    Pages,
)

from .listings import FIRST, after


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


@pytest.mark.parametrize(("size", "page"), [(1, 4), (2, 2), (3, 2), (4, 1)])
def test_another_size_goes_on_at_or_before_the_row_where_the_last_one_stopped(size: int, page: int) -> None:
    resized = FIRST.resized(size)
    assert (FIRST.position, resized.size, resized.next) == (3, size, page)


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
