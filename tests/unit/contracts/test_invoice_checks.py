"""Nothing is believed of an invoice before it was checked; what is wrong is told with its field and line."""

import json
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from halosync.contracts import invoice_checks
from halosync.contracts.invoice import InvoiceLine, InvoiceProblem, InvoiceRejected
from halosync.contracts.invoice_checks import (
    MOST_PROBLEMS,
    InvalidInvoiceError,
    LineChecker,
    json_lines,
    read_event,
    read_json_line,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.invoices import EVENT, LINE

REQUIRED_OF_A_LINE = LINE.keys() - {"product_name"}
REQUIRED_OF_AN_EVENT = EVENT.keys() - {"line_count", "total", "lines"}


def take_in(body: bytes) -> tuple[LineChecker, list[InvoiceLine]]:
    """Check an event as the planner does."""
    header, raw_lines = read_event(body)
    checker = LineChecker(header)
    lines = list(checker.check(raw_lines or []))
    if raw_lines is not None:
        checker.finish()
    return checker, lines


def refusal(event: object) -> InvalidInvoiceError:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    with pytest.raises(InvalidInvoiceError) as refused:
        take_in(body)
    return refused.value


def problems(event: object) -> list[tuple[int | None, str]]:
    return [(problem.line, problem.field) for problem in refusal(event).problems]


def without(fields: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key != name}


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


@pytest.mark.parametrize("name", sorted(REQUIRED_OF_AN_EVENT))
def test_a_missing_field_is_named(name: str) -> None:
    assert problems(without(EVENT, name)) == [(None, name)]


@pytest.mark.parametrize("name", sorted(REQUIRED_OF_A_LINE))
def test_a_missing_field_of_a_line_is_named_with_its_line(name: str) -> None:
    assert problems(EVENT | {"line_count": 2, "lines": [LINE, without(LINE, name)]}) == [(2, name)]


OF_AN_EVENT: list[tuple[str, list[Any]]] = [
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
def test_a_wrong_field_is_named(name: str, value: Any) -> None:
    assert problems(EVENT | {name: value}) == [(None, name)]


OF_A_LINE: list[tuple[str, list[Any]]] = [
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
def test_a_wrong_field_of_a_line_is_named_with_its_line(name: str, value: Any) -> None:
    assert problems(EVENT | {"line_count": 3, "lines": [LINE, LINE | {name: value}, LINE]}) == [(2, name)]


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
def test_there_is_exactly_one_source_of_lines(sources: dict[str, Any]) -> None:
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
def test_what_sets_no_licence_is_taken_as_far_as_it_can_be_kept(kind: str, name: str, value: Any, taken: str) -> None:
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
def test_what_cannot_be_kept_of_a_line_that_sets_no_licence_is_named(name: str, value: Any) -> None:
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
    def content(event: dict[str, Any], *lines: Any) -> bytes:
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


def test_all_problems_are_told_until_there_are_too_many() -> None:
    bad = LINE | {"quantity": "x", "kind": "?"}
    assert problems(EVENT | {"lines": [bad, LINE, bad]}) == [(1, "kind"), (1, "quantity"), (3, "kind"), (3, "quantity")]
    assert problems(EVENT | {"revision": 0, "period": "x"}) == [(None, "revision"), (None, "period")]
    assert len(problems(EVENT | {"lines": [bad] * MOST_PROBLEMS})) == MOST_PROBLEMS


def test_after_too_many_problems_the_rest_is_not_read() -> None:
    read = []

    def lines() -> Iterator[object]:
        for number in range(1000):
            read.append(number)
            yield None

    with pytest.raises(InvalidInvoiceError):
        list(checker().check(lines()))
    assert len(read) == MOST_PROBLEMS


def test_too_many_lines_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invoice_checks, "MOST_LINES", 2)
    assert problems(EVENT | {"lines": [LINE] * 3}) == [(None, "lines")]


def test_a_line_that_cannot_be_read_is_told_with_all_that_is_known() -> None:
    def lines() -> Iterator[object]:
        yield LINE | {"quantity": "x"}
        yield read_json_line(b"{broken", 2)

    with pytest.raises(InvalidInvoiceError) as refused:
        list(checker().check(lines()))
    assert [(problem.line, problem.field) for problem in refused.value.problems] == [(1, "quantity"), (2, "")]
    assert refused.value.known["invoice_id"] == EVENT["invoice_id"]


def test_a_refusal_says_which_invoice_it_speaks_of() -> None:
    identity = {name: EVENT[name] for name in ("event_id", "partner_id", "invoice_id", "revision")}
    for event in (EVENT | {"period": "x"}, EVENT | {"total": "1"}, EVENT | {"lines": [{}]}, EVENT | {"lines": 7}):
        assert refusal(event).known == identity
    assert refusal(EVENT | {"partner_id": 7}).known == without(identity, "partner_id")


def test_a_refusal_does_not_repeat_what_was_sent() -> None:
    assert "secret" not in str(refusal(EVENT | {"lines": [LINE | {"quantity": "secret", "kind": "secret"}]}))


def checker() -> LineChecker:
    return LineChecker(read_event(json.dumps(EVENT).encode())[0])


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.decimals().map(str)
    | st.datetimes().map(str)
)
json_values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


@st.composite
def mutated_events(draw: st.DrawFn) -> bytes:
    """Valid events with a few fields changed or taken away, and sometimes a few bytes."""
    event = json.loads(json.dumps(EVENT | {"lines": [LINE] * draw(st.integers(0, 3))}))
    targets = [event, *event["lines"]]
    for _ in range(draw(st.integers(0, 3))):
        target = draw(st.sampled_from(targets))
        name = draw(st.sampled_from(sorted(target)) | st.sampled_from(["lines_url", "replaces"]))
        target[name] = draw(json_values)
    body = bytearray(json.dumps(event).encode())
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 3]))):
        body[draw(st.integers(0, len(body) - 1))] = draw(st.integers(0, 255))
    return bytes(body)


@settings(deadline=None, max_examples=250)
@given(body=st.binary() | json_values.map(lambda value: json.dumps(value).encode()) | mutated_events())
def test_whatever_arrives_is_taken_in_or_refused_with_an_answer(body: bytes) -> None:
    lines: list[InvoiceLine] = []
    refused = None
    try:
        _, lines = take_in(body)
    except InvalidInvoiceError as error:
        refused = error
    assert refused is None or (refused.problems and answer(refused).problems == refused.problems)
    assert all("\0" not in str(value) for line in lines for value in line.model_dump().values())


def answer(refused: InvalidInvoiceError) -> InvoiceRejected:
    """The answer that is published, after its journey."""
    known = {("invoice_event_id" if name == "event_id" else name): value for name, value in refused.known.items()}
    fields = {"reason": str(refused), "problems": refused.problems, "rejected_at": "2026-11-05T02:00:00Z"}
    return InvoiceRejected.model_validate_json(InvoiceRejected.model_validate(known | fields).model_dump_json())


def test_a_problem_says_in_words_where_it_is() -> None:
    error = InvalidInvoiceError([InvoiceProblem(field="total", line=None, message="is off")])
    assert str(error) == "total: is off"
    assert str(InvalidInvoiceError([InvoiceProblem(field="kind", line=3, message="m")])) == "line 3, kind: m"
    assert str(InvalidInvoiceError([InvoiceProblem(field="", line=3, message="m")])) == "line 3: m"


def test_a_problem_is_told_without_the_name_of_its_kind() -> None:
    wrong = refusal({**EVENT, "lines": [{**LINE, "quantity": "1_0"}]})
    assert str(wrong.problems[0].message).startswith("must be a number in the digits 0 to 9")
