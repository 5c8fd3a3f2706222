"""Whatever breaks on the way to Halo: no licence twice, none lost, and every item says what became of it."""

import pytest
from devstack.fields import Fields
from halosync.domain.acts import Actor
from halosync.ports.tokens import ConnectionLostError

from .conftest import Pipeline
from .many_products import ONE, TENANT, all_there, products
from .planned_run import deliver_once, planned


@pytest.mark.parametrize(
    "fault",
    [
        {"drop_after": True},
        {"drop_before": True},
        {"reset_after": True},
        {"reset_before": True},
        {"half_body": True},
        {"malformed": True},
        {"html": True},
        {"status": 500, "apply": True},
        {"status": 503, "apply": False},
        {"status": 504, "apply": True},
        {"delay_answer_s": 4.0},
    ],
    ids=lambda fault: "-".join(map(str, fault.values())) + "-" + next(iter(fault)),
)
async def test_a_write_without_a_known_outcome_is_looked_up_first(pipeline: Pipeline, fault: Fields) -> None:
    pipeline.transport.total_timeout_s = 2.0
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, **fault)
    await pipeline.invoice(products(5))
    run = await pipeline.sync()
    assert (run["state"], run["created"]) == ("succeeded", 5)
    await all_there(pipeline, 5)


async def test_a_write_applied_late_but_before_it_settles_is_not_sent_twice(pipeline: Pipeline) -> None:
    pipeline.tuning.settle_s = 3.0
    pipeline.writing = pipeline.writer()
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, late_apply_s=1.0)
    await pipeline.invoice(products(3))
    assert (await pipeline.sync())["created"] == 3
    await all_there(pipeline, 3)


@pytest.mark.parametrize("good_rows", ["none", "good", "before"])
async def test_one_bad_row_fails_alone_and_its_neighbours_are_written(pipeline: Pipeline, good_rows: str) -> None:
    await pipeline.sandbox.admin.change_settings(TENANT, refused_array=good_rows)
    await pipeline.sandbox.admin.add_fault(
        TENANT, times=None, refuse_row={"name": "P-17", "message": "This product is not for sale."}
    )
    await pipeline.invoice(products(50))
    run_id = await pipeline.start()
    await pipeline.deliver_all()
    run = await pipeline.run(run_id)
    assert (run["state"], run["created"], run["failed"]) == ("partial", 49, 1)
    [failed] = [item for item in await pipeline.items(run_id) if item["outcome"] == "failed"]
    assert (failed["product_code"], failed["reason"]) == ("P-17", "halo_rejected")
    assert "This product is not for sale." in failed["detail"]
    assert len(await pipeline.licences()) == 49


async def test_a_refusal_that_names_no_row_is_halved_down_to_the_guilty(pipeline: Pipeline) -> None:
    guilty = {**ONE, "row_name": "P-5"}
    await pipeline.sandbox.admin.add_fault(
        TENANT, match=guilty, times=None, status=400, body={"Message": "Something is wrong."}
    )
    await pipeline.invoice(products(20))
    run = await pipeline.sync()
    assert (run["state"], run["created"], run["failed"]) == ("partial", 19, 1)
    assert "P-5" not in {name for _, name in await pipeline.licences()}


async def test_a_lost_connection_ends_the_run_and_a_later_sync_finishes_it(pipeline: Pipeline) -> None:
    await pipeline.invoice(products(120))
    run_id = await pipeline.start()
    [(kind, requested)] = [m for m in await pipeline.messages() if m[0] == "run.requested.v1"]
    await pipeline.deliver(kind, requested)
    orders = [m for m in await pipeline.messages() if m[0] == "licence.actions.v1"]
    await pipeline.deliver(*orders[0])
    pipeline.tokens.lost = ConnectionLostError("connection_broken", "Halo no longer accepts the connection.")
    for order in orders[1:]:
        await pipeline.deliver(*order)
    run = await pipeline.run(run_id)
    assert (run["state"], run["error_code"], run["created"], run["failed"]) == ("failed", "connection_broken", 50, 70)
    pipeline.tokens.lost = None
    assert (await pipeline.sync())["state"] == "succeeded"
    await all_there(pipeline, 120)


async def test_cancelling_stops_what_is_not_sent(pipeline: Pipeline) -> None:
    await pipeline.invoice(products(120))
    run_id, orders = await planned(pipeline)
    await pipeline.deliver(*orders[0])
    assert await pipeline.runs.cancel("acme-msp", run_id, by=Actor("test"))
    for order in orders[1:]:
        await pipeline.deliver(*order)
    run = await pipeline.run(run_id)
    assert (run["state"], run["created"], run["skipped"], run["pending"]) == ("cancelled", 50, 70, 0)
    assert await pipeline.sent("POST") == 1
    assert (await pipeline.sync())["created"] == 70


async def test_removals_beyond_the_guard_wait_for_a_person(pipeline: Pipeline) -> None:
    await pipeline.invoice(products(30))
    await pipeline.sync()
    await pipeline.invoice(products(2), revision=2)
    held = await pipeline.sync()
    assert (held["state"], held["held"], held["unchanged"]) == ("partial", 28, 2)
    assert len(await pipeline.licences()) == 30
    assert (await pipeline.sync(approve_removals=27))["held"] == 28
    released = await pipeline.sync(approve_removals=28)
    assert (released["state"], released["deleted"]) == ("succeeded", 28)


async def test_a_disconnected_partner_gets_no_more_writes(pipeline: Pipeline) -> None:
    await pipeline.invoice(products(3))
    run_id = await pipeline.start()
    await deliver_once(pipeline)
    await pipeline.pool.execute("UPDATE connection SET state = 'disconnected'")
    await pipeline.deliver_all()
    assert ((await pipeline.run(run_id))["state"], await pipeline.sent("POST")) == ("failed", 0)


async def test_a_fault_of_ours_ends_the_run_and_says_so(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    await pipeline.invoice(products(3))
    run_id = await pipeline.start()
    monkeypatch.setattr("planner.run_planner.make_plan", lambda _: 1 / 0)
    [(kind, requested)] = [m for m in await pipeline.messages() if m[0] == "run.requested.v1"]
    with pytest.raises(ZeroDivisionError):
        await pipeline.deliver(kind, requested)
    run = await pipeline.run(run_id)
    assert (run["state"], run["error_code"]) == ("failed", "internal_error")


async def test_a_delete_that_never_reached_halo_is_not_taken_for_done(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_licences(TENANT, {"client_id": 1, "name": "P-0", "is_active": False})
    await pipeline.sandbox.admin.add_fault(TENANT, match={"method": "DELETE"}, drop_before=True)
    await pipeline.invoice([{"product_code": "P-0", "quantity": "0"}])
    assert (await pipeline.sync())["deleted"] == 1
    assert await pipeline.licences() == {}
