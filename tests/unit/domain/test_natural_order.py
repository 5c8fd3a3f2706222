from halosync.domain.names import name_key
from halosync.domain.natural_order import natural_key
from hypothesis import given
from hypothesis import strategies as st


@given(st.text(max_size=20), st.integers(0, 10**9), st.integers(0, 10**9))
def test_names_that_differ_in_a_number_are_in_its_order(name: str, first: int, second: int) -> None:
    keys = [natural_key(f"{name} {number}") for number in (first, second)]
    assert (keys[0] < keys[1]) == (first < second)


@given(st.lists(st.text(st.characters(exclude_categories=["N"]), max_size=10)))
def test_names_without_numbers_are_in_the_order_of_their_keys(names: list[str]) -> None:
    assert sorted(names, key=natural_key) == sorted(names, key=name_key)


@given(st.text())
def test_spellings_of_one_name_stand_together(name: str) -> None:
    assert natural_key(name) == natural_key(f"  {name.casefold()} ")


def test_a_number_longer_than_python_reads_is_no_error() -> None:
    assert natural_key("9" * 5000) < natural_key("a")


def test_a_number_is_read_as_one_up_to_three_hundred_digits() -> None:
    assert natural_key("0" * 299 + "7") == ("", 7, "")
    assert natural_key("0" * 300 + "7") == ("", -1, "")
    assert natural_key("a") < natural_key("a0") < natural_key("a1")
