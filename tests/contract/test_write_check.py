"""The part of the conformance kit that writes: what each habit of a Halo is called, and that nothing of it stays."""

import json
from collections.abc import Mapping
from contextlib import suppress

import httpx
import pytest
from devstack.fields import Fields
from halo_sandbox.testing import RunningSandbox, RunningTenant
from halosync.domain.retry import FailureClass
from halosync.halo import write_check_licences
from halosync.halo.write_check import NotForTestsError, WriteCheck
from halosync.ports.conformance import Finding, RawAnswer, Verdict
from halosync.ports.failures import HaloFailure

CLIENTS = [{"id": 1, "name": "Secretive"}, {"id": 7, "name": "Made for tests"}]
ASSUMED, TOLERATED, NEW = Verdict.ASSUMED, Verdict.TOLERATED, Verdict.NEW


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_check_licences, "PAUSE_S", 0.0)


def check_of(tenant: RunningTenant) -> WriteCheck:
    async def send(method: str, path: str, params: Mapping[str, str | int] | None, content: bytes | None) -> RawAnswer:
        headers = {} if content is None else {"content-type": "application/json"}
        answer = await tenant.http.request(method, path, params=dict(params or {}), content=content, headers=headers)
        return RawAnswer(answer.status_code, {}, answer.content)

    return WriteCheck(send, 7)


async def checked(tenant: RunningTenant) -> tuple[dict[str, Finding], list[int] | None]:
    check = check_of(tenant)
    await check.begin()
    found = {finding.fact: finding async for finding in check.findings()}
    assert "Secretive" not in repr(found)
    return found, await check.clean_up()


async def left(sandbox: RunningSandbox, name: str) -> list[Fields]:
    return await sandbox.admin.licences(name)


async def test_the_sandbox_is_as_assumed_and_nothing_stays(sandbox: RunningSandbox) -> None:
    async with sandbox.tenant(clients=CLIENTS, licences=[{"client_id": 1, "name": "Theirs"}]) as tenant:
        found, still_there = await checked(tenant)
        assert {finding.verdict for finding in found.values()} == {ASSUMED}
        assert len(found) == 13
        assert still_there == []
        assert [row["name"] for row in await left(sandbox, tenant.name)] == ["Theirs"]


@pytest.mark.parametrize(
    ("settings", "fact", "found", "verdict"),
    [
        ({"kept_names": "escaped"}, "the name", "kept as 'halosync check &amp; test'", TOLERATED),
        ({"kept_names": "cut", "name_length": 8}, "the name", "kept as 'halosync'", TOLERATED),
        ({"kept_counts": "whole"}, "a quantity of 0.5", "kept as 0, without a word", TOLERATED),
        ({"kept_prices": "cents", "warns": True}, "a price of 10.125", "kept as 10.12, with a warning", TOLERATED),
        ({"kept_cycles": {"Annual": "Yearly"}}, "another billing cycle", "kept as yearly, without a word", TOLERATED),
        ({"ignored_fields": ["is_active"]}, "switching off", "kept as true, without a word", TOLERATED),
        ({"bare_single_answer": False}, "an array of one", "made, and answered by an array", TOLERATED),
        ({"largest_array": 2}, "an array of three", "refused with status 400; 0 were made", TOLERATED),
        ({"refused_array": "good"}, "a bad row among good ones", "status 400, names the row; the good row", ASSUMED),
        ({"names_refused_rows": False}, "a bad row among good ones", "status 400, names no row; nothing", ASSUMED),
        ({"delete_shows_inactive": True}, "a delete", "shown as deleted then", TOLERATED),
        ({"agent_edits": False}, "an array of one", "answered 403; 0 were made", NEW),
        ({"ignored_fields": ["notes"]}, "notes", "not shown in lists", TOLERATED),
    ],
    ids=str,
)
async def test_a_habit_is_found(
    sandbox: RunningSandbox, settings: dict[str, object], fact: str, found: str, verdict: Verdict
) -> None:
    async with sandbox.tenant(clients=CLIENTS, settings=settings) as tenant:
        findings, still_there = await checked(tenant)
        said = findings[f"write: {fact}"]
        assert said.found.startswith(found)
        assert said.verdict is verdict
        assert still_there == []


async def test_a_halo_that_ignores_deletes_leaves_what_a_person_is_told_to_delete(sandbox: RunningSandbox) -> None:
    async with sandbox.tenant(clients=CLIENTS, settings={"ignores_deletes": True}) as tenant:
        found, still_there = await checked(tenant)
        assert found["write: a delete"].found.endswith("and it is still there")
        assert sorted(row["id"] for row in await left(sandbox, tenant.name)) == still_there


