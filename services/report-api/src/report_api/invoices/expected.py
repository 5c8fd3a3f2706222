"""When the next invoice is expected (spec section 2): shown by the API's summary and by the report page."""

from datetime import UTC, date, datetime, timedelta

from halosync.contracts.settings import PartnerSettings
from halosync.domain.invoice_day import next_expected

EARLY = timedelta(days=14)
"""An invoice issued at most this long before an expected day is the one that was expected."""


def expected_invoice(settings: PartnerSettings, newest: datetime | None) -> date:
    """Return the day that the partner may expect its next invoice; `newest` is when its newest one was issued."""
    return next_invoice(
        datetime.now(UTC).date(),
        None if newest is None else newest.astimezone(UTC).date(),
        settings.invoice_day,
        settings.country,
    )


def next_invoice(today: date, newest: date | None, day: int, country: str | None) -> date:
    """Return when the next invoice is expected: today or later, and not the day of the newest one."""
    expected = next_expected(today - timedelta(days=1), day, country)
    if newest is not None and newest > expected - EARLY:
        return next_expected(expected, day, country)
    return expected
