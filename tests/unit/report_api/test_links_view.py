"""The view of the Customers and License tabs goes into addresses and forms and comes back the same."""

from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st
from report_api.links.kind import Standing
from report_api.links.list_page import View

views = st.builds(
    View,
    st.none() | st.sampled_from(list(Standing)),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200).map(str.strip),
    st.integers(1, 999_999),
)


@given(views)
def test_a_view_comes_back_the_same(view: View) -> None:
    assert View.of(view.query) == view
    assert View.back(view.text) == view


@given(views, st.integers(1, 999), st.none() | st.sampled_from(list(Standing)))
def test_another_page_keeps_the_filter_and_another_filter_the_search(
    view: View, page: int, show: Standing | None
) -> None:
    assert View.of(dict(parse_qsl(view.at(page)[1:]))) == View(view.show, view.q, page)
    assert View.of(dict(parse_qsl(view.showing(show)[1:]))) == View(show, view.q)


@given(st.dictionaries(st.sampled_from(["show", "q", "page", "x"]), st.text()))
def test_any_address_is_a_view(query: dict[str, str]) -> None:
    view = View.of(query)
    assert view.page >= 0
    assert len(view.q) <= 200
