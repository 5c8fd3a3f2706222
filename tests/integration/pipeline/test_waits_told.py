"""Whatever waits says in the log for what, and why, and whose it is (docs/operations.md `## Health`)."""

from collections.abc import MutableMapping
from typing import Any

import pytest
from devstack.fields import Fields
from halosync.ports.permits import Rate
from halosync.ports.tokens import AuthAwayError, TokenUnavailableError
from structlog.testing import capture_logs

from .conftest import Pipeline
from .test_lookups import products
from .test_outages import ordered

LIMIT = Rate(100, 3600.0)


async def told(pipeline: Pipeline, order: tuple[str, Fields]) -> MutableMapping[str, Any]:
    """Deliver a message that has to wait, and return the line that says so."""
    with capture_logs() as logs:
        wait_s = await pipeline.deliver(*order)
    assert wait_s is not None
    [line] = [line for line in logs if line["event"] == "waits"]
    assert line["wait_s"] == pytest.approx(wait_s, abs=0.06)
    return line


async def begun(pipeline: Pipeline, *, while_writing: bool) -> tuple[dict[str, str], tuple[str, dict[str, object]]]:
    """Start a run; return the ids that a line about it has, and the message that carries it on."""
    await pipeline.invoice(products(3))
    run_id = await pipeline.start()
    ids = {"partner_id": "acme-msp", "run_id": str(run_id)}
    order = await ordered(pipeline, "run.requested.v1")
    if while_writing:
        assert await pipeline.deliver(*order) is None
        order = await ordered(pipeline, "licence.actions.v1")
        ids["batch_id"] = str(order[1]["batch_id"])
    return ids, order


@pytest.mark.parametrize("while_writing", [False, True], ids=["reading", "writing"])
async def test_for_auth_and_for_halo_s_log_in(pipeline: Pipeline, while_writing: bool) -> None:
    ids, order = await begun(pipeline, while_writing=while_writing)
    pipeline.tokens.lost = AuthAwayError("no answer to token.request.v1: timed out")
    line = await told(pipeline, order)
    assert line.items() >= ids.items()
    assert (line["waits_for"], line["why"]) == ("a token", "auth is away: no answer to token.request.v1: timed out")
    pipeline.tokens.lost = TokenUnavailableError("Halo's log-in answers 503")
    line = await told(pipeline, order)
    assert line.items() >= ids.items()
    assert line["why"] == "Halo's log-in answers 503"


@pytest.mark.parametrize("while_writing", [False, True], ids=["reading", "writing"])
async def test_for_the_budget(pipeline: Pipeline, while_writing: bool) -> None:
    pipeline.tuning.rate = LIMIT
    await pipeline.pool.execute("UPDATE partner SET rate_requests = 100, rate_window_s = 3600")
    ids, order = await begun(pipeline, while_writing=while_writing)
    lease = await pipeline.limiter.acquire("acme", LIMIT, want=100, lease_s=60.0)
    await pipeline.limiter.finish(lease, lease.granted)
    line = await told(pipeline, order)
    assert line.items() >= ids.items()
    assert line["waits_for"] == "a request's permit"
    assert "used up" in line["why"]


@pytest.mark.parametrize("while_writing", [False, True], ids=["reading", "writing"])
async def test_for_a_halo_that_asks_to_wait(pipeline: Pipeline, while_writing: bool) -> None:
    ids, order = await begun(pipeline, while_writing=while_writing)
    answer: Fields = {"status": 429, "body": {"error": "slow down"}, "headers": {"Retry-After": "77"}}
    await pipeline.sandbox.admin.add_fault("acme", **answer)
    line = await told(pipeline, order)
    assert line.items() >= ids.items()
    assert "slow down" in line["why"]
    assert 60 < line["wait_s"] <= 77


async def test_for_a_write_to_settle(pipeline: Pipeline) -> None:
    ids, order = await begun(pipeline, while_writing=True)
    await pipeline.sandbox.admin.add_fault("acme", match={"method": "POST"}, drop_after=True)
    line = await told(pipeline, order)
    assert line.items() >= ids.items()
    assert line["waits_for"] == "Halo to settle"
