"""Reads that go wrong: what is not complete, or not believed, is not planned from."""

from uuid import UUID

import pytest
from devstack.fields import Fields
from halosync.domain.run_order import RunMode
from halosync.store.run_work import RunWork

from .conftest import Pipeline

TENANT = "acme"


def products(number: int) -> list[Fields]:
    return [{"product_code": f"P-{n}", "quantity": str(n + 1)} for n in range(number)]


async def all_there(pipeline: Pipeline, number: int) -> None:
    licences = await pipeline.licences()
    assert {name: row["count"] for (_, name), row in licences.items()} == {f"P-{n}": n + 1 for n in range(number)}


@pytest.mark.parametrize("fault", ["short_list", "changing_count"])
async def test_a_list_that_is_not_complete_fails_the_run_and_writes_nothing(pipeline: Pipeline, fault: str) -> None:
    await pipeline.sandbox.admin.add_licences(TENANT, *({"client_id": 1, "name": f"OLD-{n}"} for n in range(150)))
    value = 5 if fault == "short_list" else True
    await pipeline.sandbox.admin.add_fault(
        TENANT, match={"method": "GET", "path": "SoftwareLicence"}, times=None, **{fault: value}
    )
    await pipeline.invoice(products(3))
    run = await pipeline.sync()
    assert (run["state"], run["error_code"], run["total"]) == ("failed", "read_incomplete", 0)
    assert await pipeline.sent("POST") == await pipeline.sent("DELETE") == 0


async def test_a_row_that_cannot_be_understood_fails_the_run_at_once_and_is_named(pipeline: Pipeline) -> None:
    odd = {"record_count": 1, "licences": [{"id": 7, "client_id": 1, "name": "P-1", "count": "many"}]}
    await pipeline.sandbox.admin.add_fault(TENANT, match={"path": "SoftwareLicence"}, status=200, body=odd)
    await pipeline.invoice(products(3))
    run = await pipeline.sync()
    assert (run["state"], run["error_code"], run["total"]) == ("failed", "row_unreadable", 0)
    assert "licence 7 has the count 'many', which is no number" in run["error"]


async def test_a_page_that_shifts_once_is_read_again(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_licences(TENANT, *({"client_id": 2, "name": f"OLD-{n}"} for n in range(250)))
    await pipeline.sandbox.admin.add_fault(
        TENANT, match={"method": "GET", "path": "SoftwareLicence", "nth": 2}, shift_pages="omit"
    )
    await pipeline.invoice(products(3))
    assert (await pipeline.sync())["state"] == "succeeded"


async def test_capped_pages_are_read_to_the_end(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.change_settings(TENANT, page_cap=7)
    terms = {"client_id": 1, "price": 10.0, "billing_cycle": "Monthly"}
    await pipeline.sandbox.admin.add_licences(TENANT, *({**terms, "name": f"P-{n}", "count": n + 1} for n in range(30)))
    await pipeline.invoice(products(30))
    run = await pipeline.sync()
    assert (run["unchanged"], run["halo_requests"]) == (30, 2 + 2 * 5)


async def test_halo_that_cannot_be_read_fails_the_run(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_fault(TENANT, match={"path": "Client"}, times=None, status=500)
    await pipeline.invoice(products(3))
    run = await pipeline.sync()
    assert (run["state"], run["error_code"]) == ("failed", "halo_unavailable")
    assert "Press Sync" in run["error"]


async def test_a_read_that_shrank_is_not_believed(pipeline: Pipeline) -> None:
    await pipeline.invoice(products(30))
    await pipeline.sync()
    await pipeline.sandbox.admin.change_settings(TENANT, agent_sees="nothing")
    run = await pipeline.sync()
    assert (run["state"], run["error_code"]) == ("failed", "read_shrunk")
    again = await pipeline.sync()
    assert again["error_code"] == "read_shrunk"  # the failed read did not become what is known
    await pipeline.sandbox.admin.change_settings(TENANT, agent_sees="all")
    assert (await pipeline.sync())["unchanged"] == 30


async def test_a_preview_writes_nothing(pipeline: Pipeline) -> None:
    await pipeline.invoice(products(3))
    run = await pipeline.sync(mode=RunMode.PREVIEW)
    assert (run["state"], run["pending"], await pipeline.sent("POST")) == ("previewed", 3, 0)


async def test_a_read_paused_by_the_limit_goes_on_where_it_stopped(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_licences(TENANT, *({"client_id": 2, "name": f"OLD-{n}"} for n in range(550)))
    await pipeline.pool.execute("UPDATE partner SET rate_requests = 2, rate_window_s = 0.5")
    await pipeline.sandbox.admin.change_settings(TENANT, rate_requests=2, rate_window_s=0.5)
    await pipeline.invoice(products(1))
    run = await pipeline.sync()
    assert (run["state"], run["halo_requests"]) == ("succeeded", 2 + 2 * 6 + 1)


async def test_a_run_that_its_planner_left_is_taken_up_by_another(pipeline: Pipeline) -> None:
    await pipeline.invoice(products(1))
    run_id = await pipeline.start()
    await pipeline.messages()  # lost
    claim = UUID(int=1)
    assert await RunWork(pipeline.pool).claim(run_id, claim) is not None
    assert await pipeline.planning.advance(run_id) is None  # the other one still has it
    await pipeline.pool.execute("UPDATE run SET claimed_until = now(), redeliver_at = now()")
    assert await pipeline.runs.redeliver_due() == 1
    await pipeline.deliver_all()
    assert (await pipeline.run(run_id))["state"] == "succeeded"
