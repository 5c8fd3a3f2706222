"""Which rows a page shows, what is found while typing, and whom a client serves."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from halosync.domain.matching import Matches, match_customers
from halosync.domain.model import Client, Line
from halosync.domain.plan import CustomerLink
from halosync.ports.links import CustomerPicture
from hypothesis import example, given
from hypothesis import strategies as st
from report_api.links import customers
from report_api.links.customers import CUSTOMERS, CustomerRow, read_client_id, row_of
from report_api.links.kind import Standing
from report_api.links.list_page import ShownRows, View, choose
from report_api.links.rows_by_place import OtherRows, RowsByPlace
from report_api.links.search import find

PICTURE = CustomerPicture(
    names=[("C-1", "Contoso"), ("C-2", "Contoso Nord"), ("C-3", "Fabrikam"), ("C-4", "Nobody"), ("C-5", "Wingtip")],
    links={"C-2": CustomerLink(1), "C-3": CustomerLink(2, excluded=True), "C-5": CustomerLink(99)},
    targets=[Client(1, "contoso"), Client(2, "Fabrikam"), Client(3, "Northwind Traders")],
    read_at=datetime(2026, 11, 5, tzinfo=UTC),
)


def shown(only: Standing | None = None, q: str = "", page: int = 1, size: int = 25) -> ShownRows[CustomerLink]:
    return choose(CUSTOMERS.rows(PICTURE), View(only, q, page), size)


def ids(page: ShownRows[CustomerLink]) -> list[str]:
    return [row.key for row in page.rows]


def serving(rows: list[CustomerRow]) -> RowsByPlace:
    return CUSTOMERS.by_place(rows)


def test_unmatched_customers_come_first_and_excluded_ones_last() -> None:
    assert ids(shown()) == ["C-4", "C-5", "C-1", "C-2", "C-3"]
    assert shown().counts == {
        Standing.UNMATCHED: 2,
        Standing.NAME: 1,
        Standing.LINK: 1,
        Standing.EXCLUDED: 1,
    }
    assert ids(shown(Standing.EXCLUDED)) == ["C-3"]


def test_columns_sort_the_list_and_rows_that_lead_nowhere_stand_last() -> None:
    def in_order(sort: str) -> list[str]:
        return ids(choose(CUSTOMERS.rows(PICTURE), View.of({"sort": sort, "page": "1"})))

    assert in_order("name") == ["C-1", "C-2", "C-3", "C-4", "C-5"]
    assert in_order("-name") == ["C-5", "C-4", "C-3", "C-2", "C-1"]
    assert in_order("-state") == ["C-3", "C-2", "C-1", "C-4", "C-5"]
    assert in_order("target") == ["C-1", "C-2", "C-3", "C-4", "C-5"]
    assert in_order("nonsense") == ids(shown())
    assert View.of({"sort": "-name", "q": "x"}).at(2) == "?q=x&sort=-name&page=2", "a page keeps the order"
    assert View.back(View(sort="name").text) == View(sort="name"), "a form leads back to it"


def test_search_looks_at_names_ids_and_the_client() -> None:
    assert ids(shown(q=" CONTOSO")) == ["C-1", "C-2"]
    assert ids(shown(q="c-4")) == ["C-4"]
    assert ids(shown(Standing.LINK, q="contoso")) == ["C-2"]
    assert (shown(q="zzz").rows, shown(q="zzz").pages) == ([], 1)


@given(st.integers(-3, 9), st.integers(1, 4), st.none() | st.sampled_from(list(Standing)))
def test_pages_together_are_the_list_and_a_page_beyond_is_the_last(page: int, size: int, only: Standing | None) -> None:
    whole = shown(only, size=100)
    pages = [shown(only, page=number, size=size) for number in range(1, shown(only, size=size).pages + 1)]
    assert [each for one in pages for each in ids(one)] == ids(whole)
    assert shown(only, page=page, size=size).page == min(max(page, 1), len(pages))


CANDIDATES = [(1, "Contoso Pty Ltd"), (2, "The Contoso Group"), (3, "Northwind"), (4, "Mycontoso"), (77, "Fabrikam")]


def test_what_is_typed_is_found_best_first() -> None:
    assert [number for number, _ in find(CANDIDATES, "contoso")][:3] == [1, 2, 4]
    assert find(CANDIDATES, "#77")[0] == (77, "Fabrikam")
    assert find(CANDIDATES, "Nothwind")[0] == (3, "Northwind")
    assert find(CANDIDATES, "") == sorted(CANDIDATES, key=lambda each: each[1].casefold())
    assert len(find(CANDIDATES, "", most=2)) == 2
    assert find([(None, "MS-365")], "ms") == [(None, "MS-365")]


@given(st.text(max_size=8), st.integers(1, 6))
def test_nothing_is_found_twice(q: str, most: int) -> None:
    found = find(CANDIDATES, q, most=most)
    assert len(found) <= most
    assert len(set(found)) == len(found)


def test_a_client_serves_those_that_are_taken_together() -> None:
    served = serving(CUSTOMERS.rows(PICTURE))
    assert served.others(1, "C-1") == OtherRows(("Contoso Nord",))
    assert served.others(1).listed == "Contoso and Contoso Nord"
    assert not served.others(2)  # its only customer is excluded
    assert not served.others(99)
    assert not served.others(None)


def test_a_hint_does_not_list_hundreds() -> None:
    picture = CustomerPicture([(f"C-{n}", f"Name {n}") for n in range(9)], {}, [], PICTURE.read_at)
    linked = [replace(each, target_id=1, problem=None) for each in CUSTOMERS.rows(picture)]
    assert serving(linked).others(1, "C-0").listed == "Name 1, Name 2, Name 3 and 5 more"


def test_ids_of_clients() -> None:
    assert (read_client_id("7"), read_client_id(" #7 "), read_client_id("-7")) == (7, 7, -7)
    assert [read_client_id(text) for text in ("", "7.0", "\u0667", "x", "9" * 19, "9" * 30, "1_0")] == [None] * 7


_NAMES = st.sampled_from(["Contoso", "contoso", "Contoso\u200b"])
_KEYS = st.sampled_from(["C-1", "C-2", "C-3"])
_PICTURES = st.builds(
    CustomerPicture,
    names=st.lists(st.tuples(_KEYS, _NAMES), unique=True, max_size=6),
    links=st.dictionaries(_KEYS, st.builds(CustomerLink, st.none() | st.integers(1, 4), st.booleans())),
    targets=st.lists(st.builds(Client, st.integers(1, 3), _NAMES, st.booleans()), unique_by=lambda each: each.id),
    read_at=st.none() | st.just(PICTURE.read_at),
)


_LOOK_ALIKE_IS_TAKEN = CustomerPicture(
    names=[("C-1", "Contoso"), ("C-2", "Contoso\u200b")],
    links={},
    targets=[Client(1, "Contoso\u200b")],
    read_at=PICTURE.read_at,
)


@given(_PICTURES)
@example(_LOOK_ALIKE_IS_TAKEN)
def test_one_customer_alone_stands_as_among_all(picture: CustomerPicture) -> None:
    assert [row_of(picture, row.key) for row in CUSTOMERS.rows(picture)] == CUSTOMERS.rows(picture)
    assert row_of(picture, "C-4") is None


def test_one_customer_alone_is_matched_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    matched: list[str] = []

    def match(lines: Iterable[Line], clients: Iterable[Client], links: Mapping[str, CustomerLink]) -> Matches:
        wanted = list(lines)
        matched.extend(each.customer_id for each in wanted)
        return match_customers(wanted, clients, links)

    monkeypatch.setattr(customers, "match_customers", match)
    for key in sorted(PICTURE.keys):
        row_of(PICTURE, key)
    assert matched == sorted(PICTURE.keys)
