"""The sandbox's control surface, its log and its command."""

import asyncio
import re
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import typer
from devstack.fields import Fields
from devstack.wait import until
from halo_sandbox.__main__ import main
from halo_sandbox.client import SandboxAdmin
from halo_sandbox.history import Effect, duplicates
from halo_sandbox.model import Licence
from halo_sandbox.settings import TenantSettings
from halo_sandbox.testing import APPLICATION, RunningSandbox, RunningTenant, running_sandbox

CLIENTS = [{"id": 4, "name": "Contoso"}, {"name": "Fabrikam", "inactive": True}]
LICENCES = [{"client_id": 4, "name": "P-1", "count": 3, "price": 2.5, "billing_cycle": "Monthly"}]


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with running_sandbox(TenantSettings(rate_requests=77)) as running:
        yield running


@pytest.fixture
async def halo(sandbox: RunningSandbox) -> AsyncIterator[RunningTenant]:
    async with sandbox.tenant(clients=CLIENTS, licences=LICENCES, settings={"page_cap": 9}) as tenant:
        yield tenant


async def test_a_tenant_is_made_as_described(halo: RunningTenant) -> None:
    summary = await halo.admin.tenant(halo.name)
    assert (summary["clients"], summary["licences"], summary["history"], summary["requests"]) == (2, 1, 1, 0)
    assert summary["applications"] == [{"name": "halosync", **APPLICATION}]
    assert (summary["settings"]["page_cap"], summary["settings"]["rate_requests"]) == (9, 77)
    assert halo.name in await halo.admin.tenants()
    assert [(row["id"], row["inactive"]) for row in await halo.admin.clients(halo.name)] == [(4, False), (5, True)]


async def test_putting_a_tenant_again_begins_anew(halo: RunningTenant) -> None:
    await halo.http.get("/api/Client")
    summary = await halo.admin.put_tenant(halo.name)
    assert (summary["clients"], summary["licences"], summary["requests"]) == (0, 0, 0)
    assert (await halo.http.get("/api/Client")).status_code == 401


@pytest.mark.parametrize(
    ("seed", "place"),
    [
        ({"clients": [{"id": 1}]}, "'clients', 0, 'name'"),
        ({"clients": [{"name": "A", "id": 1}, {"name": "B", "id": 1}]}, "client 1 exists already"),
        ({"licences": [{"client_id": 9, "name": "P"}]}, "there is no client 9"),
        ({"clients": CLIENTS, "licences": [{**LICENCES[0], "count": "3"}]}, "'licences', 0, 'count'"),
        ({"clients": CLIENTS, "licences": [{**LICENCES[0], "quantity": 3}]}, "'licences', 0, 'quantity'"),
        ({"clients": CLIENTS, "licences": [{**LICENCES[0], "id": 1}] * 2}, "licence 1 exists already"),
        ({"settings": {"page_size": 3}}, "page_size"),
        ({"settings": {"refused_array": "some"}}, "refused_array"),
        ({"applications": [{"client_id": ""}]}, "'applications', 0, 'client_id'"),
    ],
)
async def test_what_does_not_fit_is_named(sandbox: RunningSandbox, seed: Fields, place: str) -> None:
    with pytest.raises(httpx.HTTPStatusError) as refused:
        await sandbox.admin.put_tenant("misfit", **seed)
    assert refused.value.response.status_code == 422
    assert place in str(refused.value.response.json())
    assert "misfit" not in await sandbox.admin.tenants()


async def test_calls_that_make_no_sense_are_refused(sandbox: RunningSandbox, halo: RunningTenant) -> None:
    for call, status in (
        (sandbox.admin.put_tenant("admin"), 422),
        (sandbox.admin.tenant("nobody"), 404),
        (halo.admin.change_settings(halo.name, rate_window_s=0), 422),
        (halo.admin.foreign_requests(halo.name, 0), 422),
        (halo.admin.issue_tokens(halo.name, "somebody-else"), 422),
        (halo.admin.change_licence(halo.name, 99, count=1), 404),
        (halo.admin.change_licence(halo.name, 1, client_id=99), 422),
        (halo.admin.delete_licence(halo.name, 99), 404),
        (halo.admin.add_recurring_lines(halo.name, 99), 422),
    ):
        with pytest.raises(httpx.HTTPStatusError) as refused:
            await call
        assert refused.value.response.status_code == status


async def test_a_person_working_in_halo_changes_rows(halo: RunningTenant) -> None:
    (client,) = await halo.admin.add_clients(halo.name, {"name": "Wingtip"})
    (licence,) = await halo.admin.add_licences(halo.name, {"client_id": client["id"], "name": "P-9", "count": 2})
    await halo.admin.change_licence(halo.name, licence["id"], count=5, is_active=False)
    await halo.admin.delete_licence(halo.name, 1)
    (left,) = await halo.admin.licences(halo.name, client_id=client["id"])
    assert (left["name"], left["count"], left["is_active"]) == ("P-9", 5.0, False)
    assert [row["deleted"] for row in await halo.admin.licences(halo.name, deleted=True)] == [True, False]
    assert {one["request"] for one in await halo.admin.history(halo.name)} == {None}
    shown = (await halo.http.get("/api/Client", params={"search": "wing"})).json()
    assert [row["id"] for row in shown["clients"]] == [client["id"]]


