from datetime import date

import pytest
from halosync.domain.retention import first_kept_month
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("today", "months", "kept"),
    [
        (date(2026, 11, 28), 1, "2026-10"),
        (date(2026, 11, 28), 11, "2025-12"),
        (date(2026, 1, 1), 12, "2025-01"),
        (date(2026, 12, 31), 0, "2026-12"),
    ],
)
def test_whole_months_are_kept_besides_this_one(today: date, months: int, kept: str) -> None:
    assert first_kept_month(today, months) == kept


@given(st.dates(min_value=date(1999, 1, 1)), st.integers(0, 1200))
def test_so_many_months_lie_between(today: date, months: int) -> None:
    kept = first_kept_month(today, months)
    year, month = (int(part) for part in kept.split("-"))
    assert 1 <= month <= 12
    assert (today.year - year) * 12 + today.month - month == months
    assert kept == f"{year:04}-{month:02}"
