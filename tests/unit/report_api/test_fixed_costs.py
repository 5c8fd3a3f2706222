"""What every page pays: no argument of a route is made by a thread, and no row by a macro's machinery."""

from decimal import Decimal

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from halosync.domain.model import Outcome
from halosync.domain.month import MonthGroup, reconcile
from report_api.app import API, PAGES
from report_api.months.pages import SORTS
from report_api.web.addresses import near_url
from report_api.web.row_links import RowLinks
from starlette._utils import is_async_callable

ROUTES = [route for router in (*API, *PAGES) for route in router.routes if isinstance(route, APIRoute)]


def calls(dependant: Dependant) -> list[object]:
    """Return whatever makes the arguments of a route, and the route itself."""
    return [dependant.call, *(call for each in dependant.dependencies for call in calls(each))]


def test_nothing_of_a_request_is_handed_to_a_thread() -> None:
    """FastAPI does so with whatever is not async, and a thread takes longer than all that such a function does."""
    assert ROUTES
    # An instance, such as that which only describes the API key, has a call of its own.
    plain = {
        getattr(call, "__qualname__", str(call))
        for route in ROUTES
        for call in calls(route.dependant)
        if call is not None and not is_async_callable(call)
    }
    assert not plain


def test_the_customers_of_a_month_come_by_name_so_no_page_sorts_them_so_again() -> None:
    groups = [
        MonthGroup(key, name, 7, "Monthly", Outcome.SYNCED, None, 1, 0, Decimal(1), Decimal(1))
        for key, name in (("C-3", "Site 10"), ("C-2", "site 2"), ("C-4", "Site 2"), ("C-1", "Alpha"))
    ]
    customers = reconcile(groups).customers
    assert [each.customer_id for each in customers] == ["C-1", "C-2", "C-4", "C-3"]
    assert [each.customer_id for each in SORTS.sorted(customers)] == ["C-1", "C-2", "C-4", "C-3"]
    assert [each.customer_id for each in SORTS.sorted(customers, "-billed")] == ["C-1", "C-2", "C-4", "C-3"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "../customer/C%2F1"),
        ({"period": None, "q": ""}, "../customer/C%2F1"),
        ({"q": "a&b"}, "../customer/C%2F1?q=a%26b"),
    ],
)
def test_an_address_near_a_page(query: dict[str, str | None], expected: str) -> None:
    assert near_url("/portal/acme-msp/runs/1", "customer", "C/1", **query) == expected


def test_what_a_row_names_is_a_link_or_a_name_and_never_markup() -> None:
    links = RowLinks("/portal/acme-msp/month")
    assert links.customer("C-1", "A & <b>", "2026-11") == '<a href="customer/C-1?period=2026-11">A &amp; &lt;b&gt;</a>'
    assert links.customer('"C', None) == '<a href="customer/%22C">&#34;C</a>'
    assert links.customer("halo-7", "A<") == "<bdi>A&lt;</bdi>"
    assert links.customer("", None) == "<bdi>–</bdi>"
    assert links.customer("C-1", "Foo\u202a") == '<a href="customer/C-1">Foo\u202a\u202c</a>'
    assert links.licence(5, "Mail") == '<a href="licence/5">Mail</a>'
    assert (links.licence(5, None), links.licence(None, "x")) == ('<a href="licence/5">Licence</a>', "<bdi>x</bdi>")
