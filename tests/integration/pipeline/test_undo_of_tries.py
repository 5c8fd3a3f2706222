"""Undoing a run that could not find out what became of its writes (spec section 11, "Undo")."""

import pytest
from devstack.fields import Fields
from halosync.domain.run_order import RunMode

from .conftest import Pipeline
from .parts import TENANT

pytestmark = pytest.mark.integration

THERE: list[dict[str, object]] = [
    {"client_id": 1, "name": "P-1", "count": 5.0, "price": 40.0, "billing_cycle": "Monthly"},
    {"client_id": 1, "name": "OLD", "count": 3.0, "price": 8.0, "billing_cycle": "Monthly"},
]


async def tries(pipeline: Pipeline, mode: RunMode = RunMode.APPLY, *, applied: bool, **order: object) -> Fields:
    """Have a run of which no write is answered, and no look-up either; return how it ended."""
    attempts, pipeline.tuning.max_attempts = pipeline.tuning.max_attempts, 1
    pipeline.planning, pipeline.writing = pipeline.planner().run_planner, pipeline.writer()
    for method in ("POST", "DELETE"):
        lost = {"drop_after": True} if applied else {"drop_before": True}
        await pipeline.sandbox.admin.add_fault(
            TENANT, match={"method": method, "path": "SoftwareLicence"}, times=None, **lost
        )
    looking = {"method": "GET", "path": "SoftwareLicence", "nth": 3}  # the first two are the plan's
    await pipeline.sandbox.admin.add_fault(TENANT, match=looking, times=None, status=500)
    run_id = await pipeline.start(mode=mode, **order)
    await pipeline.deliver_all()
    await pipeline.sandbox.admin.clear_faults(TENANT)
    pipeline.tuning.max_attempts = attempts
    pipeline.planning, pipeline.writing = pipeline.planner().run_planner, pipeline.writer()
    assert {item["reason"] for item in await pipeline.items(run_id)} == {"outcome_unknown"}
    return await pipeline.run(run_id)


@pytest.mark.parametrize("removal", ["delete", "deactivate"])
async def test_what_a_later_run_has_done_is_not_taken_back(pipeline: Pipeline, removal: str) -> None:
    await pipeline.pool.execute("UPDATE partner SET removal = $1", removal)
    await pipeline.sandbox.admin.add_licences(TENANT, *THERE)
    before = await pipeline.licences()
    await pipeline.invoice([{"product_code": "P-1", "unit_price": "31.50", "quantity": "12"}])
    tried = await tries(pipeline, applied=False)
    assert await pipeline.licences() == before
    done = await pipeline.sync()
    assert (done["updated"], done["deleted"]) == (1, 1)
    after = await pipeline.licences()

    undo = await pipeline.sync(mode=RunMode.UNDO, undoes=tried["run_id"])
    items = await pipeline.items(undo["run_id"])
    assert [(item["outcome"], item["reason"]) for item in items] == [("skipped", "changed_since")] * 2
    assert all("a later run" in item["detail"] for item in items)
    assert await pipeline.licences() == after

    undo = await pipeline.sync(mode=RunMode.UNDO, undoes=done["run_id"])
    assert undo["state"] == "succeeded"
    back = await pipeline.licences()
    assert {name: row["count"] for (_, name), row in back.items()} == {"P-1": 5.0, "OLD": 3.0}


async def test_an_undo_that_only_tried_can_be_asked_for_again(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_licences(TENANT, THERE[0])
    await pipeline.invoice([{"product_code": "P-1", "unit_price": "31.50", "quantity": "7"}])
    assert (await pipeline.sync())["updated"] == 1
    before = await pipeline.licences()
    await pipeline.invoice([{"product_code": "P-1", "unit_price": "31.50", "quantity": "12"}], revision=2)
    tried = await tries(pipeline, applied=True)
    assert await pipeline.licences() != before
    await tries(pipeline, RunMode.UNDO, applied=False, undoes=tried["run_id"])
    undo = await pipeline.sync(mode=RunMode.UNDO, undoes=tried["run_id"])
    assert (undo["state"], undo["updated"]) == ("succeeded", 1)
    assert await pipeline.licences() == before
