"""No tenant delays another: whose turn it is, said without a clock."""

import asyncio
import gc

import pytest
from devstack.fields import Fields
from devstack.wait import until
from halo_writer.batch_writer import BUSY_WAIT_S
from halosync.domain.acts import Actor
from halosync.domain.plan import Plan, PlanInput
from halosync.domain.planning import make_plan
from halosync.domain.run_order import RunOrder
from halosync.store.batches import IN_FLIGHT
from planner import run_planner
from planner.planning_slots import SMALL_ROWS
from planner.run_planner import CROWDED_WAIT_S

from .conftest import Pipeline
from .parts import APPLICATION, TENANT, Tuning

SMALL = "small"
BATCHES = 30


@pytest.fixture
def tuning() -> Tuning:
    return Tuning(batch_size=1)


@pytest.fixture
async def both(pipeline: Pipeline) -> Pipeline:
    """A giant, the partner of all tests here, with an invoice of 30 batches; and a small partner with one line."""
    await pipeline.pool.execute("INSERT INTO partner (partner_id, name) VALUES ($1, $1)", SMALL)
    await pipeline.pool.execute(
        "INSERT INTO connection (partner_id, state, tenant, client_id) VALUES ($1, 'connected', $1, 'app')", SMALL
    )
    application = {"client_id": APPLICATION, "name": "converge", "redirect_uris": ["http://127.0.0.1/accounts/"]}
    await pipeline.sandbox.admin.put_tenant(SMALL, applications=[application], clients=[{"id": 1, "name": "Contoso"}])
    await pipeline.invoice([{"product_code": f"P-{n}"} for n in range(BATCHES)])
    await pipeline.invoice([{}], partner_id=SMALL)
    await pipeline.messages()
    return pipeline


async def start_small(pipeline: Pipeline) -> dict[str, object]:
    """Start the small partner's run and return the order to plan it."""
    await pipeline.runs.request(SMALL, RunOrder(), by=Actor("test"))
    [(_, order)] = await pipeline.messages()
    return order


async def planned(pipeline: Pipeline, order: Fields) -> list[int]:
    """Plan a run and return the batches that the writers are told of."""
    assert await pipeline.deliver("run.requested.v1", order) is None
    return [message["batch_id"] for kind, message in await pipeline.messages() if kind == "licence.actions.v1"]


async def giant_planned(pipeline: Pipeline) -> list[int]:
    await pipeline.start()
    [(_, order)] = await pipeline.messages()
    return await planned(pipeline, order)


async def small_state(pipeline: Pipeline) -> str:
    return str(await pipeline.pool.fetchval("SELECT state FROM run WHERE partner_id = $1", SMALL))


async def test_a_small_batch_stands_behind_a_few_of_a_giant_and_not_behind_all(both: Pipeline) -> None:
    queue = await giant_planned(both)
    assert len(queue) == IN_FLIGHT
    [small] = await planned(both, await start_small(both))
    queue.append(small)
    before = 0
    while (batch_id := queue.pop(0)) != small:
        before += 1
        assert await both.writing.advance(batch_id) is None
        queue += [message["batch_id"] for _, message in await both.messages()]
    assert before == IN_FLIGHT
    assert len(queue) == IN_FLIGHT  # the giant's next ones, behind the small one
    assert await both.writing.advance(small) is None
    assert await small_state(both) == "succeeded"


async def test_a_tenant_at_its_limit_holds_no_place_of_a_writer(both: Pipeline) -> None:
    queue = await giant_planned(both)
    lease = await both.limiter.acquire(TENANT, both.tuning.rate, want=500, lease_s=60.0)
    await both.limiter.finish(lease, lease.granted)
    for batch_id in queue:
        wait_s = await both.writing.advance(batch_id)
        assert wait_s is not None
        assert wait_s > both.tuning.rate.window_s - 60.0  # it stays away until there may be permits, and not a second
    assert +both.writing._busy == {}
    assert both.writing._at_work == set()
    [small] = await planned(both, await start_small(both))
    assert await both.writing.advance(small) is None
    assert await small_state(both) == "succeeded"
    await both.pool.execute("DELETE FROM rate_lease")
    assert await both.writing.advance(queue[0]) is None


async def test_a_tenant_that_hangs_has_its_share_of_a_writer_and_no_more(both: Pipeline) -> None:
    per_tenant = both.writing._rules.per_tenant
    queue = await giant_planned(both)
    await both.pool.execute("UPDATE batch SET state = 'issued' WHERE tenant = $1", TENANT)
    one_more = await both.pool.fetchval("SELECT max(batch_id) FROM batch WHERE tenant = $1", TENANT)
    await both.sandbox.admin.add_fault(TENANT, times=None, match={"method": "POST"}, delay_s=1.5)
    at_work = [asyncio.create_task(both.writing.advance(batch_id)) for batch_id in queue[:per_tenant]]

    async def all_sent() -> bool:
        sending = await both.pool.fetchval("SELECT count(*) FROM item WHERE action_state = 'sending'")
        return bool(sending == per_tenant)

    await until(all_sent, what="the giant's requests", timeout_s=5)
    assert await both.writing.advance(one_more) == BUSY_WAIT_S
    [small] = await planned(both, await start_small(both))
    assert await both.writing.advance(small) is None
    assert await small_state(both) == "succeeded"
    assert not any(task.done() for task in at_work)
    await asyncio.gather(*at_work)


async def test_a_small_run_is_planned_beside_a_large_one(both: Pipeline) -> None:
    async with both.planning._slots.take(large=True):
        assert len(await planned(both, await start_small(both))) == 1


async def test_of_large_plans_one_stands_in_line_and_the_others_give_their_place_back(
    both: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    collected: list[bool] = []

    def noted(inputs: PlanInput) -> Plan:
        collected.append(gc.isenabled())
        return make_plan(inputs)

    monkeypatch.setattr(run_planner, "make_plan", noted)
    await both.invoice([{"product_code": f"P-{n}"} for n in range(SMALL_ROWS)], revision=2)
    await both.messages()
    run_id = await both.start()
    [(_, order)] = await both.messages()
    slots = both.planning._slots

    async def another() -> None:
        async with slots.take(large=True):
            pass

    async with slots.take(large=True):
        in_line = asyncio.create_task(another())
        await asyncio.sleep(0)
        assert await both.deliver("run.requested.v1", order) == CROWDED_WAIT_S
        [run] = await both.pool.fetch("SELECT state, claim FROM run WHERE run_id = $1", run_id)
        assert (run["state"], run["claim"]) == ("reading", None)
    await in_line
    assert len(await planned(both, order)) == IN_FLIGHT
    assert len(await planned(both, await start_small(both))) == 1
    assert collected == [False, True], "a large plan is made without looking for garbage"
    assert gc.isenabled()
