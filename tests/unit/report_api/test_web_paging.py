"""Cursors come back as they went, and nothing else is taken for one."""

import base64
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from report_api.web.fields import Moment
from report_api.web.paging import BigInt, Int, Keyset
from report_api.web.problems import Problem

MOMENTS = Keyset("moments", TypeAdapter[tuple[datetime, UUID]](tuple[Moment, UUID]))
NAMES = Keyset("names", TypeAdapter[tuple[str, int]](tuple[str, BigInt]))
NUMBERS = Keyset("numbers", TypeAdapter[int](Int))


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_moment_comes_back_to_the_microsecond(moment: datetime, number: UUID) -> None:
    assert MOMENTS.after(MOMENTS.cursor((moment, number))) == (moment, number)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(-(2**63), 2**63 - 1))
def test_a_name_comes_back(name: str, number: int) -> None:
    assert NAMES.after(NAMES.cursor((name, number))) == (name, number)


def test_no_cursor_is_the_beginning() -> None:
    assert NUMBERS.after(None) is None


@given(st.text(max_size=40))
def test_made_up_cursors_are_refused(cursor: str) -> None:
    with pytest.raises(Problem) as caught:
        NUMBERS.after(cursor)
    assert (caught.value.status_code, caught.value.members["errors"][0]["field"]) == (422, "cursor")


@pytest.mark.parametrize("text", ["numbers:", "numbers:2147483648", 'numbers:"x"', "names:1", "1", "numbers:[1]"])
def test_cursors_that_do_not_fit_the_list_are_refused(text: str) -> None:
    with pytest.raises(Problem):
        NUMBERS.after(base64.urlsafe_b64encode(text.encode()).decode())


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "2026-11-05T00:00:00"])
def test_times_that_postgres_cannot_have_are_refused(at: str) -> None:
    text = f'moments:["{at}","{UUID(int=1)}"]'
    with pytest.raises(Problem):
        MOMENTS.after(base64.urlsafe_b64encode(text.encode()).decode())


@given(st.lists(st.integers(0, 1000), unique=True), st.integers(1, 50))
def test_pages_add_up_to_the_list(rows: list[int], limit: int) -> None:
    rows.sort()
    shown: list[int] = []
    cursor = None
    while True:
        after = NUMBERS.after(cursor)
        ahead = [row for row in rows if after is None or row > after][: limit + 1]
        page, cursor = NUMBERS.split(ahead, limit, int)
        shown += page
        if cursor is None:
            break
    assert shown == rows
