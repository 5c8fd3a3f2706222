"""A list is complete when the rows received are as many as Halo says; what contradicts itself is no list."""

import pytest
from halosync.domain.completeness import IncompleteReadError, rows_after_page
from hypothesis import given
from hypothesis import strategies as st


def after(record_count: int, new_rows: int, *, before: int = 0, first: int | None = None) -> int:
    return rows_after_page(record_count=record_count, first_record_count=first, rows_before=before, new_rows=new_rows)


@given(st.lists(st.integers(1, 100), max_size=8))
def test_pages_of_any_size_make_a_list(pages: list[int]) -> None:
    rows, first = 0, None
    for new_rows in pages:
        rows = after(sum(pages), new_rows, before=rows, first=first)
        first = sum(pages)
    assert rows == sum(pages)


def test_an_empty_list_is_complete_after_its_only_page() -> None:
    assert after(0, 0) == 0


def test_a_last_page_may_bring_nothing_new_once_all_rows_are_known() -> None:
    assert after(3, 0, before=3, first=3) == 3


@pytest.mark.parametrize("later", [4, 6])
def test_a_count_that_changes_between_pages_is_no_list(later: int) -> None:
    with pytest.raises(IncompleteReadError, match=f"^Halo said 5 rows, and on a later page {later}$"):
        after(later, 1, before=3, first=5)


def test_a_page_without_new_rows_is_no_list_while_rows_are_missing() -> None:
    with pytest.raises(IncompleteReadError, match=r"^Halo said 5 rows and sent 4$"):
        after(5, 0, before=4, first=5)


def test_a_first_page_without_rows_is_no_list_where_there_should_be_some() -> None:
    with pytest.raises(IncompleteReadError, match=r"^Halo said 1 rows and sent 0$"):
        after(1, 0)


def test_more_rows_than_halo_says_are_no_list() -> None:
    with pytest.raises(IncompleteReadError, match=r"^Halo said 5 rows and sent 6$"):
        after(5, 2, before=4, first=5)
