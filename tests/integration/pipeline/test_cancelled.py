"""A handler that is cancelled because the broker went away leaves nothing behind that others have to wait for."""

import asyncio

import pytest
from devstack.wait import until

from .conftest import Pipeline

TENANT = "acme"


async def test_a_read_that_is_cancelled_is_gone_on_with_at_once(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_fault(TENANT, match={"path": "Client"}, delay_s=5)
    await pipeline.invoice([{"product_code": "P-1"}])
    run_id = await pipeline.start()
    reading = asyncio.create_task(pipeline.planning.advance(run_id))

    async def asked() -> bool:
        return bool(await pipeline.sandbox.admin.requests(TENANT))

    await until(asked, what="the first request", timeout_s=20)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await pipeline.deliver_all()
    assert (await pipeline.run(run_id))["state"] == "succeeded"


async def test_a_run_whose_planner_lost_the_database_for_a_moment_goes_on_at_once(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pipeline.invoice([{"product_code": "P-1"}])
    run_id = await pipeline.start()

    async def away(*_: object) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patch:
        patch.setattr(pipeline.planning._plans, "rows", away)
        with pytest.raises(ConnectionResetError):
            await pipeline.planning.advance(run_id)
    await pipeline.deliver_all()
    assert (await pipeline.run(run_id))["state"] == "succeeded"
