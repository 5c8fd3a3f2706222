from decimal import Decimal

import pytest
from halosync.domain.decimals import plain, price_text, same_on_wire
from halosync.domain.names import name_key
from hypothesis import example, given
from hypothesis import strategies as st

from .worlds import NAMES


@given(st.text(max_size=20))
@example("\u00df\u0323")
@example("\u1fb7 \u2126\ufb03")
def test_a_key_is_its_own_key(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name)


@given(
    st.lists(st.sampled_from(["\u0301\u0316" * 20, "\u0f73" * 40, "\uff9e\u0316", "e", "ǭ", " ", "\u0345"])).map(
        "".join
    )
)
@example("\u0301\u0316" * 400)
@example("x" * 600 + "e\u0301")
def test_marks_without_end_are_cut_and_the_key_is_still_its_own_key(name: str) -> None:
    long = f"{name}{'contoso ' * 70}"
    assert name_key(name_key(long)) == name_key(long)
    assert "contoso contoso" in name_key(long)


def test_a_stroke_through_a_letter_is_a_mark_too() -> None:
    long = "l" + "\u0335" * 40 + "contoso" * 100  # of the lowest class of marks
    assert name_key(long) == name_key(long.replace("\u0335", "", 10))


def test_no_language_has_so_many_marks_that_they_are_cut() -> None:
    long = "e" + "\u0301" * 30 + "contoso" * 100
    assert name_key(long) != name_key(long.replace("\u0301", "", 1))
    assert name_key(long) == name_key(long.replace("\u0301", "\u0301\u0301", 1))


@given(st.sampled_from(NAMES), st.sampled_from(["", " ", "\t\n", "\u00a0", "\u3000"]))
def test_case_and_white_space_around_do_not_count(name: str, space: str) -> None:
    assert name_key(space + name.upper() + space) == name_key(name)


@pytest.mark.parametrize(
    ("one", "other"), [("a  b", "A\tb"), ("So\u0308ns", "SÖNS"), ("straße", "STRASSE"), ("\uff21\uff22", "ab")]
)
def test_equal_names(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(("one", "other"), [("ab", "a b"), ("sons", "söns"), ("MS-365", "MS365"), ("a", "")])
def test_different_names(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


def on_wire(value: Decimal) -> Decimal:
    """Return what Halo's JSON shows of a value: the shortest decimal of the nearest double."""
    return Decimal(repr(float(value)))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30, places=12))
def test_what_halo_holds_stays_as_it_is(value: Decimal) -> None:
    assert on_wire(on_wire(value)) == on_wire(value)
    assert same_on_wire(value, on_wire(value))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**10), max_value=10**10, places=4))
def test_money_and_quantities_of_ordinary_size_are_exact(value: Decimal) -> None:
    assert on_wire(value) == value


def test_unset_is_not_zero_and_a_real_difference_is_one() -> None:
    assert same_on_wire(None, None)
    assert not same_on_wire(None, Decimal(0))
    assert not same_on_wire(Decimal(0), None)
    assert not same_on_wire(Decimal("31.50"), Decimal("31.51"))
    assert same_on_wire(Decimal("31.50"), Decimal("31.5"))


@pytest.mark.parametrize(("value", "text"), [("1E+3", "1000"), ("31.50", "31.50"), ("1E-7", "0.0000001")])
def test_people_read_no_exponents(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("31.5", "31.50"),
        ("31.500", "31.50"),
        ("0.0305", "0.0305"),
        ("8", "8.00"),
        ("1E+3", "1000.00"),
        ("-4.2", "-4.20"),
    ],
)
def test_a_price_in_a_sentence_is_written_as_in_a_table(value: str, text: str) -> None:
    assert price_text(Decimal(value)) == text
