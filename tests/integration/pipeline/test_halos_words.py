"""What Halo says when it refuses, is locked or away: told in its words, or tried again."""

import pytest

from .conftest import Pipeline
from .kept_products import ONE, TENANT, product


@pytest.mark.parametrize("as_200", [False, True])
async def test_a_row_that_upsets_halo_fails_alone_with_halos_words(pipeline: Pipeline, as_200: bool) -> None:
    await pipeline.sandbox.admin.change_settings(TENANT, upsetting_names=["BAD"], failures_as_200=as_200)
    await pipeline.invoice([product(f"P-{n}") for n in range(9)] + [product("BAD")])
    run = await pipeline.sync()
    [failed] = [item for item in await pipeline.items(run["run_id"]) if item["outcome"] == "failed"]
    assert (run["state"], run["created"], failed["product_code"]) == ("partial", 9, "BAD")
    assert failed["reason"] == "halo_rejected"
    assert "Object reference not set" in failed["detail"]
    assert ("200" if as_200 else "500") in failed["detail"]
    assert "could not be reached" not in failed["detail"]


@pytest.mark.parametrize("as_200", [False, True])
async def test_a_delete_that_always_fails_says_why_in_halos_words(pipeline: Pipeline, as_200: bool) -> None:
    await pipeline.sandbox.admin.add_licences(TENANT, *({"client_id": 1, "name": name} for name in ("KEPT", "GONE")))
    await pipeline.sandbox.admin.change_settings(TENANT, undeletable_names=["KEPT"], failures_as_200=as_200)
    await pipeline.invoice([product("P-1")])
    run = await pipeline.sync()
    [failed] = [item for item in await pipeline.items(run["run_id"]) if item["outcome"] == "failed"]
    assert (run["deleted"], failed["licence_name"], failed["reason"]) == (1, "KEPT", "halo_rejected")
    assert "REFERENCE constraint" in failed["detail"]
    assert "could not be reached" not in failed["detail"]
    assert failed["attempts"] == pipeline.tuning.max_attempts


@pytest.mark.parametrize("status", [409, 423])
async def test_what_somebody_has_locked_is_tried_again(pipeline: Pipeline, status: int) -> None:
    locked = {"status": status, "body": {"Message": "Locked by another user."}}
    await pipeline.sandbox.admin.add_fault(TENANT, match={**ONE, "row_name": "P-1"}, times=3, **locked)
    await pipeline.invoice([product(f"P-{n}") for n in range(4)])
    run = await pipeline.sync()
    assert (run["state"], run["created"]) == ("succeeded", 4)
    await pipeline.licences()


async def test_a_log_in_page_in_place_of_an_answer_passes(pipeline: Pipeline) -> None:
    page = {"status": 302, "headers": {"location": "https://acme.halopsa.com/auth/login?x=1"}}
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, times=2, **page)
    await pipeline.invoice([product("P-1"), product("P-2")])
    assert (await pipeline.sync())["state"] == "succeeded"
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, times=None, **page)
    await pipeline.invoice([product("P-1", quantity="9"), product("P-2")], revision=2)
    run = await pipeline.sync()
    [failed] = [item for item in await pipeline.items(run["run_id"]) if item["outcome"] == "failed"]
    assert failed["reason"] == "halo_unavailable"
    assert "Halo asks for a log-in" in failed["detail"]
    assert "could not be reached" not in failed["detail"]


async def test_an_outage_that_names_its_end_is_waited_out(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, status=503, headers={"retry-after": "2"})
    await pipeline.invoice([product("P-1")])
    assert (await pipeline.sync())["state"] == "succeeded"
    log = [entry for entry in await pipeline.sandbox.admin.requests(TENANT) if "/api/" in entry["path"]]
    at = next(n for n, entry in enumerate(log) if entry["status"] == 503)
    assert log[at + 1]["monotonic"] - log[at]["monotonic"] >= 2.0
