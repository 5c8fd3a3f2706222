"""Numbers, amounts and times as people read them: as their browser's language writes them, with English words."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_skeleton
from markupsafe import Markup

from report_api.web.languages import MINUS, spoken

_CENT = Decimal("0.01")

NOTHING = "\N{EN DASH}"
"""What is shown for an unset value: unset is not zero (spec section 3)."""


def _written(text: str) -> str:
    """Return a number that Python wrote, -1,234.5, with a true minus and the signs of the reader's language."""
    return text.translate(spoken().signs)


def number(value: int) -> str:
    """Return a whole number with its thousands apart: 12,345."""
    return _written(f"{value:,}")


def decimal(value: Decimal | None) -> str:
    """Return a decimal as exact as it is, its thousands apart and without trailing zeros: 1,250.5; unset is a dash."""
    if value is None:
        return NOTHING
    whole, _, fraction = f"{value:,f}".partition(".")
    fraction = fraction.rstrip("0")
    return _written(f"{whole}.{fraction}" if fraction else whole)


def amount(value: Decimal | None) -> str:
    """Return an amount as `money` does, for a column whose heading names the currency."""
    if value is None:
        return NOTHING
    rounded = value.quantize(_CENT, ROUND_HALF_UP)
    return _written(f"{rounded:,f}") if rounded == value else decimal(value)


def cents(sums: Iterable[tuple[str, Decimal]]) -> str:
    """Return amounts by billing cycle for a script that adds them up: a line each, whole cents before the cycle."""
    rounded = ((int(value.quantize(_CENT, ROUND_HALF_UP).scaleb(2)), cycle) for cycle, value in sums)
    return "\n".join(f"{whole} {' '.join(cycle.split())}".rstrip() for whole, cycle in rounded)


def sample() -> str:
    """Return what an amount looks like, for a script that writes amounts: 1,234.50."""
    return amount(Decimal("1234.5"))


def money(value: Decimal | None, currency: str) -> str:
    """Return an amount with two digits, or more where it has more: AUD 1,234.50, or −AUD 1.00; unset is a dash."""
    if value is None:
        return NOTHING
    return f"{MINUS if value < 0 else ''}{currency}\N{NO-BREAK SPACE}{amount(abs(value))}"


def change(value: Decimal, currency: str) -> str:
    """Return a difference with its sign, +AUD 12.00; nothing changed is AUD 0.00."""
    return ("+" if value > 0 else "") + money(value + 0, currency)  # adding takes the sign from minus zero


def signed(value: Decimal) -> str:
    """Return a difference as `change` does, for a column whose heading names the currency: +12.00, 0.00."""
    return ("+" if value > 0 else "") + amount(value + 0)


def day(value: date | None) -> str:
    """Return a date with its month in letters, which everybody reads the same way: 5 Nov 2026."""
    return NOTHING if value is None else _day(value.year, value.month, value.day, spoken().dates)


@lru_cache(maxsize=1000)
def _day(year: int, month_: int, day_: int, locale: Locale) -> str:
    """Return a date as a language writes it; the rows of a table are of few days."""
    return format_skeleton("yMMMd", date(year, month_, day_), locale=locale)


def month(period: str) -> str:
    """Return the month of a period YYYY-MM: November 2026."""
    return format_skeleton("yMMMM", date.fromisoformat(period + "-01"), locale=spoken().dates)


_TIME_OF, _TIME_SHOWN, _TIME_ENDS = Markup('<time datetime="'), Markup('">'), Markup("</time>")
"""Put together by `+`, which escapes what is between as `Markup.format` does, and takes a tenth of the time."""


def moment(value: datetime | None) -> str | Markup:
    """Return a time element in UTC; the page's script shows it in the reader's own zone."""
    if value is None:
        return NOTHING
    utc = value.astimezone(UTC)
    text = f"{day(utc)}, {utc:%H:%M} UTC"
    return _TIME_OF + utc.isoformat(timespec="seconds") + _TIME_SHOWN + text + _TIME_ENDS


def clock(value: datetime) -> Markup:
    """Return a time of today, or of tomorrow, as a time element: 14:05 UTC; see `moment`."""
    utc = value.astimezone(UTC)
    return Markup('<time datetime="{}" data-clock>{}</time>').format(
        utc.isoformat(timespec="seconds"), f"{utc:%H:%M} UTC"
    )


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun: 1 line, 2 lines, 1,000 lines."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Return about how long something takes or took: less than a minute, 5 minutes, 2 hours 10 minutes."""
    minutes = round(seconds / 60)
    if seconds < 1:
        return "less than a second"
    if seconds < 60:
        return plural(round(seconds), "second")
    hours, rest = divmod(minutes, 60)
    parts = [plural(hours, "hour")] if hours else []
    return " ".join(parts + ([plural(rest, "minute")] if rest or not parts else []))


FILTERS: Mapping[str, Callable[..., object]] = {
    filter_.__name__: filter_
    for filter_ in (number, decimal, amount, cents, money, change, signed, day, month, moment, clock, plural, duration)
}
"""The filters of the templates, by their names here."""
