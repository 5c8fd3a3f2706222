"""While a part of our own is away runs wait, however long: it costs no attempt and ends nothing."""

import pytest
from halosync.ports.tokens import AuthAwayError, TokenUnavailableError

from .conftest import Pipeline
from .test_lookups import products


async def ordered(pipeline: Pipeline, kind: str) -> tuple[str, dict[str, object]]:
    [order] = [message for message in await pipeline.messages() if message[0] == kind]
    return order


@pytest.mark.parametrize("while_writing", [False, True], ids=["reading", "writing"])
async def test_a_run_waits_for_auth_however_long_it_is_away(pipeline: Pipeline, while_writing: bool) -> None:
    await pipeline.invoice(products(3))
    run_id = await pipeline.start()
    order = await ordered(pipeline, "run.requested.v1")
    if while_writing:
        assert await pipeline.deliver(*order) is None
        order = await ordered(pipeline, "licence.actions.v1")
    pipeline.tokens.lost = AuthAwayError("no answer to token.request.v1: timed out")
    waits = [await pipeline.deliver(*order) for _ in range(pipeline.tuning.max_attempts + 2)]
    assert set(waits) == {AuthAwayError.wait_s}
    row = await pipeline.pool.fetchrow(
        "SELECT attempts, (SELECT coalesce(sum(failures), 0) FROM batch WHERE batch.run_id = run.run_id) AS failures"
        " FROM run WHERE run_id = $1",
        run_id,
    )
    assert row is not None
    assert (row["attempts"], row["failures"]) == (0, 0)
    pipeline.tokens.lost = None
    assert await pipeline.deliver(*order) is None
    await pipeline.deliver_all()
    run = await pipeline.run(run_id)
    assert (run["state"], run["created"]) == ("succeeded", 3)


async def test_a_stored_token_that_cannot_be_read_is_named_by_the_run(pipeline: Pipeline) -> None:
    await pipeline.invoice(products(1))
    pipeline.tokens.lost = TokenUnavailableError("The stored log-in cannot be read.", "token_unreadable")
    run = await pipeline.sync()
    assert (run["state"], run["error_code"]) == ("failed", "token_unreadable")
    assert run["error"] == "The stored log-in cannot be read."
