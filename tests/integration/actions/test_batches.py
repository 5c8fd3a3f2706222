"""One suite for the store of actions and its double: what becomes of batches and of their run."""

import pytest
from halosync.domain.model import Action, Reason
from halosync.ports.batch_work import AppliedAction, FailedAction, HaloAnswer

from .stages import Stage, at_work, marked

CREATE, UPDATE = Action.CREATE, Action.UPDATE


async def test_the_last_result_closes_the_batch_issues_the_next_and_ends_the_run(stage: Stage) -> None:
    first, items = await stage.batch(CREATE, UPDATE)
    following, more = await stage.batch(CREATE, state="planned")
    batch = await at_work(stage, first)
    marks = await marked(stage, items)
    await stage.store.record(batch, [AppliedAction(items[0], marks[items[0]], 7)])
    assert (await stage.orders(), await stage.run_state()) == ([], "writing")
    await stage.store.record(batch, [AppliedAction(items[1], marks[items[1]], None)])
    assert await stage.orders() == [following]
    assert await stage.store.batch(first) is None
    marks = await marked(stage, more)
    failed = FailedAction(more[0], marks[more[0]], Reason.HALO_REJECTED, "no")
    await stage.store.record(await at_work(stage, following), [], [failed])
    assert await stage.run_state() == "partial"


async def test_a_refused_array_goes_on_in_parts_and_a_second_split_moves_nothing(stage: Stage) -> None:
    batch_id, items = await stage.batch(CREATE, CREATE, CREATE)
    marks = await marked(stage, items)
    await stage.store.refuse(await at_work(stage, batch_id), marks, [items[1]])
    batch = await at_work(stage, batch_id)
    assert (batch.refused_rows, await stage.item(items[0])) == (frozenset({items[1]}), ("unknown", "pending", 1))
    await stage.store.unmark(marks, charged=False)
    parts = [{items[1]: marks[items[1]]}, {items[0]: marks[items[0]], items[2]: marks[items[2]]}]
    await stage.store.split(batch, parts)
    assert await stage.store.batch(batch_id) is None
    assert await stage.batch_of(items[0]) == await stage.batch_of(items[2]) != await stage.batch_of(items[1])
    assert await stage.orders() == sorted({await stage.batch_of(items[0]), await stage.batch_of(items[1])})
    before = await stage.batch_of(items[0])
    await stage.store.split(batch, parts)
    assert await stage.batch_of(items[0]) == before


@pytest.mark.parametrize(
    ("wanted", "reviewed_s", "unreviewed"),
    [(True, None, True), (True, 1, True), (True, -1, False), (False, None, False)],
)
async def test_a_review_that_the_run_itself_ended_has_not_seen_what_only_a_look_up_finds(
    stage: Stage, *, wanted: bool, reviewed_s: int | None, unreviewed: bool
) -> None:
    batch_id, _ = await stage.batch(CREATE)
    await stage.reviewed(wanted=wanted, after_start_s=reviewed_s)
    batch = await at_work(stage, batch_id)
    assert (batch.unreviewed, batch.adopt_foreign) == (unreviewed, False)


async def test_a_stopped_run_takes_back_what_waits_and_waits_for_what_is_sent(stage: Stage) -> None:
    batch_id, items = await stage.batch(CREATE, CREATE)
    marks = await marked(stage, items[:1])
    await stage.cancel()
    batch = await at_work(stage, batch_id)
    assert batch.stopping
    await stage.store.withdraw(batch)
    assert (await stage.item(items[1]), await stage.run_state()) == (("withdrawn", "skipped", 0), "writing")
    await stage.store.record(batch, [AppliedAction(items[0], marks[items[0]], 7)])
    assert await stage.run_state() == "cancelled"


async def test_a_lost_connection_gives_up_what_cannot_be_known_but_not_what_is_being_sent(stage: Stage) -> None:
    batch_id, items = await stage.batch(CREATE, CREATE, CREATE)
    marks = await marked(stage, items[:2])
    await stage.store.mark_unknown({items[1]: marks[items[1]]}, settle_s=0.0)
    batch = await at_work(stage, batch_id)
    await stage.store.lose_connection(batch, "not_connected", "Connect again.")
    assert await stage.item(items[0]) == ("sending", "pending", 1)
    assert await stage.item(items[1]) == ("withdrawn", "failed", 1)
    assert await stage.item(items[2]) == ("withdrawn", "failed", 0)
    assert await stage.run_state() == "writing"
    await stage.pass_time(200)
    await stage.store.lose_connection(batch, "not_connected", "Connect again.")
    assert (await stage.item(items[0]), await stage.run_state()) == (("withdrawn", "failed", 1), "failed")


async def test_what_is_silent_for_too_long_is_asked_for_again_once(stage: Stage) -> None:
    batch_id, _ = await stage.batch(CREATE)
    assert await stage.store.redeliver_due() == 0
    await stage.pass_time(61)
    assert (await stage.store.redeliver_due(), await stage.store.redeliver_due()) == (1, 0)
    assert await stage.orders() == [batch_id]
    await stage.store.redeliver_later(batch_id, 1000.0)
    await stage.pass_time(1000)
    assert await stage.store.redeliver_due() == 0
    await stage.pass_time(61)
    assert await stage.store.redeliver_due() == 1


async def test_failures_and_refused_tokens_are_kept_until_a_success(stage: Stage) -> None:
    batch_id, _ = await stage.batch(CREATE)
    await stage.store.note_failures(batch_id, 3)
    await stage.store.note_refused_token(batch_id, 9)
    batch = await at_work(stage, batch_id)
    assert (batch.failures, batch.refused_generation) == (3, 9)
    await stage.store.note_success(batch_id)
    batch = await at_work(stage, batch_id)
    assert (batch.failures, batch.refused_generation) == (0, None)


async def test_a_batch_without_open_actions_is_closed(stage: Stage) -> None:
    batch_id, _ = await stage.batch()
    batch = await at_work(stage, batch_id)
    await stage.store.close_if_done(batch)
    assert await stage.store.batch(batch_id) is None


async def test_what_was_not_in_a_refused_array_becomes_a_batch_of_its_own(stage: Stage) -> None:
    batch_id, items = await stage.batch(CREATE, CREATE, CREATE)
    marks = await marked(stage, items[:2])
    answer = HaloAnswer(500, "No.")
    await stage.store.refuse(await at_work(stage, batch_id), marks, [], settle_s=30.0, answer=answer)
    assert await stage.batch_of(items[0]) == await stage.batch_of(items[1]) == batch_id
    rest = await stage.batch_of(items[2])
    assert rest != batch_id
    assert await stage.orders() == [rest]
    refused, _ = await stage.store.open_actions(batch_id)
    assert (refused.answer, refused.acknowledged, 20 < refused.settle_wait_s <= 30) == (answer, False, True)
    assert (await at_work(stage, rest)).refused_rows is None
