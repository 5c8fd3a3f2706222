"""Other software uses the same budget: it is learnt from the 429s, and no run fails by it."""

import asyncio

import pytest
from halosync.ports.permits import Rate

from .conftest import Pipeline
from .parts import Tuning

TENANT, RATE = "acme", Rate(50, 2.0)


@pytest.fixture
def tuning(tuning: Tuning) -> Tuning:
    tuning.rate, tuning.batch_size = RATE, 1
    return tuning


async def refusals(pipeline: Pipeline) -> int:
    """How often Halo said that a request was one too many."""
    return sum(entry["status"] == 429 for entry in await pipeline.sandbox.admin.requests(TENANT))


async def others_use(pipeline: Pipeline, requests: int) -> None:
    """Use all of each window until a request of ours was refused, then so many of it, evenly."""
    while not await refusals(pipeline):
        await pipeline.sandbox.admin.foreign_requests(TENANT, RATE.requests)
        await asyncio.sleep(RATE.window_s / 4)
    while True:
        await pipeline.sandbox.admin.foreign_requests(TENANT, 1)
        await asyncio.sleep(RATE.window_s / requests)


@pytest.mark.parametrize(
    ("window", "retry_after"), [("rolling", "none"), ("rolling", "seconds"), ("rolling", "lying"), ("fixed", "none")]
)
async def test_a_run_shares_the_budget_with_other_software(pipeline: Pipeline, window: str, retry_after: str) -> None:
    await pipeline.sandbox.admin.change_settings(
        TENANT,
        rate_requests=RATE.requests,
        rate_window_s=RATE.window_s,
        rate_window=window,
        retry_after=retry_after,
    )
    await pipeline.invoice([{"product_code": f"P-{n}"} for n in range(100)])
    run_id = await pipeline.start()
    others = asyncio.create_task(others_use(pipeline, 20))
    await pipeline.deliver_all()
    others.cancel()
    assert (await pipeline.run(run_id))["state"] == "succeeded"
    assert {item["attempts"] for item in await pipeline.items(run_id)} == {1}
    assert 1 <= await refusals(pipeline) <= 12, "some teach it, and it does not ask in a loop"
