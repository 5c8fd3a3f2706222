"""A limit costs no attempt, a refused token is replaced once, and a missing permission is told."""

import pytest
from halosync.ports.permits import Rate

from .conftest import Pipeline
from .many_products import ONE, TENANT, products


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
    pipeline: Pipeline, match: dict[str, object], fault: dict[str, object]
) -> None:
    await pipeline.invoice(products(3))
    pipeline.tokens.others = 1  # another process has replaced the first refused token long ago
    await pipeline.sandbox.admin.add_fault(TENANT, match=match, times=2, **fault)
    run = await pipeline.sync()
    assert (run["state"], run["created"]) == ("succeeded", 3)


@pytest.mark.parametrize("fault", [{"unauthorized": True}, {"status": 403, "body": {"error": "no rights"}}])
async def test_a_missing_permission_is_told_and_not_retried_for_ever(
    pipeline: Pipeline, fault: dict[str, object]
) -> None:
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, times=None, **fault)
    await pipeline.invoice(products(3))
    run_id = await pipeline.start()
    await pipeline.deliver_all()
    assert (await pipeline.run(run_id))["state"] == "partial"
    assert {item["reason"] for item in await pipeline.items(run_id)} == {"permission_denied"}
    assert await pipeline.sent("POST") <= 2


async def test_two_token_troubles_far_apart_are_no_permission_problem(pipeline: Pipeline) -> None:
    await pipeline.pool.execute("UPDATE partner SET guard_max_count = NULL, guard_max_fraction = NULL")
    await pipeline.sandbox.admin.add_licences(TENANT, *({"client_id": 1, "name": f"OLD-{n}"} for n in range(30)))
    for nth in (3, 20):
        await pipeline.sandbox.admin.add_fault(TENANT, match={"method": "DELETE", "nth": nth}, unauthorized=True)
    await pipeline.invoice(products(1))
    assert (await pipeline.sync())["state"] == "succeeded"
