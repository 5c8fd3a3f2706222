"""Nothing is believed of an invoice before it was checked; what is wrong is told with its field and line."""

import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from devstack.fields import Fields
from halosync.contracts import invoice_checks
from halosync.contracts.invoice_checks import (
    InvalidInvoiceError,
    LineChecker,
    json_lines,
    read_event,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.invoices import EVENT, LINE

from .invoice_example import problems, refusal, take_in, without


def test_a_good_invoice() -> None:
    checker, lines = take_in(json.dumps(EVENT).encode())
    assert (checker.count, checker.total, [line.quantity for line in lines]) == (1, Decimal("378.00"), [Decimal(12)])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"\x00" * 100,
        b"\xff" * 2_000_000,
        b"[" * 10_000,
        b'{"lines":' * 10_000,
        b'{"partner_id": "\\ud800"}',
        b'{"partner_id": "\xed\xa0\x80"}',
        b'{"revision": ' + b"9" * 10_000 + b"}",
        b"{'event_id': 1}",
        b"[]",
        b'"event"',
        b"null",
        b"7",
        b"NaN",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_no_json_object_is_told_as_a_whole(body: bytes) -> None:
    error = refusal(body)
    assert [(problem.line, problem.field) for problem in error.problems] == [(None, "")]
    assert "JSON" in str(error)
    assert error.known == {}


def test_an_event_that_is_too_large_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps(EVENT).encode()
    monkeypatch.setattr(invoice_checks, "MOST_EVENT_BYTES", len(body))
    assert take_in(body)[0].count == 1
    error = refusal(body + b" ")
    assert f"has {len(body) + 1} bytes, more than {len(body)}; give the lines by lines_url instead" in str(error)
    assert error.known == {}


def test_100_000_lines_as_they_usually_are_fit_into_an_event() -> None:
    assert len(json.dumps(LINE)) * 100_000 < invoice_checks.MOST_EVENT_BYTES


@pytest.mark.parametrize("bomb", [b"[]," * 400_000, b'{"":{}},' * 300_000], ids=["lists", "objects"])
def test_many_small_lists_and_objects_are_refused_unread(bomb: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes 64 bytes and more in memory, for two or three in the event."""
    monkeypatch.setattr(invoice_checks, "MOST_NESTED", 300_000)
    body = json.dumps(EVENT).encode().replace(b'"lines": [', b'"lines": [' + bomb)
    assert "holds more than 300000 lists and objects" in str(refusal(body))


def test_what_is_known_of_a_refused_event_is_cut() -> None:
    known = refusal(EVENT | {"partner_id": "x" * 1_000_000, "event_id": "y" * 1_000_000}).known
    assert (len(known["partner_id"]), len(known["event_id"])) == (200, 200)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-1e400", b"true", b"1E+99999"])
def test_numbers_that_json_has_no_word_for_are_refused(number: bytes) -> None:
    assert problems(json.dumps(EVENT).encode().replace(b'"12"', number)) == [(1, "quantity")]
    assert problems(json.dumps(EVENT).encode().replace(b'"378.00"', number)) == [(None, "total")]


def test_true_is_no_number_and_the_refusal_says_what_is() -> None:
    assert 'such as "12.50"' in str(refusal(EVENT | {"lines": [LINE | {"quantity": True}]}))
    assert 'such as "12.50"' in str(refusal(EVENT | {"total": True}))


@pytest.mark.parametrize("line", [None, 7, "line", [], [LINE]])
def test_a_line_that_is_no_object_is_named(line: object) -> None:
    assert problems(EVENT | {"line_count": 2, "lines": [LINE, line]}) == [(2, "")]


@pytest.mark.parametrize(
    "sources", [{}, {"lines": None}, {"lines": None, "lines_url": None}, {"lines": [LINE], "lines_url": "https://h/1"}]
)
def test_there_is_exactly_one_source_of_lines(sources: dict[str, object]) -> None:
    assert problems(without(EVENT, "lines") | sources) == [(None, "lines")]


def test_the_lines_may_be_elsewhere() -> None:
    header, lines = read_event(json.dumps(EVENT | {"lines": None, "lines_url": "https://h/1"}).encode())
    assert (header.lines_url, lines) == ("https://h/1", None)


def test_control_totals_are_compared_with_each_line_rounded_to_cents() -> None:
    lines = [LINE | {"quantity": "1", "unit_price": "0.005"}, LINE | {"quantity": "-1", "unit_price": "0.005"}]
    lines += [LINE | {"quantity": "0.333333", "unit_price": "10"}]
    checker, _ = take_in(json.dumps(EVENT | {"line_count": 3, "total": "3.33", "lines": lines}).encode())
    assert checker.total == Decimal("3.33")
    said = str(refusal(EVENT | {"line_count": 3, "total": "3.34", "lines": lines}))
    assert said.startswith("total: says 3.34, but the lines add up to 3.33: each line's quantity times unit_price is")
    assert "rounded half up to cents (0.125 becomes 0.13, -0.125 becomes -0.13)" in said


def test_a_usage_line_may_have_any_decimals_and_lack_customer_and_cycle() -> None:
    usage = {"line_id": "2", "product_code": "AZ", "kind": "usage", "quantity": "0.0159369774", "unit_price": "26.35"}
    odd = usage | {"customer_id": None, "customer_name": None, "billing_cycle": None, "unit_price": "1.2799888920023"}
    checker, lines = take_in(
        json.dumps(EVENT | {"line_count": 3, "total": "378.44", "lines": [LINE, usage, odd]}).encode()
    )
    assert [str(line.quantity) for line in lines] == ["12", "0.0159369774", "0.0159369774"]
    assert str(lines[2].unit_price) == "1.2799888920023"
    assert [(line.customer_id, line.customer_name, line.billing_cycle) for line in lines[1:]] == [("", "", "")] * 2
    assert checker.total == Decimal("378.44")


NON_RECURRING = [
    ("quantity", "-0.1234567890123456789012345", "-0.123456789012345679"),
    ("quantity", "1E-400", "0"),
    ("unit_price", 0.1, "0.1"),
    ("customer_id", " C\n17 ", "C 17"),
    ("billing_cycle", "x" * 501, "x" * 500),
    ("product_code", "a\rb", "a b"),
]


@pytest.mark.parametrize("kind", ["usage", "credit", "proration", "one_off"])
@pytest.mark.parametrize(("name", "value", "taken"), NON_RECURRING)
def test_what_sets_no_licence_is_taken_as_far_as_it_can_be_kept(
    kind: str, name: str, value: object, taken: str
) -> None:
    _, (line,) = take_in(json.dumps(EVENT | {"total": None, "lines": [LINE | {"kind": kind, name: value}]}).encode())
    assert str(getattr(line, name)) == taken


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("quantity", "1234567890"),
        ("unit_price", "1e12"),
        ("quantity", "1_0"),
        ("quantity", None),
        ("quantity", "9" * 5000),
        ("product_code", ""),
        ("line_id", ""),
        ("customer_id", "x" * 201),
        ("quantity", True),
        ("unit_price", "NaN"),
    ],
)
def test_what_cannot_be_kept_of_a_line_that_sets_no_licence_is_named(name: str, value: object) -> None:
    assert problems(EVENT | {"lines": [LINE | {"kind": "usage", name: value}]}) == [(1, name)]


@pytest.mark.parametrize("name", ["customer_name", "product_name"])
def test_texts_that_are_only_shown_are_made_fit_to_be_shown(name: str) -> None:
    for value, taken in (("Con\0toso\n\x1f Pty ", "Con toso   Pty"), ("x" * 501, "x" * 500), ("\u00a0é", "é")):
        _, (line,) = take_in(json.dumps(EVENT | {"lines": [LINE | {name: value}]}).encode())
        assert getattr(line, name) == taken


def test_a_byte_order_mark_is_skipped() -> None:
    assert take_in(b"\xef\xbb\xbf" + json.dumps(EVENT).encode())[0].count == 1
    texts = [b"\xef\xbb\xbf{}\r\n", b"\xef\xbb\xbf \n", b" [] \n", b"\xef\xbb\xbf"]
    assert list(json_lines(texts)) == [{}, []]


def test_lines_that_are_not_json_are_named_by_their_number_without_blank_ones() -> None:
    with pytest.raises(InvalidInvoiceError, match="line 2: not JSON"):
        list(json_lines([b"{}\n", b"\n", b"{\n"]))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**8), max_value=10**8))
def test_amounts_are_rounded_half_up_once_and_exactly(quantity: Decimal) -> None:
    usage = LINE | {"kind": "usage", "quantity": str(quantity), "unit_price": "1.000000000000000001"}
    checker, _ = take_in(json.dumps(EVENT | {"total": None, "lines": [usage]}).encode())
    exact = Fraction(quantity) * Fraction("1.000000000000000001")
    assert abs(Fraction(checker.total) - exact) <= Fraction(1, 200)
    assert abs(checker.total) == Decimal(int(abs(exact) * 100 + Fraction(1, 2))) / 100


def test_the_same_invoice_has_the_same_content_wherever_its_lines_come_from() -> None:
    def content(event: Fields, *lines: Any) -> bytes:
        checker = LineChecker(read_event(json.dumps(event).encode())[0])
        assert all(checker.check(lines))
        return checker.content

    by_url = EVENT | {"lines": None, "lines_url": "https://h/1?signature=2"}
    assert content(EVENT, LINE) == content(by_url, LINE | {"unknown": 1}) == content(EVENT | {"unknown": 2}, LINE)
    others = [content(EVENT), content(EVENT, LINE, LINE), content(EVENT | {"period": "2026-12"}, LINE)]
    others.append(content(EVENT, LINE | {"quantity": "13"}))
    assert len({content(EVENT, LINE), *others}) == 5


def test_the_largest_amounts_add_up() -> None:
    largest = LINE | {"quantity": "999999999.999999", "unit_price": "999999999999.999999"}
    checker, _ = take_in(json.dumps(EVENT | {"line_count": 3, "total": None, "lines": [largest] * 3}).encode())
    assert checker.total == Decimal("2999999999999996997000.00")


def test_an_empty_invoice_is_an_invoice() -> None:
    assert take_in(json.dumps(EVENT | {"line_count": 0, "total": "0.00", "lines": []}).encode())[1] == []
