"""Months and days in sentences."""

import pytest
from halosync.domain.date_words import day_words, month_words, period_of


@pytest.mark.parametrize(
    ("period", "words"), [("2026-01", "January 2026"), ("2026-09", "September 2026"), ("2026-12", "December 2026")]
)
def test_a_month_has_its_name(period: str, words: str) -> None:
    assert month_words(period) == words


@pytest.mark.parametrize(("day", "words"), [("2026-11-05", "5 Nov 2026"), ("2026-12-31", "31 Dec 2026")])
def test_a_day_has_its_month_in_letters(day: str, words: str) -> None:
    assert day_words(day) == words


@pytest.mark.parametrize("words", ["November 2026", " nov 2026 ", "NOVEMBER 2026", "November  2026"])
def test_a_month_in_words_is_a_period(words: str) -> None:
    assert period_of(words) == "2026-11"


@pytest.mark.parametrize(
    "words", ["", "2026", "Novem 2026", "November 26", "November", "November 20x6", "1 November 2026", "2026-11"]
)
def test_other_words_are_no_period(words: str) -> None:
    assert period_of(words) is None
