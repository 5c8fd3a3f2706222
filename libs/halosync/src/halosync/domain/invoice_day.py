"""When an invoice run is expected (spec section 2: the 5th, or the next business day)."""

from collections.abc import Container
from datetime import date, timedelta
from functools import lru_cache
from importlib import import_module

_SATURDAY = 5
_DECEMBER = 12
_LAST_DAY = 28
"""The last day that every month has."""


def expected_invoice_date(year: int, month: int, day: int, country: str | None) -> date:
    """Return the day of the month's invoice run: `day`, or the next business day.

    Args:
        year: of the invoice run.
        month: 1 to 12.
        day: the setting `invoice_day`, 1 to 28.
        country: ISO 3166 alpha-2 code of the country whose public holidays count; None for weekends only.

    Raises:
        ValueError: a day out of range, or a country without known holidays.
    """
    if not 1 <= day <= _LAST_DAY:
        raise ValueError(f"The invoice day must be from 1 to {_LAST_DAY}, not {day}.")
    expected = date(year, month, day)
    while not is_business_day(expected, country):
        expected += timedelta(days=1)
    return expected


def is_business_day(day: date, country: str | None) -> bool:
    """Tell whether a day is neither of a weekend nor a public holiday of the country; None: weekends only.

    Raises:
        ValueError: a country without known holidays.
    """
    return day.weekday() < _SATURDAY and (country is None or day not in _public_holidays(country.upper()))


def next_expected(after: date, day: int, country: str | None) -> date:
    """Return the first expected invoice date later than `after`; the rest as in `expected_invoice_date`.

    Raises:
        ValueError: as `expected_invoice_date`.
    """
    # Last month's run may have moved into this month.
    year, month = (after.year, after.month - 1) if after.month > 1 else (after.year - 1, _DECEMBER)
    while (expected := expected_invoice_date(year, month, day, country)) <= after:
        year, month = (year, month + 1) if month < _DECEMBER else (year + 1, 1)
    return expected


@lru_cache(maxsize=32)
def _public_holidays(country: str) -> Container[date]:
    holidays = import_module("holidays")  # 5 MB, which a process whose partners name no country does without
    if country not in holidays.list_supported_countries(include_aliases=False):
        raise ValueError(f"No public holidays are known for the country {country!r}: use an ISO 3166 alpha-2 code.")
    known: Container[date] = holidays.country_holidays(country)
    return known
