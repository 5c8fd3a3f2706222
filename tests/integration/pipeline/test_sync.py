"""The main job on real Postgres and the sandbox: what a run does to Halo, and what it tells."""

import asyncio
from uuid import uuid4

from halosync.store.snapshots import SnapshotStore

from .conftest import Pipeline

TENANT = "acme"


async def test_creates_updates_and_removes(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_licences(
        TENANT,
        {"client_id": 1, "name": "OLD", "count": 3, "price": 5.0, "billing_cycle": "Monthly"},
        {"client_id": 1, "name": "p-2", "count": 3, "price": 5.0, "billing_cycle": "Monthly"},
        {"client_id": 2, "name": "UNTOUCHED", "count": 1, "price": 1.0, "billing_cycle": "Monthly"},
    )
    await pipeline.invoice(
        [
            {"product_code": "P-1", "quantity": "12", "unit_price": "31.50"},
            {"product_code": "P-2", "quantity": "4", "unit_price": "6"},
            {"customer_id": "C-9", "customer_name": "Nobody"},
        ]
    )
    run = await pipeline.sync()
    assert (run["state"], run["created"], run["updated"], run["deleted"], run["skipped"]) == ("succeeded", 1, 1, 1, 1)
    licences = await pipeline.licences()
    assert set(licences) == {(1, "P-1"), (1, "P-2"), (2, "UNTOUCHED")}
    assert (licences[1, "P-1"]["count"], licences[1, "P-1"]["price"]) == (12, 31.5)
    assert licences[1, "P-2"]["billing_cycle"] == "Monthly"
    assert run["halo_requests"] == 6  # two lists, each with a page that proves its count, one array, one delete


async def test_a_second_sync_only_reads(pipeline: Pipeline) -> None:
    await pipeline.invoice([{"product_code": f"P-{n}", "unit_price": "0.1"} for n in range(120)])
    first = await pipeline.sync()
    assert (first["created"], first["halo_requests"]) == (120, 2 + 1 + 3)
    second = await pipeline.sync()
    assert (second["state"], second["unchanged"], second["halo_requests"]) == ("succeeded", 120, 2 + 2)


async def test_only_the_newest_invoice_is_synced_by_itself(pipeline: Pipeline) -> None:
    await pipeline.pool.execute("UPDATE partner SET auto_sync = true")
    await pipeline.pool.execute("UPDATE connection SET state = 'disconnected'")
    await pipeline.invoice([{"quantity": "5"}], invoice_id="OCT", period="2026-10", issued_at="2026-10-05T00:00:00Z")
    await pipeline.invoice([{"quantity": "9"}], invoice_id="NOV", period="2026-11", issued_at="2026-11-05T00:00:00Z")
    await pipeline.pool.execute("UPDATE connection SET state = 'connected'")
    for _ in range(3):
        await pipeline.runs.start_all_wanted()
        await pipeline.deliver_all()
    assert (await pipeline.licences())[1, "P-1"]["count"] == 9
    await pipeline.invoice([{"quantity": "4"}], invoice_id="SEP", period="2026-09", issued_at="2026-09-05T00:00:00Z")
    await pipeline.deliver_all()
    assert (await pipeline.licences())[1, "P-1"]["count"] == 9


async def test_a_refresh_that_began_before_a_run_wrote_is_dropped(pipeline: Pipeline) -> None:
    read_id = await SnapshotStore(pipeline.pool).request_read("acme-msp")
    await pipeline.refreshing._halo_read.reads.begin(read_id, "acme-msp", TENANT)
    await pipeline.invoice([{"product_code": "P-1"}])
    await pipeline.sync()
    await pipeline.refreshing.advance("acme-msp", read_id)
    assert await pipeline.pool.fetchval("SELECT bool_and(owned) FROM halo_licence")


async def test_an_order_of_which_nobody_needs_the_answer_ends(pipeline: Pipeline) -> None:
    asked = SnapshotStore(pipeline.pool)
    read_id = await asked.request_read("acme-msp")
    assert await pipeline.refreshing.advance("acme-msp", uuid4()) is None  # another one, or one that is over
    assert await pipeline.sent("GET") == 0
    assert await asked.request_read("acme-msp") == read_id
    assert await pipeline.refreshing.advance("acme-msp", read_id) is None
    sent = await pipeline.sent("GET")
    assert await pipeline.refreshing.advance("acme-msp", read_id) is None
    assert await pipeline.sent("GET") == sent


async def test_two_processes_on_one_read_do_not_spoil_it(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_licences(TENANT, *({"client_id": 2, "name": f"OLD-{n}"} for n in range(550)))
    read_id = await SnapshotStore(pipeline.pool).request_read("acme-msp")
    await asyncio.gather(*(pipeline.refreshing.advance("acme-msp", read_id) for _ in range(4)))
    while await pipeline.refreshing.advance("acme-msp", read_id) is not None:
        pass
    assert await pipeline.pool.fetchval("SELECT count(*) FROM halo_licence") == 550


async def test_a_big_invoice_lets_others_have_their_turn(pipeline: Pipeline) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    await pipeline.invoice([{"product_code": f"P-{n}"} for n in range(4000)])
    task.cancel()
    assert turns > 20
