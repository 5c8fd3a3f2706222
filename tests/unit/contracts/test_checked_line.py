"""A line that is plainly good is taken at once, and becomes what the models would make of it."""

import pytest
from halosync.contracts import checked_line
from halosync.contracts.checked_line import checked
from halosync.contracts.invoice import InvoiceLine
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.invoices import LINE

PLAIN = [
    LINE,
    LINE | {"quantity": "999999999.999999", "unit_price": "999999999999.999999"},
    LINE | {"unit_price": "0.05"},
]


@pytest.mark.parametrize("line", PLAIN)
def test_a_line_as_documented_needs_no_model(line: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(InvoiceLine, "model_validate", None)
    assert checked(line).text.split("\t") == [line[name] for name in InvoiceLine.model_fields]


ODD_TEXTS = st.text(st.sampled_from("aå .1-\\\t\n\0\x7f\x85\xa0\xad\u200b\u2028\u3000\ufeff"), max_size=5)
ODD_NUMBERS = st.from_regex(r"-?[0-9]{0,13}(\.[0-9]{0,7})?", fullmatch=True) | st.sampled_from(
    [
        "0",
        "00",
        "007",
        "0.0",
        "0.000000",
        "-0",
        "+1",
        " 1",
        "1 ",
        "1e3",
        "1_0",
        "\u0661",
        "1.",
        ".5",
        "NaN",
        7,
        1.5,
        None,
    ]
)
FIELDS = {name: st.just(value) | ODD_TEXTS | st.just("a" * 199) for name, value in LINE.items()}
ODD_LINES = st.fixed_dictionaries(
    FIELDS | {"kind": st.sampled_from(["recurring"] * 8 + ["usage", "", None])},
    optional={"unknown": st.none()},
).flatmap(lambda line: st.fixed_dictionaries({"quantity": ODD_NUMBERS, "unit_price": ODD_NUMBERS}).map(line.__or__))


ODD = [
    {"line_id": "x" * 201},
    {"customer_name": "x" * 501},
    {"quantity": "1234567890"},
    {"quantity": "1.0000000"},
    {"unit_price": "1" * 13},
    {"unit_price": "0.0000001"},
    {"unit_price": "007"},
    {"unit_price": "0.00"},
    {"line_id": " 1"},
    {"billing_cycle": "Monthly "},
    {"customer_name": "Contoso\u200b"},
    {"product_code": "a\tb"},
]


@pytest.mark.parametrize("values", ODD)
def test_what_is_not_plain_is_left_to_the_models(values: dict[str, object]) -> None:
    assert checked_line._plain(LINE | values) is None


def test_the_same_two_numbers_are_looked_at_once() -> None:
    numbers = {"quantity": "7", "unit_price": "31.505"}
    lines = [checked(LINE | numbers | {"line_id": str(number)}) for number in range(3)]
    before = checked_line._numbers.cache_info().misses
    lines += [checked(LINE | numbers | {"line_id": str(number)}) for number in range(3)]
    assert {str(line.amount) for line in lines} == {"220.54"}
    assert checked_line._numbers.cache_info().misses == before


@given(line=ODD_LINES)
def test_what_is_plain_is_what_the_models_would_make(line: dict[str, object]) -> None:
    plain = checked_line._plain(line)
    if plain is not None:
        assert repr(plain) == repr(checked_line._by_model(line))


@given(line=ODD_LINES)
def test_no_text_of_a_line_can_be_mistaken_for_two(line: dict[str, object]) -> None:
    try:
        found = checked(line)
    except ValidationError:
        return
    assert found.text.split("\t") == [str(getattr(found, name)) for name in InvoiceLine.model_fields]
    assert "\n" not in found.text
