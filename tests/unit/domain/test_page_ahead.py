"""The page that is asked for before the one that came is kept is the one that would have been asked for anyway."""

from collections.abc import Sequence

import pytest
from halosync.domain.completeness import Next, Pages, ReadPage, after_page
from halosync.domain.page_ahead import page_ahead
from hypothesis import given
from hypothesis import strategies as st

SIZE = 3


def came(pages: Pages, record_count: int, ids: Sequence[int]) -> tuple[int, int] | None:
    """Return the number and the rows of what will be known, None where the list may end."""
    after = page_ahead(pages, record_count, ids)
    return None if after is None else (after.next, after.rows)


def test_a_full_page_in_the_middle_is_followed_by_the_next_one() -> None:
    assert came(Pages(size=SIZE), 8, [1, 2, 3]) == (2, 3)
    assert came(Pages(SIZE, next=2, rows=3, record_count=8, fullest=3, first_id=1), 8, [4, 5, 6]) == (3, 6)


def test_a_first_page_that_has_all_rows_is_followed_by_a_look_behind_the_end() -> None:
    assert came(Pages(size=SIZE), 3, [1, 2, 3]) == (2, 3)
    assert came(Pages(size=SIZE), 2, [1, 2]) == (2, 2)


def test_what_the_page_before_had_already_is_not_counted_again() -> None:
    overlapping = Pages(SIZE, next=2, rows=5, record_count=20, fullest=3, first_id=1)
    assert came(overlapping, 20, [4, 5, 6]) == (3, 6)
    whole = Pages(SIZE, next=2, rows=6, record_count=20, fullest=3, first_id=1)
    assert came(whole, 20, [4, 5, 6]) == (3, 6)


def test_a_second_look_goes_on_until_all_rows_came_again() -> None:
    looking = Pages(SIZE, rows=5, record_count=5, fullest=3, first_id=1, looked_through=0)
    assert came(looking, 5, [1, 2, 3]) == (2, 5)
    last = Pages(SIZE, next=2, rows=5, record_count=5, fullest=3, first_id=1, looked_through=3)
    assert came(last, 5, [4, 5]) is None
    shorter = Pages(5, next=2, rows=7, record_count=7, fullest=5, first_id=1, looked_through=2)
    assert came(shorter, 7, [3, 4, 5]) == (3, 7), "it brings nothing new, whatever its length"


@pytest.mark.parametrize(
    ("pages", "record_count", "ids"),
    [
        pytest.param(Pages(size=SIZE), 0, [], id="no rows"),
        pytest.param(Pages(SIZE, 2, 3, 5, 3, 1), 5, [4, 5], id="the last page: what is known decides of a second look"),
        pytest.param(Pages(SIZE, 2, 3, 9, 3, 1), 9, [1, 2, 3], id="page 1 for page 2"),
        pytest.param(Pages(SIZE, 2, 3, 9, 3, 1, halved=True), 9, [4, 5, 6], id="a half"),
        pytest.param(Pages(SIZE, 2, 3, 9, 3, 1), 8, [4, 5, 6], id="a count that changed"),
    ],
)
def test_nothing_is_asked_for_where_the_list_may_end_or_contradict_itself(
    pages: Pages, record_count: int, ids: list[int]
) -> None:
    assert page_ahead(pages, record_count, ids) is None


@given(
    total=st.integers(0, 60),
    cap=st.integers(1, 60),
    size=st.integers(1, 60),
    counts_the_page=st.booleans(),
    as_known=st.booleans(),
)
def test_no_request_is_spent_on_a_page_that_a_quiet_list_would_not_have_been_asked_for(
    *, total: int, cap: int, size: int, counts_the_page: bool, as_known: bool
) -> None:
    pages, following, seen = Pages(size=size), Next.PAGE, set[int]()
    while following is Next.PAGE:
        width = min(size, cap)
        ids = list(range(total)[(pages.next - 1) * width : pages.next * width])
        count = len(ids) if counts_the_page else total
        ahead = page_ahead(pages, count, ids)
        page = ReadPage(count, ids, len(set(ids) - seen))
        seen.update(ids)
        pages, following = after_page(pages, page, most=size, by_client=False, as_known=as_known and len(seen) == total)
        assert ahead is None or (following is Next.PAGE and ahead == pages)
