"""The sandbox against the facts: clients, licences and their pages (halo-api sections 2 and 3)."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from halo_sandbox.testing import RunningSandbox, RunningTenant
from hypothesis import given, settings
from hypothesis import strategies as st

CLIENTS = [{"id": n, "name": f"Client {n:03}", "inactive": n % 10 == 0} for n in range(1, 61)]
LICENCES = [
    {
        "id": n,
        "client_id": 1 + n % 3,
        "name": f"P-{200 - n}",
        "count": n,
        "price": 1.5,
        "billing_cycle": "Monthly",
        "is_active": n % 8 != 0,
        "site_id": 7 if n == 5 else -1,
    }
    for n in range(1, 138)
]
ACTIVE = [row["id"] for row in LICENCES if row["is_active"]]
PAGING = {"pageinate": "true"}


@pytest.fixture(scope="module")
async def full(sandbox: RunningSandbox) -> AsyncIterator[RunningTenant]:
    """Shared by the tests that only read."""
    async with sandbox.tenant(clients=CLIENTS, licences=LICENCES, settings={"rate_requests": 10**6}) as tenant:
        yield tenant


@pytest.fixture
async def halo(sandbox: RunningSandbox) -> AsyncIterator[RunningTenant]:
    async with sandbox.tenant(clients=CLIENTS, licences=LICENCES) as tenant:
        yield tenant


async def licences(halo: RunningTenant, **query: str | int) -> dict[str, Any]:
    answer = await halo.http.get("/api/SoftwareLicence", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def ids(halo: RunningTenant, **query: str | int) -> list[int]:
    return [row["id"] for row in (await licences(halo, **query))["licences"]]


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


async def test_an_agent_without_rights_sees_empty_lists_with_200(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, agent_sees="nothing")
    assert await licences(halo, **PAGING) == {"record_count": 0, "licences": []}
    assert (await halo.http.get("/api/Client")).json()["clients"] == []
    assert (await halo.http.get("/api/SoftwareLicence/5")).status_code == 403


async def test_an_agent_with_fewer_rights_sees_shorter_lists_with_200(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, agent_sees="some", agent_sees_fraction=0.5)
    answer = await licences(halo, **PAGING, page_size=999)
    assert answer["record_count"] == len(answer["licences"])
    assert 0.4 < len(answer["licences"]) / len(ACTIVE) < 0.6


async def test_new_licences_may_appear_in_lists_only_later(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, list_lag_s=3600)
    created = (await halo.http.post("/api/SoftwareLicence", json=[{"name": "New", "client_id": 60}])).json()
    assert await ids(halo, client_id=60) == []
    assert (await halo.http.get(f"/api/SoftwareLicence/{created['id']}")).json()["name"] == "New"
    await halo.admin.change_settings(halo.name, list_lag_s=0.001)
    late = (await halo.http.post("/api/SoftwareLicence", json=[{"name": "Newer", "client_id": 59}])).json()
    while not (shown := await ids(halo, client_id=59)):
        pass
    assert shown == [late["id"]]


async def test_a_record_count_may_be_of_the_page(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, record_counts="page")
    assert (await licences(halo, **PAGING, page_size=100, page_no=2, includeinactive="true"))["record_count"] == 37


async def test_a_list_may_ignore_the_number_of_the_page(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, ignored_page_no=["licences"])
    first, second = [await ids(halo, **PAGING, page_size=50, page_no=number) for number in (1, 2)]
    assert first == second
    answers = [await halo.http.get("/api/Client", params={**PAGING, "page_size": 9, "page_no": n}) for n in (1, 2)]
    assert answers[0].json()["clients"] != answers[1].json()["clients"]


async def test_a_client_may_be_missing_from_the_list_whose_licences_are_counted(halo: RunningTenant) -> None:
    before = await ids(halo, **PAGING, page_size=1)
    clients = (await halo.http.get("/api/Client", params={**PAGING, "page_size": 9})).json()
    await halo.admin.change_settings(halo.name, unlisted_clients=[clients["clients"][0]["id"]])
    after = (await halo.http.get("/api/Client", params={**PAGING, "page_size": 9})).json()
    assert after["record_count"] == clients["record_count"] - 1
    assert clients["clients"][0] not in after["clients"]
    assert await ids(halo, **PAGING, page_size=1) == before


async def test_the_last_page_may_be_shown_again(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, shows_last_page_again=True)
    last, behind = [await ids(halo, **PAGING, page_size=100, page_no=number) for number in (2, 9)]
    assert last == behind != []


async def test_large_pages_may_be_refused(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, refused_page_size=200)
    assert (await halo.http.get("/api/SoftwareLicence", params={**PAGING, "page_size": 199})).status_code == 200
    assert (await halo.http.get("/api/SoftwareLicence", params={**PAGING, "page_size": 200})).status_code == 400


async def test_lists_may_be_written_oddly(halo: RunningTenant) -> None:
    await halo.admin.add_clients(halo.name, {"id": 99, "name": ""})
    await halo.admin.change_settings(halo.name, odd_rows=True, null_lists=True, byte_order_mark=True)
    text = (await halo.http.get("/api/SoftwareLicence", params={**PAGING, "page_size": 1})).content
    assert text.startswith(b"\xef\xbb\xbf")
    (row,) = json.loads(text)["licences"]
    shown = [row[name] for name in ("id", "client_id", "count", "is_active", "status")]
    assert shown == ["1", "2", "1.0", "true", "Active"]
    assert "notes" not in row
    clients = await halo.http.get("/api/Client", params={**PAGING, "page_size": 100, "page_no": 1})
    assert [row["id"] for row in json.loads(clients.content)["clients"] if "name" not in row] == ["99"]
    empty = await halo.http.get("/api/SoftwareLicence", params={**PAGING, "client_id": 99})
    assert json.loads(empty.content) == {"record_count": 0, "licences": None}


async def test_a_licence_may_be_of_no_client_and_a_client_without_a_name(sandbox: RunningSandbox) -> None:
    clients = [{"id": 1, "name": "Contoso"}, {"id": 2, "name": ""}]
    rows: list[dict[str, Any]] = [{"client_id": 1, "name": "A"}, {"name": "B"}]
    async with sandbox.tenant(clients=clients, licences=rows, settings={"odd_rows": True}) as halo:
        mine, nobodys = (await licences(halo))["licences"]
        assert ("client_id" in mine, "client_id" in nobodys) == (True, False)
        assert len(await ids(halo, client_id=1)) == 1
        assert ["name" in row for row in (await halo.http.get("/api/Client")).json()["clients"]] == [True, False]


async def test_a_mark_of_another_integration_is_shown(halo: RunningTenant) -> None:
    await halo.admin.add_licences(halo.name, {"id": 900, "client_id": 1, "name": "M365", "azure_connection_id": 4})
    rows = (await licences(halo, **PAGING, page_size=500))["licences"]
    assert [row["id"] for row in rows if row["azure_connection_id"]] == [900]
