"""What is said once above rows, and what is left for each of them."""

from hypothesis import given
from hypothesis import strategies as st
from report_api.runs.said_reasons import Told, shared_reasons


def told(*texts: str) -> list[Told[int]]:
    return [Told(number, number, "Reason", text) for number, text in enumerate(texts)]


def test_what_all_rows_say_stands_above_and_a_row_says_what_is_its_own() -> None:
    texts = [f"Halo was asked. It refused {number}! Correct it. Then press Sync." for number in range(3)]
    shared = shared_reasons(told(*texts))
    (above,) = shared.above
    assert (above.name, above.text, above.row) == ("Reason", "Halo was asked. Correct it. Then press Sync.", 0)
    assert [shared.own("Reason", text) for text in texts] == [f"It refused {number}!" for number in range(3)]
    assert shared.own("Another", texts[0]) == texts[0]


def test_two_customers_have_their_reason_in_their_own_rows() -> None:
    shared = shared_reasons([*told("Do it."), *told("Do it.", "Do it.")])
    assert shared.above == []
    assert shared.own("Reason", "Do it.") == "Do it."


def test_a_full_stop_within_a_name_ends_no_sentence() -> None:
    texts = [f'No client is called "{name}. Ltd". Link it.' for name in ("A", "B", "C")]
    shared = shared_reasons(told(*texts))
    assert shared.above[0].text == "Link it."
    assert shared.own("Reason", texts[1]) == 'No client is called "B. Ltd".'


@given(st.lists(st.lists(st.sampled_from(["A.", "B!", 'C "d. e".', "F"]), max_size=5).map(" ".join), min_size=3))
def test_no_word_is_lost_and_none_is_said_twice(texts: list[str]) -> None:
    shared = shared_reasons(told(*texts))
    (above,) = shared.above
    for text in texts:
        own = shared.own("Reason", text)
        assert sorted(f"{above.text} {own}".split()) == sorted(text.split())
