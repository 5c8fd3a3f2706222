"""The tools of the fault matrix tell what they are to tell: the proxy, the comparison with the plan, the choice."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from devstack.errors import DevstackError, NotReadyError
from devstack.faults import invariants
from devstack.faults.case import Case
from devstack.faults.catalogue import CASES, chosen
from devstack.faults.command import table
from devstack.faults.habits import HABITS, SIZES, drawn_habits, with_others
from devstack.faults.matrix import CaseResult
from devstack.faults.proxy import Proxy
from devstack.faults.workload import make_workload
from devstack.fields import Fields
from devstack.wait import until
from halo_sandbox.testing import RunningSandbox

TENANT = "acme"


@pytest.fixture
async def proxy(sandbox: RunningSandbox) -> AsyncIterator[Proxy]:
    made = Proxy()
    made.target_port = int(sandbox.base_url.rpartition(":")[2])
    await made.open()
    await sandbox.admin.put_tenant(TENANT)
    yield made
    await made.close()


async def ask(proxy: Proxy, method: str = "GET") -> int:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.request(method, f"{proxy.url}/{TENANT}/api/SoftwareLicence")).status_code


def test_what_the_halo_of_a_case_is_like_is_drawn_by_seed_and_every_habit_is_met() -> None:
    drawn = [drawn_habits(0, case.name, case.where) for case in CASES]
    assert drawn == [drawn_habits(0, case.name, case.where) for case in CASES]
    assert drawn != [drawn_habits(1, case.name, case.where) for case in CASES]
    settings = [item for habits in drawn for item in habits.settings.items()]
    assert all(item in settings for habit in (*HABITS, *SIZES) for item in habit.items())
    assert {habits.others for habits in drawn} == {True, False}


def test_what_is_of_others_is_there_before_and_is_to_stay() -> None:
    plain, filled = make_workload(), with_others(make_workload())
    added = filled.before.keys() - plain.before.keys()
    assert added == filled.wanted.keys() - plain.wanted.keys()
    assert {name.partition("-")[0] for _, name in added} == {"THEIRS", "SLEEPS", "NOBODYS"}
    assert filled.lines == plain.lines
    assert len(filled.clients) == 2 * len(plain.clients) + 1
    assert len(filled.licences) == len(plain.licences) + len(added)


async def test_the_proxy_passes_on_what_it_is_not_told_to_keep(proxy: Proxy) -> None:
    async with asyncio.timeout(20):
        assert await ask(proxy) == 401
        with pytest.raises(NotReadyError):
            async with proxy.withheld("POST /", after=0, timeout_s=0.1):
                pass
        assert await ask(proxy) == 401


async def test_of_a_withheld_request_nothing_arrives_and_its_connection_breaks(
    proxy: Proxy, sandbox: RunningSandbox
) -> None:
    async def post_twice() -> None:
        assert await ask(proxy, "POST") == 401
        with pytest.raises(httpx.TransportError):
            await ask(proxy, "POST")

    posting = asyncio.create_task(post_twice())
    async with proxy.withheld(f"POST /{TENANT}/", after=1, timeout_s=20) as link:
        assert link.held
        assert len(await sandbox.admin.requests(TENANT)) == 1
    await posting
    assert len(await sandbox.admin.requests(TENANT)) == 1


async def test_who_waits_for_an_answer_is_known(proxy: Proxy, sandbox: RunningSandbox) -> None:
    await sandbox.admin.add_fault(TENANT, match={"path": "SoftwareLicence"}, delay_s=0.5)
    asking = asyncio.create_task(ask(proxy))

    async def waits() -> bool:
        return bool(proxy.waiting(f"GET /{TENANT}/"))

    await until(waits, what="the request", timeout_s=20)
    assert proxy.waiting("POST ") == []
    assert await asking == 401
    assert proxy.waiting("GET ") == []


async def test_a_closed_proxy_refuses_and_opens_again_at_the_same_place(proxy: Proxy) -> None:
    await proxy.close()
    with pytest.raises(httpx.ConnectError):
        await ask(proxy)
    await proxy.open()
    assert await ask(proxy) == 401


async def test_a_cut_breaks_what_is_under_way(proxy: Proxy, sandbox: RunningSandbox) -> None:
    await sandbox.admin.add_fault(TENANT, match={"path": "SoftwareLicence"}, delay_s=1)
    asking = asyncio.create_task(ask(proxy))

    async def waits() -> bool:
        return bool(proxy.waiting("GET "))

    await until(waits, what="the request", timeout_s=20)
    proxy.cut()
    with pytest.raises(httpx.TransportError):
        await asking


class Stage:
    """As much of a trial as the comparison with the plan needs."""

    before, wanted = make_workload().before, make_workload().wanted


def item(name: str, outcome: str, reason: str | None = None) -> Fields:
    return {"halo_client_id": 1, "licence_name": name, "outcome": outcome, "reason": reason}


@pytest.mark.parametrize(
    ("items", "changes", "good"),
    [
        ([], {}, True),
        ([], {(1, "NEW-1-0"): (1, 7.25, "Monthly")}, False),
        ([item("NEW-1-0", "synced")], {(1, "NEW-1-0"): (1, 7.25, "Monthly")}, True),
        ([item("NEW-1-0", "synced")], {}, False),
        ([item("NEW-1-0", "failed", "halo_rejected")], {(1, "NEW-1-0"): (1, 7.25, "Monthly")}, False),
        ([item("NEW-1-0", "failed", "outcome_unknown")], {(1, "NEW-1-0"): (1, 7.25, "Monthly")}, True),
        ([item("NEW-1-0", "failed", "outcome_unknown")], {}, True),
        ([item("NEW-1-0", "failed", "not_kept")], {(1, "NEW-1-0"): (1, 7.25, "Monthly")}, True),
        ([item("NEW-1-0", "failed", "not_kept")], {}, False),
        ([item("GOES-1-0", "synced")], {(1, "GOES-1-0"): None}, True),
        ([item("GOES-1-0", "synced")], {}, False),
        ([item("GROWS-1-0", "synced")], {(1, "GROWS-1-0"): (3, 10.5, "Monthly")}, False),
        ([], {(1, "STRANGER"): (1, 1.0, "Monthly")}, False),
    ],
)
def test_halo_is_compared_with_what_the_items_say(items: Any, changes: Any, good: bool) -> None:
    now = {key: state for key, state in {**Stage.before, **changes}.items() if state is not None}
    assert (invariants.differences(Stage(), now, items) == []) is good  # type: ignore[arg-type]  # see Stage


def test_the_last_table_has_every_case_with_what_happens_in_it() -> None:
    text = (Path(__file__).parents[2] / "docs/faults.md").read_text("utf-8").partition("## The last table")[2]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    assert {row[0].strip("`"): row[1] for row in rows} == {case.name: case.what for case in CASES}


def test_cases_are_chosen_by_name_and_pattern() -> None:
    assert [case.name for case in chosen(["halo-429", "writer-drain"])] == ["writer-drain", "halo-429"]
    assert {case.where for case in chosen(["broker-*"])} == {"broker"}
    assert chosen([]) == list(CASES)
    with pytest.raises(DevstackError, match="nobody"):
        chosen(["nobody-*"])


def test_every_case_has_a_name_of_its_own_and_the_short_version_has_every_kind() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    short = chosen([], short=True)
    assert {case.where for case in short} >= {"writer", "broker", "Postgres", "Halo"}


def test_the_table_tells_what_does_not_hold() -> None:
    case = Case("any", "Halo", "something")
    shown = table([CaseResult(case, wrong=["broken"]), CaseResult(case)])
    assert list(shown.columns[-1].cells) == ["NOT ok", "ok"]
