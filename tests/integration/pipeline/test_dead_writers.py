"""Writers that die or come late, and orders delivered twice: each licence is written once."""

import asyncio

import pytest
from devstack.fields import Fields
from devstack.wait import until
from halosync.domain.acts import Actor
from halosync.ports.batch_work import AppliedAction

from .conftest import Pipeline
from .many_products import ONE, TENANT, all_there, products
from .planned_run import planned


async def test_an_order_delivered_twice_at_once_writes_once(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, delay_s=0.3)
    await pipeline.invoice(products(30))
    _, [order] = await planned(pipeline)
    second = pipeline.writer("writer-2")
    await asyncio.gather(pipeline.deliver(*order), second.advance(order[1]["batch_id"]))
    await pipeline.deliver_all()
    await all_there(pipeline, 30)
    assert await pipeline.sent("POST") == 1


async def test_a_writer_that_died_after_its_mark_is_looked_after(pipeline: Pipeline) -> None:
    await pipeline.invoice(products(3))
    run_id, [order] = await planned(pipeline)
    actions = await pipeline.actions.open_actions(order[1]["batch_id"])
    await pipeline.actions.mark_sending(
        [action.item_id for action in actions], worker="dead", send_s=0.1, answer_s=0.1, settle_s=0.1
    )
    await pipeline.pool.execute("UPDATE batch SET redeliver_at = now()")  # its message died with it
    assert await pipeline.actions.redeliver_due() == 1
    await pipeline.deliver_all()
    assert (await pipeline.run(run_id))["state"] == "succeeded"
    await all_there(pipeline, 3)


async def test_a_late_result_of_a_writer_thought_dead_changes_nothing(pipeline: Pipeline) -> None:
    await pipeline.invoice(products(1))
    _, [(_, order)] = await planned(pipeline)
    batch = await pipeline.actions.batch(order["batch_id"])
    assert batch is not None
    [action] = await pipeline.actions.open_actions(order["batch_id"])
    first = await pipeline.actions.mark_sending([action.item_id], worker="a", send_s=0, answer_s=0, settle_s=0)
    await pipeline.actions.unmark(first, charged=True)
    second = await pipeline.actions.mark_sending([action.item_id], worker="b", send_s=9, answer_s=9, settle_s=9)
    await pipeline.actions.record(batch, [AppliedAction(action.item_id, first[action.item_id], 77)])
    [still] = await pipeline.actions.open_actions(order["batch_id"])
    assert (still.action_state, still.attempt) == ("sending", second[action.item_id])


async def test_a_writer_that_died_between_refusal_and_look_up_is_looked_after(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_fault(TENANT, match={**ONE, "row_name": "P-2"}, times=None, status=400)
    await pipeline.invoice(products(5))
    run_id, [order] = await planned(pipeline)
    actions = await pipeline.actions.open_actions(order[1]["batch_id"])
    await pipeline.actions.mark_sending(
        [action.item_id for action in actions], worker="dead", send_s=0.05, answer_s=0.0, settle_s=0.0
    )
    await pipeline.pool.execute("UPDATE batch SET refused_rows = '{}', redeliver_at = now()")
    await pipeline.actions.redeliver_due()
    await pipeline.deliver_all()
    run = await pipeline.run(run_id)
    assert (run["state"], run["created"], run["failed"]) == ("partial", 4, 1)


@pytest.mark.parametrize("fault", [{"status": 429}, {"drop_before": True}, {"unauthorized": True}])
async def test_what_comes_back_unsent_after_a_cancel_is_not_sent_again(pipeline: Pipeline, fault: Fields) -> None:
    await pipeline.pool.execute("UPDATE partner SET rate_requests = 500, rate_window_s = 1")
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, delay_s=0.3, **fault)
    await pipeline.invoice(products(3))
    run_id, [order] = await planned(pipeline)

    async def being_sent() -> bool:
        return bool(await pipeline.pool.fetchval("SELECT count(*) FROM item WHERE action_state = 'sending'"))

    async def cancel() -> None:
        await until(being_sent, what="sending the request", timeout_s=30, every_s=0.01)
        assert await pipeline.runs.cancel("acme-msp", run_id, by=Actor("test"))

    wait, _ = await asyncio.gather(pipeline.deliver(*order), cancel())
    while wait is not None:
        await asyncio.sleep(wait)
        wait = await pipeline.deliver(*order)
    run = await pipeline.run(run_id)
    assert (run["state"], run["skipped"], await pipeline.licences()) == ("cancelled", 3, {})
