"""Whatever breaks on the way to Halo: no licence twice, none lost, and every item says what became of it."""

import asyncio
from typing import Any

import pytest
from devstack.wait import until
from halosync.domain.acts import Actor
from halosync.ports.batch_work import AppliedAction
from halosync.ports.permits import Rate
from halosync.ports.tokens import ConnectionLostError

from .conftest import Pipeline

TENANT = "acme"
ONE = {"method": "POST", "path": "SoftwareLicence"}


def products(number: int) -> list[dict[str, Any]]:
    return [{"product_code": f"P-{n}", "quantity": str(n + 1)} for n in range(number)]


async def all_there(pipeline: Pipeline, number: int) -> None:
    licences = await pipeline.licences()
    assert {name: row["count"] for (_, name), row in licences.items()} == {f"P-{n}": n + 1 for n in range(number)}


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
async def test_a_write_without_a_known_outcome_is_looked_up_first(pipeline: Pipeline, fault: dict[str, Any]) -> None:
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


async def test_a_429_costs_no_attempt_and_never_fails_a_run(pipeline: Pipeline) -> None:
    rate = Rate(500, 1.0)
    pipeline.tuning.rate = rate
    pipeline.writing = pipeline.writer()
    await pipeline.pool.execute("UPDATE partner SET rate_requests = 500, rate_window_s = 1")
    await pipeline.sandbox.admin.change_settings(TENANT, retry_after="none")
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, times=6, status=429, body={"error": "slow down"})
    await pipeline.invoice(products(3))
    run_id = await pipeline.start()
    await pipeline.deliver_all()
    assert (await pipeline.run(run_id))["state"] == "succeeded"
    assert {item["attempts"] for item in await pipeline.items(run_id)} == {1}


async def test_the_budget_is_never_passed_and_no_request_is_refused(pipeline: Pipeline) -> None:
    await pipeline.pool.execute("UPDATE partner SET rate_requests = 4, rate_window_s = 1")
    await pipeline.sandbox.admin.change_settings(TENANT, rate_requests=4, rate_window_s=1.0)
    await pipeline.sandbox.admin.add_licences(TENANT, *({"client_id": 1, "name": f"OLD-{n}"} for n in range(12)))
    await pipeline.pool.execute("UPDATE partner SET guard_max_count = NULL, guard_max_fraction = NULL")
    await pipeline.invoice(products(3))
    run = await pipeline.sync()
    assert (run["state"], run["deleted"], run["created"], run["halo_requests"]) == ("succeeded", 12, 3, 2 + 2 + 1 + 12)
    log = await pipeline.sandbox.admin.requests(TENANT)
    assert [entry for entry in log if entry["status"] == 429] == []


async def test_a_rejected_token_is_replaced_once_and_the_run_goes_on(pipeline: Pipeline) -> None:
    await pipeline.invoice(products(3))
    run_id = await pipeline.start()
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, unauthorized=True)
    await pipeline.deliver_all()
    assert (await pipeline.run(run_id))["state"] == "succeeded"
    assert pipeline.tokens._generation == 2
    assert {item["attempts"] for item in await pipeline.items(run_id)} == {1}


@pytest.mark.parametrize("fault", [{"unauthorized": True}, {"status": 403, "body": {"error": "no rights"}}], ids=str)
@pytest.mark.parametrize("match", [ONE, {"method": "GET", "path": "Client"}], ids=str)
async def test_a_token_of_another_process_that_is_refused_too_is_no_missing_permission(
    pipeline: Pipeline, match: dict[str, Any], fault: dict[str, Any]
) -> None:
    await pipeline.invoice(products(3))
    pipeline.tokens.others = 1  # another process has replaced the first refused token long ago
    await pipeline.sandbox.admin.add_fault(TENANT, match=match, times=2, **fault)
    run = await pipeline.sync()
    assert (run["state"], run["created"]) == ("succeeded", 3)


