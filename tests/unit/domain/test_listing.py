"""Sentences list twenty things, and say of how many more they do not."""

import pytest
from halosync.domain.listing import ended, ids, listed


@pytest.mark.parametrize(("number", "rest"), [(19, ""), (20, ""), (21, " and 1 more"), (30, " and 10 more")])
def test_of_more_than_twenty_the_rest_is_counted(number: int, rest: str) -> None:
    assert listed(range(1, number + 1)) == ", ".join(str(each) for each in range(1, min(number, 20) + 1)) + rest


def test_ids_are_as_pages_show_them() -> None:
    assert ids([7, 8]) == "#7, #8"


def test_words_end_with_one_full_stop() -> None:
    for words in ("No.", "No!", "No?", "No…", 'He said "no."', "('No.')", "[No.]", ""):
        assert ended(f"{words} ") == words
    assert [ended(words) for words in ("No", "Only 7.X")] == ["No.", "Only 7.X."]
