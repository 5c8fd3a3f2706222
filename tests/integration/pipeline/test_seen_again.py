"""A licence that a complete read did not show and a later one does is what it was: no stranger, and not made twice."""

import pytest
from devstack.fields import Fields
from halosync.domain.run_order import RunMode
from halosync.store.snapshots import SnapshotStore

from .conftest import Pipeline
from .parts import PARTNER, TENANT

pytestmark = pytest.mark.integration

CODES = ("AAAA-1", "BBBB-2", "CCCC-3")


async def written(pipeline: Pipeline, on_drift: str, cleanup: str) -> dict[int, str]:
    """Let halosync write three licences whose names this Halo cuts; return what is in Halo."""
    await pipeline.sandbox.admin.change_settings(TENANT, kept_names="cut", name_length=4)
    await pipeline.pool.execute("UPDATE partner SET on_drift = $1, cleanup = $2", on_drift, cleanup)
    await pipeline.invoice([{"product_code": code} for code in CODES])
    await pipeline.sync()
    assert (await pipeline.sync())["unchanged"] == len(CODES)
    there = await in_halo(pipeline)
    assert there == {1: "AAAA", 2: "BBBB", 3: "CCCC"}
    return there


async def in_halo(pipeline: Pipeline) -> dict[int, str]:
    """Return the names of the licences by id."""
    return {row["id"]: row["name"] for row in await pipeline.sandbox.admin.licences(TENANT)}


async def sees(pipeline: Pipeline, part: str) -> None:
    await pipeline.sandbox.admin.change_settings(TENANT, agent_sees=part, agent_sees_fraction=0.7)


async def failures(pipeline: Pipeline, run: Fields) -> list[tuple[str, str, str]]:
    items = await pipeline.items(run["run_id"])
    return [(item["product_code"], item["outcome"], item["reason"]) for item in items if item["reason"]]


@pytest.mark.parametrize("cleanup", ["owned", "all"])
async def test_it_is_known_by_all_that_was_known_of_it(pipeline: Pipeline, cleanup: str) -> None:
    there = await written(pipeline, "hold", cleanup)
    memory = "SELECT to_jsonb(l) FROM halo_licence l WHERE halo_licence_id = 3"
    before = await pipeline.pool.fetchval(memory)
    await sees(pipeline, "some")
    for _ in range(2):  # however often
        run = await pipeline.sync()
        assert (run["created"], await failures(pipeline, run)) == (0, [("CCCC-3", "held", "edited_in_halo")])
    assert await pipeline.pool.fetchval(memory) is None
    await sees(pipeline, "all")
    for mode in (RunMode.PREVIEW, RunMode.APPLY, RunMode.APPLY):
        run = await pipeline.sync(mode=mode)
        assert (run["unchanged"], run["total"]) == (3, 3)
    assert await in_halo(pipeline) == there
    assert await pipeline.pool.fetchval(memory) == before


@pytest.mark.parametrize("cleanup", ["owned", "all"])
async def test_where_its_product_has_another_one_by_now_a_person_is_told(pipeline: Pipeline, cleanup: str) -> None:
    there = await written(pipeline, "overwrite", cleanup)
    await sees(pipeline, "some")
    assert (await pipeline.sync())["created"] == 1
    assert (await pipeline.sync())["unchanged"] == 3
    await sees(pipeline, "all")
    for _ in range(2):  # neither is changed or removed until somebody has said which one it is
        run = await pipeline.sync()
        assert (run["unchanged"], run["deleted"], run["state"]) == (2, 0, "partial")
        assert await failures(pipeline, run) == [("CCCC-3", "failed", "licence_ambiguous")]
        assert await in_halo(pipeline) == there | {4: "CCCC"}
    await pipeline.sandbox.admin.delete_licence(TENANT, 4)
    assert (await pipeline.sync())["unchanged"] == 3


async def test_it_is_known_also_when_its_deletion_was_forgotten_with_its_client(pipeline: Pipeline) -> None:
    there = await written(pipeline, "hold", "owned")
    await sees(pipeline, "some")
    await pipeline.sync()
    # As if its client had not been shown for long either.
    await pipeline.pool.execute(
        "UPDATE vanished_licence SET halo_client_id = 999, client_gone_at = now() - interval '91 days'"
    )
    read_id = await SnapshotStore(pipeline.pool).request_read(PARTNER)
    assert await pipeline.refreshing.advance(PARTNER, read_id) is None
    assert await pipeline.pool.fetchval("SELECT count(*) FROM vanished_licence") == 0
    await sees(pipeline, "all")
    assert (await pipeline.sync())["unchanged"] == 3
    assert await in_halo(pipeline) == there


async def test_what_was_missing_in_another_halo_is_forgotten(pipeline: Pipeline) -> None:
    await written(pipeline, "hold", "owned")
    await sees(pipeline, "some")
    await pipeline.sync()
    missing = "SELECT count(*) FROM missing_licence WHERE partner_id = $1"
    assert await pipeline.pool.fetchval(missing, PARTNER) == 1
    await pipeline.pool.execute("UPDATE halo_snapshot SET tenant = 'another' WHERE partner_id = $1", PARTNER)
    await pipeline.sync()
    assert await pipeline.pool.fetchval(missing, PARTNER) == 0
