"""Each statement on each state: what happens is what the domain's table says, no more and no less."""

from collections.abc import Awaitable, Callable, Mapping

from halosync.domain.model import Action, Reason
from halosync.domain.states import ACTION_TRANSITIONS, ActionState
from halosync.ports.batch_work import AppliedAction, BatchAtWork, FailedAction

from .stages import Stage, at_work, marked

Marks = dict[int, int]
Statement = Callable[[Stage, BatchAtWork, Marks], Awaitable[object]]


async def adopt(stage: Stage, batch: BatchAtWork, _marks: Marks) -> None:
    """Adopt a licence for every action that a writer could have in hand."""
    for action in await stage.store.open_actions(batch.batch_id):
        await stage.store.adopt(action, 77)


STATEMENTS: Mapping[str, Statement] = {
    "mark_sending": lambda stage, _, marks: marked(stage, list(marks)),
    "unmark": lambda stage, _, marks: stage.store.unmark(marks, charged=True),
    "mark_unknown": lambda stage, _, marks: stage.store.mark_unknown(marks, settle_s=0.0),
    "look_again": lambda stage, _, marks: stage.store.look_again(marks, settle_s=0.0),
    "refuse": lambda stage, batch, marks: stage.store.refuse(batch, marks, []),
    "adopt": adopt,
    "applied": lambda stage, batch, marks: stage.store.record(
        batch, [AppliedAction(*each, 7) for each in marks.items()]
    ),
    "failed": lambda stage, batch, marks: stage.store.record(
        batch, [], [FailedAction(*each, Reason.HALO_REJECTED, "no") for each in marks.items()]
    ),
    "withdraw": lambda stage, batch, _: stage.store.withdraw(batch),
    "lose_connection": lambda stage, batch, _: stage.store.lose_connection(batch, "not_connected", "Connect again."),
}
"""Last the one after which nothing of the run is marked any more."""


async def test_what_happens_to_an_action_is_what_the_domain_allows(stage: Stage) -> None:
    seen: dict[ActionState, set[ActionState]] = {state: set() for state in ActionState}
    for statement in STATEMENTS.values():
        batch_id, items = await stage.batch(*[Action.UPDATE] * len(ActionState))
        before = dict(zip(items, ActionState, strict=True))
        marks = {item_id: await stage.put(item_id, state) for item_id, state in before.items()}
        await statement(stage, await at_work(stage, batch_id), marks)
        for item_id, state in before.items():
            following = ActionState((await stage.item(item_id))[0])
            seen[state] |= {following} - {state}
    assert seen == ACTION_TRANSITIONS