@pytest.mark.parametrize("fault", [{"unauthorized": True}, {"status": 403, "body": {"error": "no rights"}}])
async def test_a_missing_permission_is_told_and_not_retried_for_ever(pipeline: Pipeline, fault: dict[str, Any]) -> None:
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, times=None, **fault)
    await pipeline.invoice(products(3))
    run_id = await pipeline.start()
    await pipeline.deliver_all()
    assert (await pipeline.run(run_id))["state"] == "partial"
    assert {item["reason"] for item in await pipeline.items(run_id)} == {"permission_denied"}
    assert await pipeline.sent("POST") <= 2


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


async def test_an_order_delivered_twice_at_once_writes_once(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, delay_s=0.3)
    await pipeline.invoice(products(30))
    await pipeline.start()
    for message in await pipeline.messages():
        await pipeline.deliver(*message)
    [order] = await pipeline.messages()
    second = pipeline.writer("writer-2")
    await asyncio.gather(pipeline.deliver(*order), second.advance(order[1]["batch_id"]))
    await pipeline.deliver_all()
    await all_there(pipeline, 30)
    assert await pipeline.sent("POST") == 1


async def test_a_writer_that_died_after_its_mark_is_looked_after(pipeline: Pipeline) -> None:
    await pipeline.invoice(products(3))
    run_id = await pipeline.start()
    for message in await pipeline.messages():
        await pipeline.deliver(*message)
    [order] = await pipeline.messages()
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
    await pipeline.start()
    for message in await pipeline.messages():
        await pipeline.deliver(*message)
    [(_, order)] = await pipeline.messages()
    batch = await pipeline.actions.batch(order["batch_id"])
    assert batch is not None
    [action] = await pipeline.actions.open_actions(order["batch_id"])
    first = await pipeline.actions.mark_sending([action.item_id], worker="a", send_s=0, answer_s=0, settle_s=0)
    await pipeline.actions.unmark(first, charged=True)
    second = await pipeline.actions.mark_sending([action.item_id], worker="b", send_s=9, answer_s=9, settle_s=9)
    await pipeline.actions.record(batch, [AppliedAction(action.item_id, first[action.item_id], 77)])
    [still] = await pipeline.actions.open_actions(order["batch_id"])
    assert (still.action_state, still.attempt) == ("sending", second[action.item_id])


async def test_cancelling_stops_what_is_not_sent(pipeline: Pipeline) -> None:
    await pipeline.invoice(products(120))
    run_id = await pipeline.start()
    for message in await pipeline.messages():
        await pipeline.deliver(*message)
    orders = await pipeline.messages()
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


async def test_a_writer_that_died_between_refusal_and_look_up_is_looked_after(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_fault(TENANT, match={**ONE, "row_name": "P-2"}, times=None, status=400)
    await pipeline.invoice(products(5))
    run_id = await pipeline.start()
    for message in await pipeline.messages():
        await pipeline.deliver(*message)
    [order] = await pipeline.messages()
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
async def test_what_comes_back_unsent_after_a_cancel_is_not_sent_again(
    pipeline: Pipeline, fault: dict[str, Any]
) -> None:
    await pipeline.pool.execute("UPDATE partner SET rate_requests = 500, rate_window_s = 1")
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, delay_s=0.3, **fault)
    await pipeline.invoice(products(3))
    run_id = await pipeline.start()
    for message in await pipeline.messages():
        await pipeline.deliver(*message)
    [order] = await pipeline.messages()

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


async def test_two_token_troubles_far_apart_are_no_permission_problem(pipeline: Pipeline) -> None:
    await pipeline.pool.execute("UPDATE partner SET guard_max_count = NULL, guard_max_fraction = NULL")
    await pipeline.sandbox.admin.add_licences(TENANT, *({"client_id": 1, "name": f"OLD-{n}"} for n in range(30)))
    for nth in (3, 20):
        await pipeline.sandbox.admin.add_fault(TENANT, match={"method": "DELETE", "nth": nth}, unauthorized=True)
    await pipeline.invoice(products(1))
    assert (await pipeline.sync())["state"] == "succeeded"


async def test_a_disconnected_partner_gets_no_more_writes(pipeline: Pipeline) -> None:
    await pipeline.invoice(products(3))
    run_id = await pipeline.start()
    for message in await pipeline.messages():
        await pipeline.deliver(*message)
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
