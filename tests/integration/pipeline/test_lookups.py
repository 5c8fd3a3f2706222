"""Looking up what became of a write: only lists that can be believed count, and nobody is given up too early."""

import asyncio

import pytest
from devstack.fields import Fields
from devstack.wait import until
from halosync.ports.permits import Rate
from halosync.ports.tokens import TokenUnavailableError

from .conftest import Pipeline
from .planned_run import planned

TENANT = "acme"
ONE = {"method": "POST", "path": "SoftwareLicence"}
LOOK_UP = {"method": "GET", "path": "SoftwareLicence"}


def products(number: int, **values: str) -> list[Fields]:
    return [{"product_code": f"P-{n}", "quantity": str(n + 1), **values} for n in range(number)]


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("customer", ["Contoso", "Fabrikam"])
async def test_an_empty_list_is_not_taken_at_its_word(pipeline: Pipeline, customer: str, times: int) -> None:
    # Contoso's licences are known; of Fabrikam nothing is known, and its list is empty by right until it is written.
    terms = {"client_id": 1, "price": 10.0, "billing_cycle": "Monthly"}
    await pipeline.sandbox.admin.add_licences(TENANT, {**terms, "name": "OTHER", "count": 1})
    other = {"product_code": "OTHER", "quantity": "1", "customer_id": "C-1", "customer_name": "Contoso"}
    await pipeline.invoice([other, *products(3, customer_id="C-9", customer_name=customer)])
    run_id, [order] = await planned(pipeline)
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, drop_after=True)
    await pipeline.sandbox.admin.add_fault(TENANT, match=LOOK_UP, times=times, empty_list=True)
    await to_the_end(pipeline, order)
    run = await pipeline.run(run_id)
    assert (run["state"], run["created"], await pipeline.sent("POST")) == ("succeeded", 3, 1)
    assert len(await pipeline.licences()) == 4


async def test_what_halo_never_shows_ends_as_unknown_and_not_as_failed(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_licences(TENANT, {"client_id": 1, "name": "OTHER"})
    await pipeline.invoice([{"product_code": "OTHER", "quantity": "1"}, *products(2)])
    run_id, [order] = await planned(pipeline)
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, drop_after=True)
    await pipeline.sandbox.admin.add_fault(TENANT, match=LOOK_UP, times=None, empty_list=True)
    await to_the_end(pipeline, order)
    items = await pipeline.items(run_id)
    assert {item["reason"] for item in items if item["outcome"] == "failed"} == {"outcome_unknown"}
    assert all("Press Sync again" in item["detail"] for item in items if item["outcome"] == "failed")


async def test_giving_up_leaves_alone_what_another_writer_is_sending(pipeline: Pipeline) -> None:
    pipeline.tuning.max_attempts = 1
    pipeline.writing = pipeline.writer()
    await pipeline.invoice(products(2))
    run_id, [order] = await planned(pipeline)
    sending, waiting = await pipeline.actions.open_actions(order[1]["batch_id"])
    await pipeline.actions.mark_sending([sending.item_id], worker="other", send_s=5, answer_s=30, settle_s=60)
    await pipeline.sandbox.admin.add_fault(TENANT, match={}, times=None, drop_before=True)
    pipeline.tokens.lost = TokenUnavailableError("Halo's log-in is away")
    wait_s = await pipeline.deliver(*order)
    by_id = {item["item_id"]: item for item in await pipeline.items(run_id)}
    assert by_id[waiting.item_id]["reason"] == "halo_unavailable"
    assert by_id[sending.item_id]["action_state"] == "sending"
    assert wait_s is not None
    assert wait_s > 60  # until the other's request has settled


async def to_the_end(pipeline: Pipeline, order: tuple[str, Fields]) -> None:
    """Deliver an order again whenever it asks for it, until it asks no more."""
    wait_s = await pipeline.deliver(*order)
    while wait_s is not None:
        await asyncio.sleep(wait_s)
        wait_s = await pipeline.deliver(*order)


async def being_sent(pipeline: Pipeline) -> bool:
    return bool(await pipeline.pool.fetchval("SELECT count(*) FROM item WHERE action_state = 'sending'"))


