"""Numbers, amounts and dates as the browser's language writes them; the words are English."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_api.web import formats
from report_api.web.languages import speak, spoken


@pytest.fixture(autouse=True)
def _like_anybody() -> Iterator[None]:
    speak("")
    yield
    speak("")


@pytest.mark.parametrize(
    ("accepted", "amount", "day"),
    [
        ("", "12,345.50", "5 Nov 2026"),
        ("en-AU,en;q=0.9", "12,345.50", "5 Nov 2026"),
        ("en", "12,345.50", "5 Nov 2026"),
        ("en-US", "12,345.50", "Nov 5, 2026"),
        ("de-DE,de;q=0.9,en;q=0.8", "12.345,50", "5 Nov 2026"),
        ("fr", "12\N{NARROW NO-BREAK SPACE}345,50", "5 Nov 2026"),
        ("zh-Hant-TW", "12,345.50", "5 Nov 2026"),
        ("*, xx-XX, tlh, de", "12.345,50", "5 Nov 2026"),
        ("en-ZZ", "12,345.50", "5 Nov 2026"),
        ("\N{SNOWMAN};;,,-", "12,345.50", "5 Nov 2026"),
    ],
)
def test_as_the_browser_says(accepted: str, amount: str, day: str) -> None:
    speak(accepted)
    assert formats.amount(Decimal("12345.5")) == amount
    assert formats.day(date(2026, 11, 5)) == day
    assert formats.month("2026-11") == "November 2026"


@given(st.text(max_size=300))
def test_any_header_is_borne(accepted: str) -> None:
    speak(accepted)
    assert formats.number(0) == "0"
    assert spoken().dates_tag.startswith("en")


@pytest.mark.parametrize(
    ("value", "exact", "in_cents"),
    [
        ("0", "0", "0.00"),
        ("-1250.50", "\N{MINUS SIGN}1,250.5", "\N{MINUS SIGN}1,250.50"),
        ("1234567", "1,234,567", "1,234,567.00"),
        ("0.3350", "0.335", "0.335"),
        ("1E+3", "1,000", "1,000.00"),
        ("0.00000000000000000001", "0.00000000000000000001", "0.00000000000000000001"),
        ("123456789012345678901234567890.5", "123,456,789,012,345,678,901,234,567,890.5", None),
    ],
)
def test_a_decimal_is_as_exact_as_it_is(value: str, exact: str, in_cents: str | None) -> None:
    assert formats.decimal(Decimal(value)) == exact
    if in_cents is not None:
        assert formats.amount(Decimal(value)) == in_cents


@pytest.mark.parametrize(
    ("value", "total", "change"),
    [("-1.5", "{minus}AUD{blank}1.50", "{minus}AUD{blank}1.50"), ("2", "AUD{blank}2.00", "+AUD{blank}2.00")],
)
def test_every_amount_below_zero_has_the_same_minus(value: str, total: str, change: str) -> None:
    signs = {"minus": "\N{MINUS SIGN}", "blank": "\N{NO-BREAK SPACE}"}
    assert formats.money(Decimal(value), "AUD") == total.format(**signs)
    assert formats.change(Decimal(value), "AUD") == change.format(**signs)
    assert formats.signed(Decimal("-0")) == "0.00"


def test_every_time_has_its_zone_and_one_style() -> None:
    at = datetime(2026, 11, 5, 16, 5, tzinfo=UTC)
    assert ">5 Nov 2026, 16:05 UTC<" in formats.moment(at)
    assert ">16:05 UTC<" in formats.clock(at)
    assert formats.plural(1200, "line") == "1,200 lines"
