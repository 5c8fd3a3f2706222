"""Results of several batches of one run are recorded side by side: what they share is the run's row alone."""

import asyncio

from halosync.domain.model import Action
from halosync.ports.batch_work import AppliedAction, BatchAtWork
from halosync.store.pool import Pool

from .real_stage import RealStage
from .stages import RUN_ID, at_work, marked

CREATE = Action.CREATE
Work = tuple[BatchAtWork, list[AppliedAction]]


async def staged(pool: Pool, batches: int) -> tuple[RealStage, list[Work]]:
    """Return what is to be recorded of so many batches of two creates."""
    stage = RealStage(pool)
    await stage.set_up()
    work = []
    for number in range(batches):
        batch_id, items = await stage.batch(CREATE, CREATE)
        marks = await marked(stage, items)
        applied = [AppliedAction(item, mark, 10 * number + at) for at, (item, mark) in enumerate(marks.items(), 1)]
        work.append((await at_work(stage, batch_id), applied))
    return stage, work


async def test_a_result_does_not_wait_for_another_that_is_being_written(pool: Pool) -> None:
    stage, [(batch, applied)] = await staged(pool, 1)
    async with pool.acquire() as another, another.transaction():
        await another.execute("SELECT FROM run WHERE run_id = $1 FOR KEY SHARE", RUN_ID)
        await stage.store.record(batch, applied, requests=1)
    assert await stage.run_state() == "succeeded"


async def test_results_that_come_at_once_end_the_run_once_with_all_counted(pool: Pool) -> None:
    stage, work = await staged(pool, 10)
    await asyncio.gather(*(stage.store.record(batch, applied, requests=1) for batch, applied in work))
    [run] = await pool.fetch("SELECT state, created, pending, halo_requests FROM run")
    assert tuple(run) == ("succeeded", 20, 0, 10)
    assert await pool.fetchval("SELECT count(*) FROM outbox WHERE message_type = 'run.finished.v1'") == 1


async def test_results_and_a_lost_connection_at_once_leave_nothing_open(pool: Pool) -> None:
    stage, work = await staged(pool, 6)
    lost = [stage.store.lose_connection(batch, "token_revoked", "Halo said no.") for batch, _ in work[:3]]
    recorded = [stage.store.record(batch, applied) for batch, applied in work]
    await asyncio.gather(*(one for pair in zip(recorded[:3], lost, strict=True) for one in pair), *recorded[3:])
    [run] = await pool.fetch("SELECT created, pending, finished_at IS NOT NULL FROM run")
    assert tuple(run) == (12, 0, True)
