"""What the lists of some Halos do besides, and what an agent with fewer rights sees (halo-api sections 2 and 3)."""

import json
from collections.abc import AsyncIterator

import pytest
from devstack.fields import Fields
from devstack.wait import until
from halo_sandbox.testing import RunningSandbox, RunningTenant

from .list_requests import ACTIVE, CLIENTS, LICENCES, PAGING, ids, licences


@pytest.fixture
async def halo(sandbox: RunningSandbox) -> AsyncIterator[RunningTenant]:
    async with sandbox.tenant(clients=CLIENTS, licences=LICENCES) as tenant:
        yield tenant


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
    seen: list[int] = []

    async def shown() -> bool:
        seen[:] = await ids(halo, client_id=59)
        return seen != []

    await until(shown, what="a list that is not empty", timeout_s=30, every_s=0.005)
    assert seen == [late["id"]]


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
    rows: list[Fields] = [{"client_id": 1, "name": "A"}, {"name": "B"}]
    async with sandbox.tenant(clients=clients, licences=rows, settings={"odd_rows": True}) as halo:
        mine, nobodys = (await licences(halo))["licences"]
        assert ("client_id" in mine, "client_id" in nobodys) == (True, False)
        assert len(await ids(halo, client_id=1)) == 1
        assert ["name" in row for row in (await halo.http.get("/api/Client")).json()["clients"]] == [True, False]


async def test_a_mark_of_another_integration_is_shown(halo: RunningTenant) -> None:
    await halo.admin.add_licences(halo.name, {"id": 900, "client_id": 1, "name": "M365", "azure_connection_id": 4})
    rows = (await licences(halo, **PAGING, page_size=500))["licences"]
    assert [row["id"] for row in rows if row["azure_connection_id"]] == [900]
