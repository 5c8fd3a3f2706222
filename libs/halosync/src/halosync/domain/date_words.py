"""Months and days in sentences, as the portal writes them; in English like the sentences that they stand in."""

from datetime import date

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def month_words(period: str) -> str:
    """Return the month of a period YYYY-MM: November 2026."""
    first = date.fromisoformat(f"{period}-01")
    return f"{_MONTHS[first.month - 1]} {first.year}"


def period_of(words: str) -> str | None:
    """Return the period YYYY-MM of a month in words, "november 2026" or "Nov 2026"; None if it is none."""
    match words.casefold().split():
        case [name, year] if len(year) == 4 and year.isdecimal():
            found = [number for number, month in enumerate(_MONTHS, 1) if name in _names(month)]
            return f"{year}-{found[0]:02}" if found else None
    return None


def _names(month: str) -> set[str]:
    return {month.casefold(), month[:3].casefold()}


def day_words(day: str) -> str:
    """Return a date YYYY-MM-DD with its month in letters, which everybody reads the same way: 5 Nov 2026."""
    given = date.fromisoformat(day)
    return f"{given.day} {_MONTHS[given.month - 1][:3]} {given.year}"
