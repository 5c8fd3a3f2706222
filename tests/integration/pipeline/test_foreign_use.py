"""Other software uses the same budget: it is learnt from the 429s, and no run fails by it."""

import asyncio

import pytest
from halosync.ports.permits import Rate

from .conftest import Pipeline, Tuning

TENANT, RATE = "acme", Rate(50, 2.0)


@pytest.fixture
def tuning(tuning: Tuning) -> Tuning:
    tuning.rate, tuning.batch_size = RATE, 1
    return tuning


async def others_use(pipeline: Pipeline, requests: int) -> None:
    """Use so many requests of each window, evenly."""
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
    log = await pipeline.sandbox.admin.requests(TENANT)
    assert 1 <= sum(entry["status"] == 429 for entry in log) <= 12, "some teach it, and it does not ask in a loop"
