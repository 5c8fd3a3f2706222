"""The sandbox against the facts: clients, licences and their pages (halo-api sections 2 and 3)."""

from collections.abc import AsyncIterator

import pytest
from halo_sandbox.testing import RunningSandbox, RunningTenant
from hypothesis import given, settings
from hypothesis import strategies as st

from .list_requests import ACTIVE, CLIENTS, LICENCES, PAGING, ids, licences


@pytest.fixture(scope="module")
async def full(sandbox: RunningSandbox) -> AsyncIterator[RunningTenant]:
    """Shared by the tests that only read."""
    async with sandbox.tenant(clients=CLIENTS, licences=LICENCES, settings={"rate_requests": 10**6}) as tenant:
        yield tenant


async def test_clients_come_in_an_envelope_with_the_page(full: RunningTenant) -> None:
    answer = (await full.http.get("/api/Client", params={**PAGING, "page_size": 20, "page_no": 3})).json()
    assert {name: answer[name] for name in ("record_count", "page_no", "page_size")} == {
        "record_count": 54,
        "page_no": 3,
        "page_size": 20,
    }
    assert len(answer["clients"]) == 14


async def test_licences_come_in_an_envelope_with_their_number(full: RunningTenant) -> None:
    answer = await licences(full, **PAGING, page_size=10)
    assert answer.keys() == {"record_count", "licences"}
    assert answer["record_count"] == len(ACTIVE)


async def test_rows_carry_the_fields_used_and_many_others(full: RunningTenant) -> None:
    client = (await full.http.get("/api/Client/10")).json()
    assert (client["id"], client["name"], client["inactive"]) == (10, "Client 010", True)
    assert {"main_site_id", "datecreated", "customfields"} < client.keys()
    licence = (await full.http.get("/api/SoftwareLicence/5")).json()
    expected = {"id": 5, "name": "P-195", "count": 5.0, "price": 1.5, "client_id": 3, "site_id": 7, "is_active": True}
    assert expected.items() <= licence.items()
    assert licence["start_date"] == "1900-01-01T00:00:00"
    others = {"type", "status", "end_date", "vendor", "notes", "product_sku", "vendor_product_sku", "purchase_price"}
    assert others | {"deleted", "licence_roles", "client_name"} < licence.keys()


@pytest.mark.parametrize("spelling", [{}, {"paginate": "true"}, {"pageinate": "false"}])
async def test_without_pageinate_paging_is_silently_ignored(full: RunningTenant, spelling: dict[str, str]) -> None:
    answer = await licences(full, **spelling, page_no=2, page_size=7)
    assert [row["id"] for row in answer["licences"]] == ACTIVE[:50]
    assert answer["record_count"] == len(ACTIVE)


async def test_a_page_has_50_rows_when_no_size_is_asked_for(full: RunningTenant) -> None:
    assert await ids(full, **PAGING, page_no=2) == ACTIVE[50:100]


async def test_a_page_behind_the_last_is_empty(full: RunningTenant) -> None:
    answer = await licences(full, **PAGING, page_no=99)
    assert answer == {"record_count": len(ACTIVE), "licences": []}


@pytest.mark.parametrize(
    "query", [{"count": 5}, {"page_no": 0}, {"page_size": "many"}, {"page_no": -1}, {"client_id": "x"}, {"order": "x"}]
)
async def test_what_does_not_fit_is_refused(full: RunningTenant, query: dict[str, str | int]) -> None:
    assert (await full.http.get("/api/SoftwareLicence", params={**PAGING, **query})).status_code == 400


async def test_inactive_rows_are_hidden_unless_asked_for(full: RunningTenant) -> None:
    assert await ids(full, **PAGING, page_size=999) == ACTIVE
    assert len(await ids(full, **PAGING, page_size=999, includeinactive="true")) == len(LICENCES)
    clients = (
        await full.http.get("/api/Client", params={**PAGING, "page_size": 999, "includeinactive": "true"})
    ).json()
    assert len(clients["clients"]) == len(CLIENTS)


async def test_licences_of_one_client_or_site(full: RunningTenant) -> None:
    of_client = [row["id"] for row in LICENCES if row["client_id"] == 2 and row["is_active"]]
    assert await ids(full, **PAGING, page_size=999, client_id=2) == of_client
    assert await ids(full, client_id=60) == []
    assert await ids(full, site_id=7) == [5]


async def test_search_and_order(full: RunningTenant) -> None:
    found = (await full.http.get("/api/Client", params={"search": "CLIENT 01"})).json()["clients"]
    assert [row["name"] for row in found] == [f"Client 01{n}" for n in range(1, 10)]
    assert (await ids(full, **PAGING, order="name", page_size=3)) == [100, 99, 98]
    assert (await ids(full, **PAGING, order="id", orderdesc="true", page_size=2)) == [137, 135]


@pytest.mark.parametrize(
    "path", ["/api/SoftwareLicence/9999", "/api/SoftwareLicence/x", "/api/Client/9999", "/api/Cat"]
)
async def test_what_is_not_there_is_404(full: RunningTenant, path: str) -> None:
    assert (await full.http.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/SoftwareLicence"),
        ("PATCH", "/api/SoftwareLicence/5"),
        ("DELETE", "/api/SoftwareLicence"),
        ("PUT", "/api/SoftwareLicence/5"),
        ("DELETE", "/api/Client/5"),
    ],
)
async def test_there_is_no_put_and_no_patch(full: RunningTenant, method: str, path: str) -> None:
    assert (await full.http.request(method, path, json={})).status_code == 405


@settings(max_examples=25, deadline=None)
@given(size=st.integers(1, 150), cap=st.none() | st.integers(1, 150), inactive=st.booleans())
async def test_pages_cover_every_row_exactly_once_whatever_the_cap(
    full: RunningTenant, size: int, cap: int | None, inactive: bool
) -> None:
    await full.admin.change_settings(full.name, page_cap=cap)
    query = {**PAGING, "page_size": str(size), "includeinactive": str(inactive).lower()}
    seen: list[int] = []
    for page_no in range(1, len(LICENCES) + 2):
        page = await ids(full, **query, page_no=page_no)
        assert len(page) <= min(size, cap or size)
        if not page:
            break
        seen += page
    await full.admin.change_settings(full.name, page_cap=None)
    assert seen == ([row["id"] for row in LICENCES] if inactive else ACTIVE)
