"""One suite for the store of actions and its double: what docs/actions.md says, query by query."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from halo_writer.environment import WriterRules
from halo_writer.write_lookup import WriteLookUp
from halosync.domain.array_size import ArraySizeBounds
from halosync.domain.model import Action, KeptOtherwise, Licence, LicenceState, Reason
from halosync.domain.page_size import PageSizeBounds
from halosync.ports.batch_work import AppliedAction, FailedAction, HaloAnswer, OpenAction
from halosync.ports.permits import Rate

from .stages import CLIENT, STATE, Stage, at_work, marked

CREATE, DELETE = Action.CREATE, Action.DELETE
RULES = WriterRules(
    worker="w",
    array_sizes=ArraySizeBounds(1, 50, 10.0),
    page_sizes=PageSizeBounds(50, 100, 10.0),
    rate=Rate(500, 300.0),
    delays_s=[1.0],
    max_attempts=8,
    settle_s=60.0,
    per_tenant=4,
)


def licence_of(action: OpenAction) -> int:
    """Return the licence of an action that has one."""
    assert action.licence_id is not None
    return action.licence_id


class Lists:
    """A Halo that shows these licences."""

    def __init__(self, licences: list[Licence]) -> None:
        self._licences = licences

    async def licences(self, *_: object) -> list[Licence]:
        return self._licences


async def test_only_what_waits_is_marked_and_each_mark_costs_an_attempt(stage: Stage) -> None:
    _, items = await stage.batch(CREATE, CREATE)
    first = await marked(stage, items[:1])
    assert await marked(stage, items) == {items[1]: 1}
    assert (first, await stage.item(items[0])) == ({items[0]: 1}, ("sending", "pending", 1))


async def test_nothing_of_a_stopping_run_is_marked(stage: Stage) -> None:
    _, items = await stage.batch(CREATE)
    await stage.cancel()
    assert await marked(stage, items) == {}


@pytest.mark.parametrize(("charged", "attempts"), [(True, 1), (False, 0)])
async def test_what_was_not_sent_waits_again(stage: Stage, *, charged: bool, attempts: int) -> None:
    _, items = await stage.batch(CREATE)
    await stage.store.unmark(await marked(stage, items), charged=charged)
    assert await stage.item(items[0]) == ("waiting", "pending", attempts)


async def test_the_late_word_of_an_earlier_mark_counts_for_nothing(stage: Stage) -> None:
    batch_id, items = await stage.batch(CREATE)
    first = await marked(stage, items)
    await stage.store.unmark(first, charged=False)  # the attempt is given back, the mark is not
    second = await marked(stage, items)
    batch = await at_work(stage, batch_id)
    await stage.store.unmark(first, charged=True)
    await stage.store.mark_unknown(first, settle_s=0.0)
    await stage.store.record(batch, [AppliedAction(items[0], first[items[0]], 7)])
    await stage.store.record(batch, [], [FailedAction(items[0], first[items[0]], Reason.HALO_REJECTED, "no")])
    assert await stage.item(items[0]) == ("sending", "pending", 1)
    await stage.store.record(batch, [AppliedAction(items[0], second[items[0]], 7)])
    assert await stage.item(items[0]) == ("applied", "synced", 1)


async def test_an_unknown_outcome_settles_when_halo_can_no_longer_be_at_it(stage: Stage) -> None:
    batch_id, items = await stage.batch(CREATE)
    marks = await marked(stage, items)
    [sending] = await stage.store.open_actions(batch_id)
    assert 90 < sending.settle_wait_s <= 100
    await stage.store.mark_unknown(marks, settle_s=60.0)
    [unknown] = await stage.store.open_actions(batch_id)
    assert (unknown.action_state, 50 < unknown.settle_wait_s <= 60) == ("unknown", True)
    await stage.store.mark_unknown(marks, settle_s=600.0)
    [still] = await stage.store.open_actions(batch_id)
    assert still.settle_wait_s <= 60  # a second word does not make it longer


async def test_what_waits_can_fail_too(stage: Stage) -> None:
    batch_id, items = await stage.batch(CREATE)
    batch = await at_work(stage, batch_id)
    await stage.store.record(batch, [], [FailedAction(items[0], 0, Reason.HALO_UNAVAILABLE, "away")])
    assert await stage.item(items[0]) == ("rejected", "failed", 0)


async def test_a_create_that_finds_its_licence_goes_on_as_its_update(stage: Stage) -> None:
    batch_id, items = await stage.batch(CREATE)
    await stage.store.mark_unknown(await marked(stage, items), settle_s=0.0)
    [action] = await stage.store.open_actions(batch_id)
    there = LicenceState(Decimal(3), None, "Monthly", active=False)
    await stage.store.adopt(action, 77, ("Theirs", there))
    [adopted] = await stage.store.open_actions(batch_id)
    assert (adopted.action_state, adopted.licence_id, adopted.before) == ("waiting", 77, there)


async def test_a_look_up_must_show_what_is_known_except_what_the_run_removes(stage: Stage) -> None:
    batch_id, items = await stage.batch(CREATE, DELETE)
    batch = await at_work(stage, batch_id)
    assert not await stage.store.knows_licences(batch)
    [_, delete] = await stage.store.open_actions(batch_id)
    await stage.known((licence_of(delete), CLIENT))
    assert not await stage.store.knows_licences(batch)
    await stage.known((1, CLIENT), (2, 9))
    assert await stage.store.knows_licences(batch)
    assert await stage.store.known_licences(batch, CLIENT) == {1}
    marks = await marked(stage, items[:1])
    await stage.store.record(batch, [AppliedAction(items[0], marks[items[0]], 7)])
    assert await stage.store.known_licences(batch, CLIENT) == {1, 7}


@pytest.mark.parametrize("removed", [False, True], ids=["being removed", "removed"])
async def test_what_the_run_removes_is_not_taken_for_what_a_create_made(stage: Stage, *, removed: bool) -> None:
    """Else the create would fail, and somebody would be told to keep a licence that is to go."""
    batch_id, [create, delete] = await stage.batch(CREATE, DELETE)
    [_, removal] = await stage.store.open_actions(batch_id)
    await stage.known((licence_of(removal), CLIENT), (9, CLIENT))
    batch, marks = await at_work(stage, batch_id), await marked(stage, [create, delete])
    if removed:
        await stage.store.record(batch, [AppliedAction(delete, marks[delete], removal.licence_id)], [])
    await stage.store.mark_unknown({create: marks[create]}, settle_s=0.0)
    in_doubt = [action for action in await stage.store.open_actions(batch_id) if action.item_id == create]
    shown: Any = Lists([Licence(number, CLIENT, "OLD", None, None, None, None) for number in (9, licence_of(removal))])
    await WriteLookUp(stage.store, shown, RULES).resolve(batch, in_doubt)
    assert await stage.item(create) == ("waiting", "pending", 1)


async def test_what_shows_nothing_is_looked_at_again_later_and_anew_after_each_mark(stage: Stage) -> None:
    batch_id, items = await stage.batch(CREATE)
    marks = await marked(stage, items)
    await stage.store.mark_unknown(marks, settle_s=0.0)
    await stage.store.look_again({items[0]: marks[items[0]] + 1}, settle_s=60.0)  # not this mark
    [settled] = await stage.store.open_actions(batch_id)
    assert (settled.unseen, settled.settle_wait_s) == (False, 0.0)
    await stage.store.look_again(marks, settle_s=60.0)
    [later] = await stage.store.open_actions(batch_id)
    assert (later.unseen, later.action_state, 50 < later.settle_wait_s <= 60) == (True, "unknown", True)
    await stage.store.unmark(marks, charged=True)
    await marked(stage, items)
    [again] = await stage.store.open_actions(batch_id)
    assert not again.unseen


async def test_an_answer_is_kept_with_the_id_it_names_until_the_next_mark(stage: Stage) -> None:
    batch_id, items = await stage.batch(CREATE)
    marks = await marked(stage, items)
    await stage.store.mark_unknown(marks, settle_s=0.0, answer=HaloAnswer(200), licence_ids={items[0]: 77})
    [action] = await stage.store.open_actions(batch_id)
    assert (action.licence_id, action.acknowledged) == (77, True)
    await stage.store.unmark(marks, charged=True)
    await marked(stage, items)
    [action] = await stage.store.open_actions(batch_id)
    assert (action.licence_id, action.answer) == (77, None)


async def test_what_halo_did_not_keep_fails_and_its_licence_is_known(stage: Stage) -> None:
    batch_id, items = await stage.batch(CREATE)
    batch = await at_work(stage, batch_id)
    marks = await marked(stage, items)
    wish = KeptOtherwise(STATE, replace(STATE, quantity=Decimal(0)), "P-1", "P&amp;1")
    failed = FailedAction(items[0], marks[items[0]], Reason.NOT_KEPT, "no", 7, wish)
    await stage.store.record(batch, [], [failed])
    assert (await stage.item(items[0]))[:2] == ("rejected", "failed")
    assert await stage.store.known_licences(batch, CLIENT) == {7}


async def test_of_two_items_that_wrote_one_licence_what_halo_keeps_counts(stage: Stage) -> None:
    """A create that found what somebody had just renamed, and the update of that licence: both are recorded."""
    batch_id, items = await stage.batch(CREATE, Action.UPDATE)
    batch = await at_work(stage, batch_id)
    [updated] = [each for each in await stage.store.open_actions(batch_id) if each.action is Action.UPDATE]
    licence_id = licence_of(updated)
    marks = await marked(stage, items)
    wish = KeptOtherwise(STATE, replace(STATE, quantity=Decimal(0)), None, "P-1")
    kept = FailedAction(items[1], marks[items[1]], Reason.NOT_KEPT, "no", licence_id, wish)
    await stage.store.record(batch, [AppliedAction(items[0], marks[items[0]], licence_id)], [kept])
    assert [(await stage.item(each))[:2] for each in items] == [("applied", "synced"), ("rejected", "failed")]
    assert licence_id in await stage.store.known_licences(batch, CLIENT)


async def test_what_others_made_as_it_was_wanted_is_unchanged_and_not_halosyncs(stage: Stage) -> None:
    batch_id, items = await stage.batch(CREATE)
    batch = await at_work(stage, batch_id)
    marks = await marked(stage, items)
    await stage.store.record(batch, [AppliedAction(items[0], marks[items[0]], 7, found=True)])
    assert (await stage.item(items[0]))[:2] == ("applied", "synced")
    assert await stage.store.known_licences(batch, CLIENT) == set()
    assert await stage.store.created_names(batch, CLIENT) == []
