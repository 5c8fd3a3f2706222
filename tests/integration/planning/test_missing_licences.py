"""One suite for the store of plans and its double: what one read did not show is what it was when the next one does."""

from uuid import UUID

from halosync.domain.batching import batches
from halosync.domain.model import Reason, SeenLicence
from halosync.domain.plan import PlanInput
from halosync.domain.planning import make_plan
from halosync.ports.batch_work import AppliedAction, FailedAction

from .staged_plans import CLAIM, inputs, ready, seen
from .stages import PARTNER, Stage


async def planned(stage: Stage, *licences: SeenLicence) -> tuple[UUID, PlanInput]:
    """Read Halo, plan and store the plan; return the run and what its plan was made from."""
    run_id, progress = await ready(stage, *licences)
    found = await inputs(stage, progress)
    settings = await stage.plans.settings(PARTNER)
    plan = make_plan(found)
    await stage.plans.store(progress, CLAIM, settings, plan, batches(plan.items, 50, settings.removal), apply=True)
    return run_id, found


async def written(stage: Stage, run_id: UUID, *, unknown: bool = False) -> set[int]:
    """Let all actions of a run come to their end, creates with id 7; return which ids 1 to 9 the writers know of."""
    known: set[int] = set()
    for batch_id, _ in await stage.batches(run_id):
        work = await stage.actions.batch(batch_id)
        assert work is not None
        known = await stage.actions.ever_known(work, range(1, 10))
        ids = [action.item_id for action in await stage.actions.open_actions(batch_id)]
        marks = await stage.actions.mark_sending(ids, worker="w", send_s=5, answer_s=35, settle_s=60)
        if unknown:
            lost = [FailedAction(item, mark, Reason.OUTCOME_UNKNOWN, "?") for item, mark in marks.items()]
            await stage.actions.record(work, [], lost)
        else:
            await stage.actions.record(work, [AppliedAction(item, mark, 7) for item, mark in marks.items()])
    return known


async def test_what_halosync_wrote_is_known_when_it_is_seen_again(stage: Stage) -> None:
    run_id, _ = await planned(stage, seen(1, "P-1"), seen(2, "STALE"))
    await written(stage, run_id)
    run_id, hidden = await planned(stage, seen(1, "P-1"))
    assert (hidden.vanished, 7 in hidden.written) == ({7: (1, "P-2")}, True)
    await stage.end(run_id)
    run_id, unseen = await planned(stage, seen(1, "P-1"))
    assert (unseen.owned, unseen.removed, 7 in unseen.written) == (frozenset(), frozenset(), False)
    await stage.end(run_id)
    for name in ("Renamed", "Renamed", "Once more"):  # in the plan before it is known again, and after
        run_id, found = await planned(stage, seen(1, "P-1"), seen(2, "STALE", active=False), seen(7, name))
        assert (found.owned, found.removed, found.vanished) == (frozenset({7}), frozenset({2}), {})
        assert found.written[7].product_code == "P-2"
        await stage.end(run_id)
    run_id, gone = await planned(stage, seen(1, "P-1"), seen(7, "P-2", deleted=True))
    assert gone.vanished == {7: (1, "P-2")}
    await stage.end(run_id)
    _, still_gone = await planned(stage, seen(1, "P-1"), seen(7, "P-2", deleted=True))
    assert still_gone.owned == frozenset(), "what a read shows as deleted is not seen again"


async def test_a_licence_that_was_hidden_for_a_read_is_nothing_that_a_create_made(stage: Stage) -> None:
    run_id, _ = await planned(stage, seen(1, "P-1"), seen(5, "P-2", active=False))
    await stage.end(run_id)
    run_id, _ = await planned(stage, seen(1, "P-1"))  # P-2 is to be created
    assert 5 in await written(stage, run_id, unknown=True), "known, though not shown"
    _, found = await planned(stage, seen(1, "P-1"), seen(5, "Z", active=False), seen(6, "Y"))
    assert found.perhaps_created == {(1, "P-2"): frozenset({6})}
