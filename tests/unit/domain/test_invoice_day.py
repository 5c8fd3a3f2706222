from datetime import date, timedelta

import pytest
from halosync.domain.invoice_day import expected_invoice_date, next_expected
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("year", "month", "day", "country", "expected"),
    [
        (2026, 11, 5, None, date(2026, 11, 5)),
        (2026, 9, 5, None, date(2026, 9, 7)),  # a Saturday
        (2026, 7, 5, "AU", date(2026, 7, 6)),  # a Sunday
        (2026, 1, 1, "AU", date(2026, 1, 2)),
        (2026, 1, 1, None, date(2026, 1, 1)),
        (2026, 4, 3, "au", date(2026, 4, 7)),  # Good Friday to Easter Monday
        (2025, 12, 25, "GB", date(2025, 12, 29)),  # Christmas, Boxing Day, a weekend
        (2026, 2, 28, None, date(2026, 3, 2)),  # into the next month
    ],
)
def test_the_day_or_the_next_business_day(year: int, month: int, day: int, country: str | None, expected: date) -> None:
    assert expected_invoice_date(year, month, day, country) == expected


@pytest.mark.parametrize("country", ["XX", "", "AUS", "Australia"])
def test_an_unknown_country_is_named(country: str) -> None:
    with pytest.raises(ValueError, match=f"country '{country.upper()}'"):
        expected_invoice_date(2026, 11, 5, country)


@pytest.mark.parametrize("day", [0, 29, -1])
def test_a_day_that_not_every_month_has_is_refused(day: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 28"):
        expected_invoice_date(2026, 2, day, None)


@pytest.mark.parametrize(
    ("after", "day", "expected"),
    [
        (date(2026, 11, 4), 5, date(2026, 11, 5)),
        (date(2026, 11, 5), 5, date(2026, 12, 7)),  # 5 December is a Saturday
        (date(2026, 12, 7), 5, date(2027, 1, 5)),
        (date(2026, 9, 5), 5, date(2026, 9, 7)),
        (date(2026, 3, 1), 28, date(2026, 3, 2)),  # February's run has moved into March
        (date(2026, 1, 1), 28, date(2026, 1, 28)),
    ],
)
def test_the_next_invoice_run(after: date, day: int, expected: date) -> None:
    assert next_expected(after, day, None) == expected


def test_the_next_invoice_run_is_on_no_holiday() -> None:
    assert next_expected(date(2026, 12, 31), 1, "AU") == date(2027, 1, 4)  # New Year is a Friday


@given(st.dates(date(2024, 1, 1), date(2030, 12, 31)), st.integers(1, 28), st.sampled_from([None, "AU", "NZ", "DE"]))
def test_there_is_always_one_within_seven_weeks_and_no_earlier_one(after: date, day: int, country: str | None) -> None:
    expected = next_expected(after, day, country)
    assert after < expected <= after + timedelta(days=49)
    assert expected.weekday() < 5
    assert next_expected(expected - timedelta(days=1), day, country) == expected
