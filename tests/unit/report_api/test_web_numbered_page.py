"""Numbered pages of a list, and their addresses."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_api.web.paging import NumberedPage


def listing(asked: int, of: int, size: int = 10, **filters: str | None) -> NumberedPage:
    return NumberedPage("/portal/acme/history", filters, asked, size, of)


@given(st.integers(1, 10**6), st.integers(1, 500), st.integers(0, 10**6))
def test_pages_cover_the_list_once(asked: int, size: int, of: int) -> None:
    shown = listing(asked, of, size)
    assert 1 <= shown.number <= shown.pages
    assert shown.last - shown.skip == (min(size, of - shown.skip))
    assert listing(shown.pages, of, size).last == of
    if of:
        assert 1 <= shown.first <= shown.last <= of
    else:
        assert (shown.first, shown.last, shown.pages) == (0, 0, 1)


def test_a_page_behind_the_end_is_the_last() -> None:
    assert (listing(9, 25).number, listing(9, 25).skip) == (3, 20)


def test_addresses_keep_the_filters_and_leave_out_what_says_nothing() -> None:
    shown = listing(1, 99, outcome="failed", action=None, q="a & b")
    assert shown.narrowed
    assert parse_qs(urlsplit(shown.url(3)).query) == {"outcome": ["failed"], "q": ["a & b"], "page": ["3"]}
    assert shown.url(outcome=None, q="") == "/portal/acme/history"
    assert not listing(1, 99, outcome=None, q="").narrowed


@given(st.text(max_size=20))
def test_any_text_survives_the_address(q: str) -> None:
    query = parse_qs(urlsplit(listing(1, 9, q=q).url()).query)
    assert query.get("q", [""]) == [q]


@pytest.mark.parametrize("page", [1, 2])
def test_the_first_page_needs_no_number(page: int) -> None:
    assert ("page=" in listing(1, 99).url(page)) is (page > 1)