@pytest.mark.parametrize("faults", [{"drop_after": True}, {"status": 500, "apply": True}], ids=str)
async def test_what_fails_in_the_middle_is_cleaned_up_too(sandbox: RunningSandbox, faults: dict[str, object]) -> None:
    async with sandbox.tenant(clients=CLIENTS) as tenant:
        await sandbox.admin.add_fault(tenant.name, match={"method": "POST", "nth": 3}, times=1, **faults)
        await sandbox.admin.add_fault(tenant.name, match={"method": "DELETE"}, times=1, status=500)
        check = check_of(tenant)
        await check.begin()
        with suppress(httpx.RemoteProtocolError):
            assert [finding async for finding in check.findings()]
        assert await check.clean_up() == []
        assert await left(sandbox, tenant.name) == []


async def test_a_client_with_licences_is_left_alone(sandbox: RunningSandbox) -> None:
    async with sandbox.tenant(clients=CLIENTS, licences=[{"client_id": 7, "name": "Theirs"}]) as tenant:
        check = check_of(tenant)
        with pytest.raises(NotForTestsError, match=r"client 7 has 1 licence\. Make a client for this test"):
            await check.begin()
        assert await check.clean_up() == []
        assert [row["name"] for row in await left(sandbox, tenant.name)] == ["Theirs"]


class Colleague:
    """A Halo of one client in which somebody else works, too; and whose list may show nothing from a moment on."""

    def __init__(self) -> None:
        self.rows: dict[int, Fields] = {}
        self.deleted: list[int] = []
        self.blind, self.counts = False, True

    async def send(
        self, method: str, path: str, _params: Mapping[str, str | int] | None, content: bytes | None
    ) -> RawAnswer:
        if method == "DELETE":
            number = int(path.rsplit("/", 1)[1])
            self.deleted.append(number)
            self.rows.pop(number)
            return RawAnswer(200, {}, b"{}")
        if method == "GET":
            rows = [] if self.blind else list(self.rows.values())
            count = {"record_count": len(rows)} if self.counts else {}
            return RawAnswer(200, {}, json.dumps({**count, "licences": rows}).encode())
        [element] = json.loads(content or b"")
        row = {"id": 100 + len(self.rows), **element}
        self.rows[row["id"]] = row
        self.rows[50] = {"id": 50, "client_id": 7, "name": "A colleague's", "notes": None}
        return RawAnswer(201, {}, json.dumps(row).encode())


async def test_what_somebody_else_makes_meanwhile_is_left_alone() -> None:
    halo_of = Colleague()
    check = WriteCheck(halo_of.send, 7)
    await check.begin()
    assert (await anext(check.findings())).found == "made, and answered by the bare licence"
    assert await check.clean_up() == []
    assert (halo_of.deleted, list(halo_of.rows), check.others) == ([100], [50], [50])


async def test_what_an_answer_named_is_deleted_whatever_the_list_shows_and_is_told() -> None:
    halo_of = Colleague()
    check = WriteCheck(halo_of.send, 7)
    await check.begin()
    halo_of.blind = True
    assert "0 were made" in (await anext(check.findings())).found
    assert await check.clean_up() == [100]  # it was never seen, so it was not seen to go
    assert (halo_of.deleted, list(halo_of.rows)) == ([100], [50])


@pytest.mark.parametrize("answer", [None, 504])
async def test_a_create_without_an_answer_that_no_list_shows_is_told(answer: int | None) -> None:
    halo_of = Colleague()

    async def send(method: str, path: str, params: Mapping[str, str | int] | None, content: bytes | None) -> RawAnswer:
        if method != "POST":
            return await halo_of.send(method, path, params, content)
        if answer is None:
            raise HaloFailure(FailureClass.OUTCOME_UNKNOWN, "no answer")
        return RawAnswer(answer, {}, b"")

    check = WriteCheck(send, 7)
    await check.begin()
    with suppress(HaloFailure):
        await anext(check.findings())
    assert await check.clean_up() is None


async def test_what_a_refused_create_did_not_make_is_not_told(sandbox: RunningSandbox) -> None:
    async with sandbox.tenant(clients=CLIENTS, settings={"agent_edits": False}) as tenant:
        assert (await checked(tenant))[1] == []


async def test_a_list_that_does_not_count_its_rows_begins_nothing() -> None:
    halo_of = Colleague()
    halo_of.counts = False
    with pytest.raises(NotForTestsError, match="does not count them"):
        await WriteCheck(halo_of.send, 7).begin()
