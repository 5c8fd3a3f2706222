"""Orders of lists that are read whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_api.web.sorting import Sorts, known_sort

SORTS: Sorts[tuple[str, int]] = Sorts(
    usual=lambda row: -row[1], by={"name": lambda row: row[0], "number": lambda row: row[1]}, then=lambda row: row[0]
)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2))), st.sampled_from(["", "number", "-number"]))
def test_rows_that_are_equal_stand_in_one_order_whichever_way_a_column_is_sorted(
    rows: list[tuple[str, int]], sort: str
) -> None:
    found = SORTS.sorted(rows, sort)
    assert sorted(found) == sorted(rows)
    assert [row[1] for row in found] == sorted((row[1] for row in rows), reverse=sort != "number")
    for number in range(3):
        names = [row[0] for row in found if row[1] == number]
        assert names == sorted(names)


def test_an_address_names_a_column_or_none() -> None:
    assert [SORTS.known(text) for text in ("", "name", "-number")] == ["", "name", "-number"]
    for text in ("-", "other", "--name", "-other"):
        with pytest.raises(ValueError, match="must be one of name, number"):
            known_sort(list(SORTS.by), text)