async def test_a_recurring_line_breaks_when_its_licence_goes_and_another_in_its_place_does_not_mend_it(
    halo: RunningTenant,
) -> None:
    await halo.admin.add_recurring_lines(halo.name, 1)
    await halo.http.post("/api/SoftwareLicence", json=[{"id": 1, "count": 5}])
    assert await halo.admin.recurring_lines(halo.name) == [{"id": 1, "licence_id": 1, "billed": 5.0}]
    await halo.http.delete("/api/SoftwareLicence/1")
    await halo.http.post("/api/SoftwareLicence", json=[{"client_id": 4, "name": "P-1", "count": 5}])
    assert [line["billed"] for line in await halo.admin.recurring_lines(halo.name)] == [None]


async def test_every_request_is_in_the_log(halo: RunningTenant) -> None:
    began = time.time()
    await halo.http.get("/api/SoftwareLicence", params={"page_no": 1})
    await halo.http.post("/api/SoftwareLicence", json=[{"client_id": 4, "name": "P"}] * 2)
    await halo.http.post("/auth/token")
    first, second, third = await halo.admin.requests(halo.name)
    path = f"/{halo.name}/api/SoftwareLicence"
    expected = {"n": 1, "method": "GET", "path": path, "query": "page_no=1", "status": 200, "rows": 1, "fault": None}
    assert expected.items() <= first.items()
    assert (second["n"], second["method"], second["status"], second["rows"]) == (2, "POST", 201, 2)
    assert third["status"] == 415
    assert began - 1 < first["at"] <= time.time()
    assert first["monotonic"] <= second["monotonic"]
    assert second["in_flight_s"] > 0
    assert [entry["n"] for entry in await halo.admin.requests(halo.name, since=2)] == [3]


def test_a_duplicate_that_was_mended_is_still_found() -> None:
    one, two = Licence(id=1, client_id=1, name="P-1"), Licence(id=2, client_id=1, name=" p-1 ")
    gone = Licence(id=2, client_id=1, name="p-1", is_active=False, deleted=True)
    history = [
        Effect(1, 0.0, None, "create", None, one),
        Effect(2, 1.0, 5, "create", None, two),
        Effect(3, 2.0, 6, "delete", two, gone),
    ]
    (found,) = duplicates(history)
    assert (found.ids, found.request) == ((1, 2), 5)


def test_a_licence_made_anew_after_its_deletion_is_no_duplicate() -> None:
    one, two = Licence(id=1, client_id=1, name="P"), Licence(id=2, client_id=1, name="P")
    gone = Licence(id=1, client_id=1, name="P", is_active=False, deleted=True)
    other = Licence(id=3, client_id=2, name="P")
    history = [
        Effect(1, 0.0, 1, "create", None, one),
        Effect(2, 0.0, 2, "delete", one, gone),
        Effect(3, 0.0, 3, "create", None, two),
        Effect(4, 0.0, 4, "create", None, other),
    ]
    assert duplicates(history) == []


async def test_a_tenant_of_100000_licences_is_loaded_in_seconds(sandbox: RunningSandbox) -> None:
    clients = [{"id": n, "name": f"Client {n}"} for n in range(1, 1001)]
    rows = [{"client_id": 1 + n % 1000, "name": f"P-{n}", "count": n, "price": 1.5} for n in range(100_000)]
    began = time.monotonic()
    async with sandbox.tenant(clients=clients, licences=rows) as halo:
        assert time.monotonic() - began < 20
        query = {"pageinate": "true", "page_size": "1000", "page_no": "100"}
        answer = (await halo.http.get("/api/SoftwareLicence", params=query)).json()
        assert (answer["record_count"], len(answer["licences"])) == (100_000, 1000)


async def test_the_command_prints_where_it_is_and_serves() -> None:
    arguments = ("-m", "halo_sandbox", "--port", "0", "--rate-requests", "8", "--rate-window-s", "60")
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        found = re.search(rb"http://[0-9.]+:[0-9]+", await process.stdout.readline())
        assert found is not None
        async with SandboxAdmin(found[0].decode()) as admin:
            await until(admin.healthy, what="the sandbox answering", timeout_s=60)
            settings = (await admin.put_tenant("acme"))["settings"]
            assert (settings["rate_requests"], settings["rate_window_s"]) == (8, 60)
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()
    async with SandboxAdmin(found[0].decode()) as admin:
        assert not await admin.healthy()


@pytest.mark.parametrize("wrong", ["port", "state"])
def test_a_port_or_a_file_that_cannot_be_had_is_one_sentence(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(typer.Exit):
            main(port=port) if wrong == "port" else main(port=0, state=Path("/proc/1/no/state.json"))
    told = capsys.readouterr().err
    assert told.startswith("halo_sandbox: ")
    assert (
        (f"port {port}: Address already in use" in told) if wrong == "port" else ("another file with --state" in told)
    )
