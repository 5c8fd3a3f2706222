"""How many problems of an invoice are told, in which words, and that each refusal has its answer."""

import json
from collections.abc import Iterator

import pytest
from halosync.contracts import invoice_checks
from halosync.contracts.checked_line import CheckedLine
from halosync.contracts.invoice import InvoiceProblem, InvoiceRejected
from halosync.contracts.invoice_checks import (
    MOST_PROBLEMS,
    InvalidInvoiceError,
    read_json_line,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.invoices import EVENT, LINE

from .invoice_example import checker, problems, refusal, take_in, without


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
    lines: list[CheckedLine] = []
    refused = None
    try:
        _, lines = take_in(body)
    except InvalidInvoiceError as error:
        refused = error
    assert refused is None or (refused.problems and answer(refused).problems == refused.problems)
    assert all("\0" not in str(value) for line in lines for value in line)


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
