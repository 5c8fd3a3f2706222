"""The sandbox against the facts: writing licences (halo-api section 3)."""

from collections.abc import AsyncIterator

import httpx
import pytest
from halo_sandbox.testing import RunningSandbox, RunningTenant

CLIENTS = [{"id": 1, "name": "Contoso & Søns"}, {"id": 2, "name": "Fabrikam"}]
LICENCES = [
    {"id": 7, "client_id": 1, "name": "P-1", "count": 3, "price": 2.5, "billing_cycle": "Monthly", "notes": "keep"},
    {"id": 8, "client_id": 2, "name": "P-2", "count": 1, "is_active": False},
]
GOOD = {"name": "Good", "client_id": 1}
BAD = {"name": "Bad", "client_id": 99}


@pytest.fixture
async def halo(sandbox: RunningSandbox) -> AsyncIterator[RunningTenant]:
    async with sandbox.tenant(clients=CLIENTS, licences=LICENCES) as tenant:
        yield tenant


async def post(halo: RunningTenant, *rows: object) -> httpx.Response:
    return await halo.http.post("/api/SoftwareLicence", json=rows)


async def names(halo: RunningTenant) -> list[str]:
    return [row["name"] for row in await halo.admin.licences(halo.name)]


async def test_an_element_without_id_creates_and_one_is_answered_by_the_bare_object(halo: RunningTenant) -> None:
    row = {"name": "MS-365-BP", "client_id": 1, "count": 12, "price": 31.5, "billing_cycle": "Monthly"}
    answer = await post(halo, row)
    assert answer.status_code == 201
    assert {**row, "id": 9, "is_active": True, "site_id": -1}.items() <= answer.json().items()
    stored = (await halo.http.get("/api/SoftwareLicence/9")).json()
    assert stored == answer.json()


async def test_an_element_with_id_updates_only_the_fields_sent(halo: RunningTenant) -> None:
    before = (await halo.http.get("/api/SoftwareLicence/7")).json()
    answer = await post(halo, {"id": 7, "count": 4})
    assert answer.status_code == 201
    assert answer.json() == {**before, "count": 4.0}


async def test_creates_and_updates_of_many_clients_go_in_one_array(halo: RunningTenant) -> None:
    answer = await post(halo, {"id": 8, "is_active": True}, {"name": "New", "client_id": 1}, {"id": 7, "price": 9})
    assert [(row["id"], row["client_id"]) for row in answer.json()] == [(8, 2), (9, 1), (7, 1)]


async def test_answers_may_come_in_another_order_and_one_may_come_in_an_array(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, shuffle_answers=True, bare_single_answer=False)
    assert [row["id"] for row in (await post(halo, {"id": 7}, {"id": 8})).json()] == [8, 7]
    assert [row["id"] for row in (await post(halo, {"id": 7})).json()] == [7]


async def test_unknown_fields_are_ignored(halo: RunningTenant) -> None:
    assert (await post(halo, {"id": 7, "made_up": [1], "deleted": True})).status_code == 201
    assert (await halo.http.get("/api/SoftwareLicence/7")).json()["deleted"] is False


@pytest.mark.parametrize(
    "body", ['{"name": "P", "client_id": 1}', '"text"', "[", "", "[]", '[{"id": 7, "count": NaN}]']
)
async def test_only_a_json_array_is_taken(halo: RunningTenant, body: str) -> None:
    headers = {"content-type": "application/json"}
    assert (await halo.http.post("/api/SoftwareLicence", content=body, headers=headers)).status_code == 400
    assert len(await halo.admin.history(halo.name)) == len(LICENCES)


async def test_another_content_type_is_415(halo: RunningTenant) -> None:
    answer = await halo.http.post("/api/SoftwareLicence", content="[]", headers={"content-type": "text/plain"})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"client_id": 1}, "name"),
        ({"name": " ", "client_id": 1}, "name"),
        ({"name": 5, "client_id": 1}, "name"),
        ({"name": "P"}, "client_id"),
        (BAD, "client_id"),
        ({"id": 7, "client_id": 99}, "client_id"),
        ({"id": 7, "client_id": "1"}, "client_id"),
        ({"id": 999, "count": 1}, "id"),
        ({"id": "7"}, "id"),
        ({"id": None, **GOOD}, "id"),
        ({"id": 2**40}, "id"),
        ({"id": 7, "count": "xyz"}, "count"),
        ({"id": 7, "count": "5"}, "count"),
        ({"id": 7, "count": None}, "count"),
        ({"id": 7, "count": True}, "count"),
        ({"id": 7, "price": "31.50"}, "price"),
        ({"id": 7, "purchase_price": [1]}, "purchase_price"),
        ({"id": 7, "price": 10**400}, "price"),
        ({"id": 7, "billing_cycle": 12}, "billing_cycle"),
        ({"id": 7, "is_active": "true"}, "is_active"),
    ],
)
async def test_a_bad_row_is_named_by_its_path(halo: RunningTenant, row: dict[str, object], field: str) -> None:
    answer = await post(halo, GOOD, row)
    assert answer.status_code == 400
    (path, (message,)) = answer.json().popitem()
    assert path == f"[1].{field}"
    assert message.endswith(f"Path '[1].{field}'.")
    assert len(await halo.admin.history(halo.name)) == len(LICENCES)


async def test_a_number_too_large_for_a_double_is_refused(halo: RunningTenant) -> None:
    headers = {"content-type": "application/json"}
    answer = await halo.http.post("/api/SoftwareLicence", content='[{"id": 7, "price": 1e999}]', headers=headers)
    assert answer.status_code == 400


