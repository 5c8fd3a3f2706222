"""One suite for the store of runs and its double: one run at a time, one planner at a time, none forgotten."""

from unittest.mock import ANY
from uuid import UUID

import pytest
from halosync.domain.batching import Batch
from halosync.domain.plan import Plan
from halosync.store.run_work import CLAIM_S

from .stages import PARTNER, Stage, claimed, read

FIRST, SECOND = UUID(int=101), UUID(int=102)
REQUESTED, FINISHED = "run.requested.v1", "run.finished.v1"


async def test_an_invoice_starts_one_run_however_often_it_comes(stage: Stage) -> None:
    await stage.take_in(1)
    [run_id] = await stage.messages(REQUESTED)
    await stage.take_in(1)
    assert await stage.messages(REQUESTED) == []
    await stage.runs.claim(run_id, FIRST)
    await stage.runs.fail(run_id, FIRST, "internal_error", "No.")
    await stage.take_in(1)
    assert await stage.messages(REQUESTED) == []


async def test_one_run_goes_on_at_a_time(stage: Stage) -> None:
    run_id = await claimed(stage, FIRST)
    assert await stage.messages(REQUESTED) == [run_id]
    assert await stage.start() is None
    await stage.runs.fail(run_id, FIRST, "internal_error", "No.")
    assert await stage.start() not in {None, run_id}


async def test_one_planner_works_on_a_run_at_a_time(stage: Stage) -> None:
    run_id = await stage.start()
    assert run_id is not None
    assert (await stage.run(run_id))[0] == "queued"
    work = await stage.runs.claim(run_id, FIRST)
    assert work is not None
    assert (work.run_id, work.invoice_pk, work.mode, work.attempts) == (run_id, stage.invoice_pk, "apply", 0)
    assert (work.settle_wait_s, work.accept_shrunk_read, work.rate) == (0.0, False, None)
    assert (await stage.run(run_id))[0] == "reading"
    assert await stage.runs.claim(run_id, SECOND) is None
    assert await stage.runs.claim(run_id, FIRST) is not None


async def test_a_claim_that_has_run_out_is_anybodys_and_its_planner_changes_nothing_more(stage: Stage) -> None:
    run_id = await claimed(stage, FIRST)
    await stage.pass_time(CLAIM_S + 1)
    assert await stage.runs.claim(run_id, SECOND) is not None
    assert not await stage.runs.planning(run_id, FIRST)
    await stage.runs.release(run_id, FIRST, attempts=9, wait_s=0)
    await stage.runs.fail(run_id, FIRST, "internal_error", "No.")
    assert (await stage.run(run_id))[:2] == ("reading", None)
    assert await stage.runs.claim(run_id, FIRST) is None
    assert await stage.runs.planning(run_id, SECOND)
    assert (await stage.run(run_id))[0] == "planning"


async def test_who_begins_to_plan_holds_the_run_anew_also_after_a_long_wait(stage: Stage) -> None:
    run_id = await claimed(stage, FIRST)
    await stage.pass_time(CLAIM_S + 1)
    assert await stage.runs.planning(run_id, FIRST)
    await stage.pass_time(CLAIM_S - 5)
    assert await stage.sweeper.redeliver_due() == 0
    assert await stage.runs.claim(run_id, SECOND) is None


async def test_a_run_that_is_given_back_keeps_its_attempts_and_is_free_at_once(stage: Stage) -> None:
    run_id = await claimed(stage, FIRST)
    await stage.runs.release(run_id, FIRST, attempts=3, wait_s=100)
    work = await stage.runs.claim(run_id, SECOND)
    assert work is not None
    assert work.attempts == 3


async def test_a_run_that_fails_ends_once_is_told_and_forgets_its_read(stage: Stage) -> None:
    run_id = await claimed(stage, FIRST)
    progress = await read(stage, run_id, [], [])
    assert progress.list == "complete"
    await stage.runs.fail(run_id, FIRST, "read_shrunk", "Too little.")
    await stage.runs.fail(run_id, FIRST, "internal_error", "No.")
    assert (await stage.run(run_id))[:2] == ("failed", "read_shrunk")
    assert await stage.messages(FINISHED) == [run_id]
    assert await stage.runs.claim(run_id, FIRST) is None
    assert not await stage.runs.planning(run_id, FIRST)
    assert (await stage.run(run_id))[0] == "failed"
    assert (await stage.reads.begin(run_id, "acme-msp", "acme")).list == "clients"


async def test_who_accepts_a_short_list_has_seen_that_of_the_run_before(stage: Stage) -> None:
    async def seen_missing() -> tuple[UUID, int | None]:
        run_id = await stage.start()
        assert run_id is not None
        work = await stage.runs.claim(run_id, FIRST)
        assert work is not None
        return run_id, work.seen_missing

    shrunk, seen = await seen_missing()
    assert seen is None
    await stage.runs.fail(shrunk, FIRST, "read_shrunk", "Too little.", missing=3)
    for _ in range(2):  # the run in between has ended before it had read all
        later, seen = await seen_missing()
        assert seen == 3
        await stage.runs.fail(later, FIRST, "internal_error", "No.")
    accepted, _ = await seen_missing()
    progress = await read(stage, accepted, [], [])
    await stage.runs.planning(accepted, FIRST)
    await stage.plans.store(
        progress, FIRST, await stage.plans.settings(PARTNER), Plan([], 0, 0), list[Batch](), apply=True
    )
    assert await seen_missing() == (ANY, None)


async def test_a_run_that_nobody_works_on_is_asked_for_again_once(stage: Stage) -> None:
    run_id = await stage.start()
    assert run_id is not None
    await stage.messages(REQUESTED)
    assert await stage.sweeper.redeliver_due() == 0
    await stage.pass_time(31)
    assert (await stage.sweeper.redeliver_due(), await stage.sweeper.redeliver_due()) == (1, 0)
    assert await stage.messages(REQUESTED) == [run_id]
    await stage.runs.claim(run_id, FIRST)
    await stage.pass_time(31)
    assert await stage.sweeper.redeliver_due() == 0
    await stage.pass_time(CLAIM_S)
    assert await stage.sweeper.redeliver_due() == 1


async def test_a_run_that_is_given_back_is_asked_for_again_when_its_wait_is_long_over(stage: Stage) -> None:
    run_id = await claimed(stage, FIRST)
    await stage.runs.release(run_id, FIRST, attempts=0, wait_s=100)
    await stage.pass_time(101)
    assert await stage.sweeper.redeliver_due() == 0
    await stage.pass_time(30)
    assert await stage.sweeper.redeliver_due() == 1


async def test_a_run_waits_for_writes_that_were_given_up_as_unknown(stage: Stage) -> None:
    await stage.settle(60)
    run_id = await stage.start()
    assert run_id is not None
    work = await stage.runs.claim(run_id, FIRST)
    assert work is not None
    assert work.settle_wait_s == pytest.approx(60, abs=20)


async def test_the_requests_of_a_run_are_counted(stage: Stage) -> None:
    run_id = await claimed(stage, FIRST)
    await stage.counter.count(run_id, 2)
    await stage.counter.count(run_id, 1)
    assert await stage.run(run_id) == ("reading", None, 3)