async def test_a_look_up_longer_than_the_budget_goes_on_where_it_stopped(pipeline: Pipeline) -> None:
    pipeline.tuning.rate, pipeline.tuning.page_size = Rate(3, 1.0), 3
    terms = {"client_id": 1, "price": 10.0, "billing_cycle": "Monthly"}
    await pipeline.sandbox.admin.add_licences(TENANT, *({**terms, "name": f"P-{n}", "count": n + 1} for n in range(15)))
    await pipeline.pool.execute("UPDATE partner SET rate_requests = 3, rate_window_s = 1")
    await pipeline.invoice(products(16))
    pipeline.planning, pipeline.writing = pipeline.planner().run_planner, pipeline.writer()
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, drop_after=True)
    run = await pipeline.sync()
    # 2 pages of clients; 5 of licences, one behind them, and 5 once more; the write, and twice 6 to look it up
    assert (run["state"], run["created"], run["halo_requests"]) == ("succeeded", 1, 2 + 11 + 1 + 12)


async def test_two_orders_of_one_batch_are_one_piece_of_work(pipeline: Pipeline) -> None:
    await pipeline.invoice(products(5))
    run_id, [order] = await planned(pipeline)
    waits = await asyncio.gather(*(pipeline.deliver(*order) for _ in range(5)))
    assert (waits, (await pipeline.run(run_id))["state"]) == ([None] * 5, "succeeded")
    assert await pipeline.sent("POST") == 1


async def test_a_cancelled_handler_does_not_break_off_its_request(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, delay_s=0.5)
    await pipeline.invoice(products(5))
    run_id, [order] = await planned(pipeline)
    handler = asyncio.create_task(pipeline.deliver(*order))

    await until(lambda: being_sent(pipeline), what="sending the request", timeout_s=30)
    handler.cancel()
    await asyncio.wait([handler])
    assert await pipeline.deliver(*order) is None  # delivered again: it waits for what is under way
    assert {item["attempts"] for item in await pipeline.items(run_id)} == {1}
    assert ((await pipeline.run(run_id))["state"], await pipeline.sent("GET")) == ("succeeded", 2 + 1)


async def test_a_late_result_marks_nothing_of_another_tenant_as_ours(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, delay_s=0.3)
    await pipeline.invoice(products(1))
    _, [order] = await planned(pipeline)
    handler = asyncio.create_task(pipeline.deliver(*order))
    await until(lambda: being_sent(pipeline), what="sending the request", timeout_s=30)
    # Meanwhile the partner moved to another Halo, whose licences have numbers of their own.
    await pipeline.pool.execute("DELETE FROM halo_licence")
    await pipeline.pool.execute("UPDATE halo_snapshot SET tenant = 'other'")
    await handler
    assert await pipeline.pool.fetchval("SELECT count(*) FROM halo_licence") == 0


async def test_a_licence_that_a_person_removed_fails_alone(pipeline: Pipeline) -> None:
    terms = {"client_id": 1, "price": 10.0, "billing_cycle": "Monthly", "count": 99}
    kept = await pipeline.sandbox.admin.add_licences(TENANT, *({**terms, "name": f"P-{n}"} for n in range(3)))
    creates = [
        {"product_code": f"N-{n}", "quantity": "1", "customer_id": "C-2", "customer_name": "Fabrikam"} for n in (0, 1)
    ]
    await pipeline.invoice([*products(3), *creates])
    run_id, [order] = await planned(pipeline)
    await pipeline.sandbox.admin.delete_licence(TENANT, kept[1]["id"])
    await to_the_end(pipeline, order)
    await pipeline.deliver_all()
    failed = {i["product_code"]: i["reason"] for i in await pipeline.items(run_id) if i["outcome"] == "failed"}
    assert (failed, (await pipeline.run(run_id))["synced"]) == ({"P-1": "halo_rejected"}, 4)
    assert (await pipeline.sync())["state"] == "succeeded"


async def test_what_hides_one_client_does_not_keep_another_from_being_looked_up(pipeline: Pipeline) -> None:
    other = {"product_code": "OTHER", "quantity": "1"}
    await pipeline.sandbox.admin.add_licences(TENANT, {"client_id": 1, "name": "OTHER", "count": 1, "price": 10.0})
    await pipeline.invoice([other, *products(2), *products(2, customer_id="C-2", customer_name="Fabrikam")])
    run_id, [order] = await planned(pipeline)
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, drop_after=True)
    await pipeline.pool.execute("UPDATE halo_licence SET halo_licence_id = 999 WHERE name = 'OTHER'")  # hidden for good
    await to_the_end(pipeline, order)
    outcomes = {(i["customer_name"], i["outcome"], i["reason"]) for i in await pipeline.items(run_id) if i["attempts"]}
    assert ("Fabrikam", "synced", None) in outcomes
    assert ("Contoso", "failed", "outcome_unknown") in outcomes
    assert await pipeline.sent("POST") == 1
