"""What keeps a list that shows too little from being believed."""

import pytest
from halosync.domain.guard import hides


@pytest.mark.parametrize(
    ("known", "missing"),
    [(1, 1), (11, 11), (40, 11), (43, 11), (100, 26)],
)
def test_a_list_that_lacks_everything_or_very_much_hides_something(known: int, missing: int) -> None:
    assert hides(known, missing)


@pytest.mark.parametrize(
    ("known", "missing"),
    [(0, 0), (2, 1), (11, 10), (44, 11), (100, 25)],
)
def test_a_list_that_lacks_a_few_is_believed(known: int, missing: int) -> None:
    assert not hides(known, missing)