async def test_a_row_that_is_no_object_is_named(halo: RunningTenant) -> None:
    assert (await post(halo, [], GOOD)).json().keys() == {"[0]"}


async def test_older_versions_take_and_show_whole_numbers_only(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, int32_counts=True)
    answer = await halo.http.post("/api/SoftwareLicence", json=[{"id": 7, "count": 12.0}])
    assert answer.status_code == 400
    assert answer.json()["[0].count"][0].startswith("Could not convert decimal to integer: 12.0.")
    answer = await post(halo, {"id": 7, "count": 12})
    assert '"count":12,' in answer.text
    await halo.admin.change_settings(halo.name, int32_counts=False)
    assert '"count":12.0,' in (await halo.http.get("/api/SoftwareLicence/7")).text


@pytest.mark.parametrize(
    ("setting", "written"),
    [("none", []), ("good", ["Good", "After"]), ("before", ["Good"])],
)
async def test_the_good_rows_of_a_refused_array_are_written_or_not(
    halo: RunningTenant, setting: str, written: list[str]
) -> None:
    await halo.admin.change_settings(halo.name, refused_array=setting)
    answer = await post(halo, GOOD, BAD, {**GOOD, "name": "After"})
    assert answer.status_code == 400
    assert answer.json().keys() == {"[1].client_id"}
    assert await names(halo) == ["P-1", "P-2", *written]


async def test_a_tenant_may_refuse_certain_names_and_not_say_which_row_it_was(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, refused_names=["P-1"])
    answer = await post(halo, GOOD, {"id": 7, "name": "P-1"})
    assert (answer.status_code, list(answer.json())) == (400, ["[1].name"])
    await halo.admin.change_settings(halo.name, names_refused_rows=False)
    answer = await post(halo, GOOD, {"id": 7, "name": "P-1"})
    assert (answer.status_code, answer.json()) == (400, {"Message": "The request is invalid."})
    assert await names(halo) == ["P-1", "P-2"]


async def test_there_is_no_idempotency_and_names_are_not_unique(halo: RunningTenant) -> None:
    first, second = await post(halo, GOOD), await post(halo, GOOD)
    assert first.json()["id"] != second.json()["id"]
    (duplicate,) = await halo.admin.duplicates(halo.name)
    assert (duplicate["client_id"], duplicate["name"]) == (1, "Good")
    assert duplicate["ids"] == [first.json()["id"], second.json()["id"]]


async def test_a_deleted_licence_is_gone(halo: RunningTenant) -> None:
    assert (await halo.http.delete("/api/SoftwareLicence/7")).status_code == 200
    assert (await halo.http.delete("/api/SoftwareLicence/7")).status_code == 404
    assert (await halo.http.get("/api/SoftwareLicence/7")).status_code == 404
    listed = (await halo.http.get("/api/SoftwareLicence", params={"includeinactive": "true"})).json()
    assert [row["id"] for row in listed["licences"]] == [8]
    assert (await post(halo, {"id": 7, "count": 1})).json().keys() == {"[0].id"}


async def test_a_deleted_licence_may_stay_as_an_inactive_one(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, delete_shows_inactive=True)
    assert (await halo.http.delete("/api/SoftwareLicence/7")).status_code == 200
    assert (await halo.http.delete("/api/SoftwareLicence/7")).status_code == 404
    assert (await halo.http.get("/api/SoftwareLicence")).json()["licences"] == []
    listed = (await halo.http.get("/api/SoftwareLicence", params={"includeinactive": "true"})).json()["licences"]
    assert [(row["id"], row["is_active"], row["deleted"]) for row in listed] == [(7, False, True), (8, False, False)]
    assert (await post(halo, {"id": 7, "is_active": True})).json()["deleted"] is False
    assert [row["id"] for row in (await halo.http.get("/api/SoftwareLicence")).json()["licences"]] == [7]


async def test_a_licence_moved_to_another_client_moves_between_lists(halo: RunningTenant) -> None:
    assert (await post(halo, {"id": 7, "client_id": 2})).json()["client_name"] == "Fabrikam"
    of_client = [(await halo.http.get("/api/SoftwareLicence", params={"client_id": n})).json() for n in (1, 2)]
    assert [answer["record_count"] for answer in of_client] == [0, 1]


async def test_an_agent_who_may_not_edit_gets_403(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, agent_edits=False)
    assert (await post(halo, GOOD)).status_code == 403
    assert (await halo.http.delete("/api/SoftwareLicence/7")).status_code == 403
    assert (await halo.http.get("/api/SoftwareLicence/7")).status_code == 200


async def test_history_holds_every_effect_with_its_request(halo: RunningTenant) -> None:
    await post(halo, {"id": 7, "count": 5}, GOOD)
    await halo.http.delete("/api/SoftwareLicence/7")
    await halo.admin.change_licence(halo.name, 9, price=7)
    effects = await halo.admin.history(halo.name, since=len(LICENCES))
    assert [(one["n"], one["request"], one["effect"], one["after"]["id"]) for one in effects] == [
        (3, 1, "update", 7),
        (4, 1, "create", 9),
        (5, 2, "delete", 7),
        (6, None, "update", 9),
    ]
    assert (effects[0]["before"]["count"], effects[0]["after"]["count"]) == (3.0, 5.0)
    assert effects[1]["before"] is None
    assert (effects[2]["before"]["deleted"], effects[2]["after"]["deleted"]) == (False, True)
