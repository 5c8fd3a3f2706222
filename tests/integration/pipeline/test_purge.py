"""A Sync after a purge does what it would have done before: what is ours in Halo stays ours (spec section 12)."""

from typing import Any

import pytest
from devstack.fixtures import PoolOf
from halosync.domain.accounts import Account
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.run_order import RunMode
from halosync.ports.run_start import PurgedError
from halosync.store.partners import PartnerStore
from halosync.store.pool import Pool
from halosync.store.retention import RetentionStore

from .conftest import Pipeline
from .parts import TENANT

pytestmark = pytest.mark.integration

PLANNED = ("action", "outcome", "reason", "halo_client_id", "product_code", "licence_name", "halo_licence_id", "drift")
OURS = [{"product_code": f"P-{number}", "quantity": "2"} for number in range(4)]
ONE = {"method": "POST", "path": "SoftwareLicence"}


@pytest.fixture(params=[Account.OPERATOR, Account.PLANNER])
async def retention(pool_of: PoolOf, request: pytest.FixtureRequest) -> RetentionStore:
    """With the rights of whoever purges: the operator's command, or a planner by itself."""
    return RetentionStore(await pool_of(request.param))


async def age(pool: Pool) -> None:
    """Let all that has happened have happened three years ago."""
    await pool.execute(
        "UPDATE run SET created_at = created_at - interval '3 years', finished_at = finished_at - interval '3 years'"
    )
    await pool.execute("UPDATE invoice SET received_at = received_at - interval '3 years', period = '2023-01'")


async def purged(retention: RetentionStore) -> int:
    """Purge what is older than a year; return how many rows went."""
    await retention.retire_old(12, by=COMMAND_LINE)
    await retention.retire_previews()
    rows = 0
    while (gone := await retention.empty()) is not None:
        rows += gone
    return rows


async def planned(pipeline: Pipeline) -> list[tuple[Any, ...]]:
    """What a Sync would do now."""
    run = await pipeline.sync(mode=RunMode.PREVIEW)
    assert run["state"] == "previewed"
    return [tuple(item[name] for name in PLANNED) for item in await pipeline.items(run["run_id"])]


async def left_of(pipeline: Pipeline, run_id: str) -> tuple[int, ...]:
    """How many items, numbers of lines and batches a run has."""
    return tuple(
        [
            await pipeline.pool.fetchval(f"SELECT count(*) FROM {table} WHERE run_id = $1", run_id)
            for table in ("item", "item_line", "batch")
        ]
    )


async def test_a_sync_after_a_purge_changes_nothing(pipeline: Pipeline, retention: RetentionStore) -> None:
    await pipeline.sandbox.admin.add_licences(
        TENANT, {"client_id": 1, "name": "THEIRS", "count": 7}, {"client_id": 1, "name": "p-0", "count": 1}
    )
    # So that it matters whether a licence is ours, and what we wrote.
    await pipeline.pool.execute("UPDATE partner SET cleanup = 'owned', on_drift = 'hold'")
    await pipeline.invoice(OURS)
    first = await pipeline.sync()
    assert (first["created"], first["updated"]) == (3, 1)
    await pipeline.invoice(OURS[:3], invoice_id="INV-2", issued_at="2026-11-06T02:00:00Z", replaces="INV-1")
    second = await pipeline.sync()
    assert (second["deleted"], second["unchanged"]) == (1, 3)
    await age(pipeline.pool)
    await pipeline.invoice(OURS[:2], invoice_id="INV-3", issued_at="2026-11-07T02:00:00Z")
    edited = (await pipeline.licences())[1, "P-1"]["id"]
    await pipeline.sandbox.admin.change_licence(TENANT, edited, count=9)
    before = await planned(pipeline)
    assert {(item[0], item[2]) for item in before} >= {("update", "edited_in_halo"), ("delete", None)}

    assert await purged(retention) == 0, "the last Sync was for the old month, so it stays"
    third = await pipeline.sync()
    assert (third["deleted"], third["held"]) == (1, 1)
    before, there = await planned(pipeline), await pipeline.licences()
    rows = await purged(retention)

    assert rows > 0
    for run in (first, second):
        assert await left_of(pipeline, run["run_id"]) == (0, 0, 0)
    assert min((await left_of(pipeline, third["run_id"]))[:2]) > 0
    lines = await pipeline.pool.fetch("SELECT DISTINCT invoice_id FROM invoice_line JOIN invoice USING (invoice_pk)")
    assert [row["invoice_id"] for row in lines] == ["INV-3"]
    assert await planned(pipeline) == before
    again = await pipeline.sync()
    assert (again["created"], again["updated"], again["deleted"], again["held"]) == (0, 0, 0, 1)
    assert await pipeline.licences() == there
    [kept] = await pipeline.pool.fetch("SELECT created, total, purged_at FROM run WHERE run_id = $1", first["run_id"])
    assert (kept["created"], kept["total"], kept["purged_at"] is not None) == (3, first["total"], True)


