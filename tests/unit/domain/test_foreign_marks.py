"""A licence is somebody else's by any value of a mark but nothing (spec section 9)."""

import pytest
from halosync.domain.foreign_marks import is_mark


@pytest.mark.parametrize("value", [7, "7", "a", "X", "00000000-0000-0000-0000-000000000001", -1, True, [1], {"id": 0}])
def test_any_value_is_a_mark(value: object) -> None:
    assert is_mark(value)


@pytest.mark.parametrize(
    "value",
    [None, 0, 0.0, "", " ", "0", "0.0", "-0", "00000000-0000-0000-0000-000000000000", False, [], {}],
    ids=repr,
)
def test_empty_zero_and_null_are_no_mark(value: object) -> None:
    assert not is_mark(value)
