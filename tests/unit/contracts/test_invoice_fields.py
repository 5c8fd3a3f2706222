"""Each missing or wrong field of an invoice is named, with its line."""

import pytest

from tests.invoices import EVENT, LINE

from .invoice_example import problems, without

REQUIRED_OF_A_LINE = LINE.keys() - {"product_name"}
REQUIRED_OF_AN_EVENT = EVENT.keys() - {"line_count", "total", "lines"}


@pytest.mark.parametrize("name", sorted(REQUIRED_OF_AN_EVENT))
def test_a_missing_field_is_named(name: str) -> None:
    assert problems(without(EVENT, name)) == [(None, name)]


@pytest.mark.parametrize("name", sorted(REQUIRED_OF_A_LINE))
def test_a_missing_field_of_a_line_is_named_with_its_line(name: str) -> None:
    assert problems(EVENT | {"line_count": 2, "lines": [LINE, without(LINE, name)]}) == [(2, name)]


OF_AN_EVENT: list[tuple[str, list[object]]] = [
    ("event_id", [None, 7, "no uuid", [], {}]),
    ("partner_id", [None, 7, "", "  ", "a\0b", "a\nb", "x" * 201, ["acme"]]),
    ("invoice_id", [None, 7, "", "\x7f", "a\x1bb", "x" * 201]),
    ("revision", [None, 0, -1, 1.5, 1.0, "1", True, 2**31, 10**4000, [1]]),
    ("replaces", [7, "", "\0", ["INV-1"]]),
    ("period", [None, "2026-13", "2026-00", "2026-1", "26-11", "\uff12\uff10\uff12\uff16-11", "2026-11-05", 202611]),
    ("currency", [None, "aud", "AUDS", "A$", "", 36]),
    ("issued_at", [None, "2026-11-05T02:00:00", "2026-11-05", "yesterday", True, [], "0001-01-01T00:00:00+14:00"]),
    ("issued_at", ["9999-12-31T23:59:59-14:00", 1e400, -(10**30)]),
    ("line_count", [-1, 2, 0, 10**30, 1.0, "1", True, []]),
    (
        "total",
        [
            "3_78",
            "\u0663\u0667\u0668.00",
            "378.01",
            "-378",
            "0",
            "",
            "x",
            True,
            "NaN",
            "Infinity",
            "1e400",
            "9" * 5000,
            "0.0000001",
            [],
        ],
    ),
    ("lines", [{}, "lines", 7, False]),
]


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in OF_AN_EVENT for value in values])
def test_a_wrong_field_is_named(name: str, value: object) -> None:
    assert problems(EVENT | {name: value}) == [(None, name)]


OF_A_LINE: list[tuple[str, list[object]]] = [
    ("line_id", [None, 1, "", "\0"]),
    ("customer_id", [None, 17, " ", "a\tb"]),
    ("customer_name", [None, "", " \0\n", {"en": "Contoso"}]),
    ("product_code", [None, "", "\u2028", "a\rb", 365]),
    ("product_name", [7, ["Microsoft"]]),
    ("kind", [None, "Recurring", "", "subscription", 1]),
    ("quantity", [None, "", "twelve", True, False, [], "NaN", "sNaN", "Infinity", "-inf", "1e400", "1e-400", "0x10"]),
    ("quantity", ["1_000", "\u0661\u0662", "\uff11", "1 000", "1,5", "--1", "+", ".", "1e", "\u00a01"]),
    ("quantity", [10**4000, "9" * 5000, "1234567890", "0.1234567", 1e300]),
    ("unit_price", [None, "", "$31.50", "31,50", True, {}, "NaN", "Infinity", "1e400", "9" * 13, "1e-7"]),
    ("billing_cycle", [None, "", " ", "Month\0ly", 1]),
]


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in OF_A_LINE for value in values])
def test_a_wrong_field_of_a_line_is_named_with_its_line(name: str, value: object) -> None:
    assert problems(EVENT | {"line_count": 3, "lines": [LINE, LINE | {name: value}, LINE]}) == [(2, name)]