async def test_what_was_purged_is_neither_done_again_nor_undone(pipeline: Pipeline, retention: RetentionStore) -> None:
    await pipeline.invoice(OURS)
    first = await pipeline.sync()
    undo = await pipeline.sync(mode=RunMode.UNDO, undoes=first["run_id"])
    await age(pipeline.pool)
    await pipeline.invoice(OURS[:1], invoice_id="INV-2")
    await pipeline.sync()
    await purged(retention)
    for order in (
        {"invoice_id": "INV-1", "allow_older": True},
        {"mode": RunMode.UNDO, "undoes": first["run_id"]},
        {"mode": RunMode.UNDO, "undoes": undo["run_id"]},
    ):
        with pytest.raises(PurgedError):
            await pipeline.start(**order)
    assert await pipeline.sent("DELETE") == 4, "those of the undo"


async def lost_create(pipeline: Pipeline) -> Any:
    """Return a run whose create reached Halo, which nobody could find out."""
    pipeline.tuning.max_attempts = 1
    pipeline.planning, pipeline.writing = pipeline.planner().run_planner, pipeline.writer()
    await pipeline.pool.execute("UPDATE partner SET details = false")
    await pipeline.sandbox.admin.change_settings(TENANT, kept_names="cut", name_length=4)
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, drop_after=True)
    looking = {"method": "GET", "path": "SoftwareLicence", "nth": 2}  # the first is the plan's
    await pipeline.sandbox.admin.add_fault(TENANT, match=looking, times=None, status=500)
    await pipeline.invoice([{"product_code": "MS-365"}])
    lost = await pipeline.sync()
    await pipeline.sandbox.admin.clear_faults(TENANT)
    await age(pipeline.pool)
    await pipeline.invoice([{"product_code": "MS-365"}], invoice_id="INV-2")
    return lost


async def test_a_removal_that_is_broken_off_forgets_no_create(pipeline: Pipeline) -> None:
    await lost_create(pipeline)
    await pipeline.pool.execute("UPDATE connection SET state = 'disconnected'")
    store = RetentionStore(pipeline.pool)
    await store.prepare_removal("acme-msp", by=COMMAND_LINE)
    while await store.empty(only="acme-msp") is not None:
        pass
    await pipeline.pool.execute("UPDATE connection SET state = 'connected'")
    await PartnerStore(pipeline.pool).pause("acme-msp", paused=False, by=COMMAND_LINE)
    await pipeline.invoice(
        [{"product_code": "MS-365"}], invoice_id="INV-3", issued_at="2026-11-07T02:00:00Z", replaces="INV-2"
    )
    run = await pipeline.sync()
    assert [item["reason"] for item in await pipeline.items(run["run_id"])] == ["outcome_unknown"]
    assert await pipeline.sent("POST") == 1


async def test_a_create_that_nobody_could_look_up_is_kept_until_it_is_known(
    pipeline: Pipeline, retention: RetentionStore
) -> None:
    lost = await lost_create(pipeline)
    asks = await pipeline.sync()
    assert [item["reason"] for item in await pipeline.items(asks["run_id"])] == ["outcome_unknown"]
    before = await planned(pipeline)
    await purged(retention)
    assert [item["reason"] for item in await pipeline.items(lost["run_id"])] == ["outcome_unknown"]
    assert await planned(pipeline) == before
    await pipeline.sync()
    assert await pipeline.sent("POST") == 1, "it would be made a second time if its first create were forgotten"
