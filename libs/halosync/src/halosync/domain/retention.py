"""How long things are kept (spec section 12, "Retention")."""

from datetime import date


def first_kept_month(today: date, months: int) -> str:
    """Return the oldest month that is kept, as YYYY-MM: the current one and `months` whole months before it."""
    years, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return f"{years:04}-{month + 1:02}"
