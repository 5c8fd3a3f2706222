"""Tokens that end, rights that are missing, a connection that is revoked: while the real processes write."""

import asyncio
import json

import pytest
from devstack.errors import CommandFailedError
from devstack.fields import Fields

from tests.partner import PATIENCE_S, Partner, lines

from .test_journeys import listen
from .test_survival import ITEMS, all_written_once, run_in_the_middle

pytestmark = pytest.mark.e2e

WRITE = {"method": "POST", "path": "SoftwareLicence"}


async def sent(partner: Partner, path: str) -> list[Fields]:
    """The requests to an address, as Halo's log has them."""
    return [entry for entry in await partner.halo.requests(partner.tenant) if entry["path"].endswith(path)]


async def writes(partner: Partner) -> list[int]:
    """The statuses of the writes that Halo has seen."""
    return [entry["status"] for entry in await sent(partner, "SoftwareLicence") if entry["method"] == "POST"]


async def test_a_token_that_ends_in_the_middle_costs_one_refresh(partner: Partner) -> None:
    """Several batches are under way, and each is answered with 401."""
    run_id = await run_in_the_middle(partner)
    before = len(await sent(partner, "/auth/token"))
    await partner.halo.expire_tokens(partner.tenant)
    await all_written_once(partner, run_id)
    assert len(await sent(partner, "/auth/token")) - before == 1
    assert 401 in await writes(partner)
    assert {item["attempts"] for item in await partner.items(run_id)} == {1}


@pytest.mark.parametrize(
    "fault", [{"unauthorized": True}, {"status": 403, "body": {"error": "no rights"}}], ids=["401 again", "403"]
)
async def test_a_missing_right_is_told_and_what_is_left_is_done_once_it_is_granted(
    partner: Partner, fault: Fields
) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(70)))
    first = await partner.halo.add_fault(partner.tenant, match={**WRITE, "row_name": "P-3"}, times=None, **fault)
    run = await partner.sync()
    assert (run["state"], run["counters"]["created"], run["counters"]["failed"]) == ("partial", 20, 50)
    failed = [item for item in await partner.items(run["run_id"]) if item["outcome"] == "failed"]
    assert {item["reason"] for item in failed} == {"permission_denied"}
    assert all("permission to edit software licensing" in item["detail"] for item in failed)
    assert len([status for status in await writes(partner) if status in {401, 403}]) <= 2
    assert len(await sent(partner, "/auth/token")) <= 2, "the code, and one refresh"
    assert (await partner.get("/connection"))["state"] == "connected"

    await partner.halo.delete_fault(partner.tenant, first)
    before = len(await writes(partner))
    again = (await partner.stack.cli("run", "retry", run["run_id"]))["run_id"]
    done = await partner.finished(again)
    assert (done["state"], done["counters"]["created"], done["counters"]["unchanged"]) == ("succeeded", 50, 20)
    assert len(await writes(partner)) - before == 1
    assert len(await partner.licences()) == 70


async def test_a_connection_that_is_revoked_in_the_middle_ends_the_run_and_a_sync_finishes_it(
    partner: Partner,
) -> None:
    run_id = await run_in_the_middle(partner)
    lost = await listen(partner, "connection.lost.v1")
    await partner.halo.revoke_tokens(partner.tenant)
    run = await partner.finished(run_id)
    assert (run["state"], run["error_code"]) == ("failed", "connection_broken")
    assert "Press Connect" in run["error"]
    assert 0 < run["counters"]["created"] < ITEMS
    assert (await partner.get("/connection"))["state"] == "broken"
    told = json.loads((await lost.get(timeout=PATIENCE_S)).body)
    assert (told["reason"], told["tenant"]) == ("invalid_grant", partner.tenant)
    refused = await partner.api.post(f"{partner.path}/runs", json={"mode": "apply"})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_connected")
    refreshes = len(await sent(partner, "/auth/token"))

    await partner.connect()
    done = await partner.sync()
    counters = done["counters"]
    assert (done["state"], counters["created"] + counters["unchanged"]) == ("succeeded", ITEMS)
    assert counters["unchanged"] >= run["counters"]["created"]
    assert len(await partner.licences()) == ITEMS
    assert len(await sent(partner, "/auth/token")) == refreshes + 1, "the new code; nobody tried the dead token again"


async def test_many_who_find_the_token_ended_make_one_refresh(partner: Partner) -> None:
    """Many processes and handlers that find the token ended at the same time ask auth, and auth asks Halo once."""
    await partner.connect()
    await partner.publish(partner.event(lines(1)))
    await partner.halo.expire_tokens(partner.tenant)
    await partner.halo.add_fault(partner.tenant, match={"path": "token"}, delay_s=0.5)
    run_id = await partner.start()
    await asyncio.gather(*(partner.api.post(f"{partner.path}/halo/refresh") for _ in range(50)))
    assert (await partner.finished(run_id))["state"] == "succeeded"
    assert len(await sent(partner, "/auth/token")) == 2


async def test_an_operator_checks_and_ends_a_connection_by_command(partner: Partner) -> None:
    await partner.connect()
    found = await partner.stack.cli("halo", "check", "--partner", partner.name)
    assert {each["verdict"] for each in found} == {"as assumed"}
    assert partner.name not in str(found)
    ended = await partner.stack.cli("connection", "disconnect", partner.name, "--yes")
    assert ended == {"partner_id": partner.name, "state": "disconnected"}
    shown = await partner.stack.cli("connection", "show", partner.name)
    assert (shown["state"], shown["granted_scopes"]) == ("disconnected", [])
    with pytest.raises(CommandFailedError, match="not connected"):
        await partner.stack.cli("halo", "check", "--partner", partner.name)
