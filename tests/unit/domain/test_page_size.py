"""The size of pages grows where Halo gives larger ones quickly, shrinks where it does not, and comes to rest."""

from dataclasses import replace

import pytest
from halosync.domain.completeness import Next, Pages, ReadPage, after_page
from halosync.domain.page_size import (
    PageSize,
    PageSizeBounds,
    after_answer,
    after_failure,
    first_size,
    fitted,
)
from hypothesis import given
from hypothesis import strategies as st

BOUNDS = PageSizeBounds(start=100, most=1000, slow_s=10.0)


def requests(
    total: int, cap: int | None, *, slow_above: int = 1000, size: PageSize | None = None
) -> tuple[int, PageSize]:
    """Read a list of so many rows once; return how many requests that takes and what was learnt."""
    known, pages, following, count, seen = first_size(size, BOUNDS), None, Next.PAGE, 0, 0
    while following is Next.PAGE:
        before = Pages(size=known.rows) if pages is None else fitted(pages, known)
        width = min(before.size, cap or before.size)
        ids = range(total)[(before.next - 1) * width : before.next * width]
        count += 1
        page = ReadPage(total, list(ids), len([number for number in ids if number >= seen]))
        seen = max([seen, *(number + 1 for number in ids)])
        pages, following = after_page(before, page, most=BOUNDS.most, by_client=True)
        if pages.looked_through is not None:  # the second look is of the same pages
            following = Next.COMPLETE
        took_s = 20.0 if before.size > slow_above else 0.5
        known = after_answer(known, before, pages, received=len(ids), took_s=took_s, bounds=BOUNDS)
    assert seen == total
    return count, known


def test_a_long_list_of_a_halo_that_gives_all_takes_a_tenth_of_the_requests() -> None:
    count, learnt = requests(80_000, None)
    assert count <= 80 + 4
    assert requests(80_000, None, size=learnt)[0] == 81


def test_a_halo_that_cuts_pages_costs_one_request_once() -> None:
    count, learnt = requests(80_000, 100)
    assert count <= 800 + 2
    assert learnt == PageSize(100, 100)
    assert requests(80_000, 100, size=learnt)[0] == 801


def test_a_halo_that_is_slow_with_large_pages_is_asked_for_less() -> None:
    count, learnt = requests(80_000, None, slow_above=300)
    assert learnt == PageSize(200, 200)
    assert count <= 400 + 5


@given(st.integers(0, 3000), st.none() | st.integers(1, 1200), st.integers(1, 1200))
def test_what_was_learnt_never_costs_the_list(total: int, cap: int | None, slow_above: int) -> None:
    requests(total, cap, slow_above=slow_above)


def test_short_lists_are_not_tried_with_larger_pages() -> None:
    assert requests(450, None) == (5, PageSize(100))


def test_a_setting_that_was_lowered_wins() -> None:
    assert first_size(PageSize(1000, None), replace(BOUNDS, most=500)) == PageSize(500)
    assert first_size(None, BOUNDS) == PageSize(100)


@pytest.mark.parametrize(("asked", "smaller"), [(1000, 500), (150, 100), (100, 50), (15, 10), (10, 10), (4, 4)])
def test_a_failure_halves_the_size_down_to_where_size_does_not_matter(asked: int, smaller: int) -> None:
    assert after_failure(asked, BOUNDS) == PageSize(smaller, smaller)


READ = Pages(size=100, next=2, rows=100, record_count=10_000, fullest=100)


@pytest.mark.parametrize(
    "pages",
    [replace(READ, count_lied=True), replace(READ, widened=5), replace(READ, halved=True), replace(READ, rows=10_000)],
    ids=str,
)
def test_a_list_with_habits_and_one_at_its_end_go_on_as_they_began(pages: Pages) -> None:
    assert fitted(pages, PageSize(50)) == pages
    known = PageSize(100)
    assert after_answer(known, pages, pages, received=100, took_s=0.1, bounds=BOUNDS) == known


def test_what_was_too_large_once_is_not_tried_again() -> None:
    before = Pages(size=100)
    came = Pages(size=100, next=2, rows=100, record_count=10_000, fullest=100)
    assert after_answer(PageSize(100, 250), before, came, received=100, took_s=0.1, bounds=BOUNDS) == PageSize(250, 250)
    known = PageSize(100, 100)
    assert after_answer(known, before, came, received=100, took_s=0.1, bounds=BOUNDS) == known
    assert after_answer(PageSize(100), before, came, received=100, took_s=5.0, bounds=BOUNDS) == PageSize(100)


def test_a_larger_page_is_not_taken_where_few_are_left() -> None:
    few = replace(READ, record_count=300)
    assert fitted(few, PageSize(400)) == few
    assert fitted(READ, PageSize(400)) == READ.resized(400)


@pytest.mark.parametrize(
    ("known", "asked", "received", "took_s", "learnt"),
    [
        (PageSize(100), 100, 100, 2.4, PageSize(400)),
        (PageSize(100), 100, 100, 2.5, PageSize(100)),  # four times as much would be slow
        (PageSize(100), 100, 100, 10.1, PageSize(100)),  # slow, and the smallest there is
        (PageSize(400), 400, 400, 10.0, PageSize(400)),
        (PageSize(400), 400, 400, 10.1, PageSize(200, 200)),
        (PageSize(400), 400, 1, 0.1, PageSize(1, 1)),
        (PageSize(100, 400), 400, 400, 0.1, PageSize(100, 400)),  # another page has taught more meanwhile
    ],
)
def test_what_a_page_teaches(known: PageSize, asked: int, received: int, took_s: float, learnt: PageSize) -> None:
    before = Pages(size=asked)
    came = Pages(size=asked, next=2, rows=received, record_count=100_000, fullest=received)
    assert after_answer(known, before, came, received=received, took_s=took_s, bounds=BOUNDS) == learnt


def test_growing_pays_where_four_pages_are_left() -> None:
    left = replace(READ, record_count=500)
    assert fitted(left, PageSize(400)) == left.resized(400)
    assert fitted(replace(left, record_count=499), PageSize(400)).size == 100


def test_an_empty_page_teaches_nothing() -> None:
    came = Pages(size=400, next=2, record_count=5)
    assert after_answer(PageSize(400), Pages(size=400), came, received=0, took_s=0.1, bounds=BOUNDS) == PageSize(400)
