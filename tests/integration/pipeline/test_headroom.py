"""Batch work leaves some of the budget to calls that a person waits for."""

from devstack.wait import until
from halosync.ports.permits import Rate
from halosync.store.snapshots import SnapshotStore

from .conftest import Pipeline


async def test_pages_of_links_are_read_while_batch_work_has_used_its_part_up(pipeline: Pipeline) -> None:
    pipeline.tuning.rate = rate = Rate(200, 3600.0)
    await pipeline.pool.execute("UPDATE partner SET rate_requests = 200, rate_window_s = 3600")
    lease = await pipeline.limiter.acquire("acme", rate, want=200, lease_s=60.0)
    assert lease.granted == 196
    await pipeline.limiter.finish(lease, 196)

    await pipeline.invoice([{"product_code": "P-1"}])
    await pipeline.start()
    [requested] = [message for kind, message in await pipeline.messages() if kind == "run.requested.v1"]
    assert await wait(pipeline, "run.requested.v1", requested) > 3000, "a run reads within the part of batch work"
    assert await pipeline.sent("GET") == 0

    asked = SnapshotStore(pipeline.pool)
    assert await pipeline.refreshing.advance("acme-msp", await asked.request_read("acme-msp")) is None
    assert await pipeline.sent("GET") == 2 + 1  # the list of licences is empty, that of clients wants a proof
    assert await pipeline.pool.fetchval("SELECT count(*) FROM halo_client") == 2
    with_none_left = await pipeline.refreshing.advance("acme-msp", await asked.request_read("acme-msp"))
    assert with_none_left is not None
    wait_s, counts_as_attempt = with_none_left
    assert wait_s > 3000
    assert not counts_as_attempt


async def wait(pipeline: Pipeline, kind: str, message: dict[str, object]) -> float:
    """Deliver a message and return in how many seconds it wants to come again."""
    seconds = await pipeline.deliver(kind, message)
    assert seconds is not None
    return seconds


async def test_looking_up_is_batch_work(pipeline: Pipeline) -> None:
    pipeline.tuning.rate = rate = Rate(100, 3600.0)
    await pipeline.pool.execute("UPDATE partner SET rate_requests = 100, rate_window_s = 3600")
    await pipeline.sandbox.admin.add_fault("acme", match={"method": "POST"}, drop_after=True)
    await pipeline.invoice([{"product_code": "P-1"}])
    await pipeline.start()
    [requested] = [message for kind, message in await pipeline.messages() if kind == "run.requested.v1"]
    await pipeline.deliver("run.requested.v1", requested)
    [order] = [message for kind, message in await pipeline.messages() if kind == "licence.actions.v1"]
    assert await wait(pipeline, "licence.actions.v1", order) < 10, "it is in doubt, and not yet settled"
    lease = await pipeline.limiter.acquire("acme", rate, want=100, lease_s=60.0)
    await pipeline.limiter.finish(lease, lease.granted)

    async def has_settled_and_waits_for_the_budget() -> bool:
        return await wait(pipeline, "licence.actions.v1", order) > 3000

    await until(has_settled_and_waits_for_the_budget, what="the wait for the budget", timeout_s=30.0)
    assert await pipeline.sent("GET") == 3, "the lists of the run; it was not looked up"
