"""One suite for the store of plans and its double: what a plan is made from, and what is left when it is stored."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from halosync.domain.batching import Batch, batches
from halosync.domain.model import Reason, SeenLicence
from halosync.domain.plan import Plan
from halosync.domain.planning import make_plan
from halosync.ports.batch_work import AppliedAction, FailedAction
from halosync.ports.reads import ReadProgress
from halosync.ports.run_claim import LostClaimError
from halosync.store.batches import IN_FLIGHT
from halosync.store.queries import QUERIES

from .real_stage import RealStage
from .staged_plans import CLAIM, CLIENTS, OTHER, inputs, ready, seen
from .stages import LINES, PARTNER, TENANT, Stage

ORDERS, FINISHED = "licence.actions.v1", "run.finished.v1"


async def stored(stage: Stage, progress: ReadProgress, *, batch_size: int = 50) -> list[Batch]:
    """Plan and store the plan."""
    settings = await stage.plans.settings(PARTNER)
    plan = make_plan(await inputs(stage, progress))
    made = batches(plan.items, batch_size, settings.removal)
    await stage.plans.store(progress, CLAIM, settings, plan, made, apply=True)
    return made


async def test_a_plan_is_made_from_lines_clients_and_licences_that_are_there(stage: Stage) -> None:
    _, progress = await ready(stage, seen(1, "P-1"), seen(2, "OLD", active=False), seen(3, "GONE", deleted=True))
    assert await stage.plans.rows(progress, stage.invoice_pk) == len(LINES) + 1 + 3
    found = await inputs(stage, progress)
    assert (found.lines, found.clients) == (LINES, CLIENTS)
    assert sorted(licence.id for licence in found.licences) == [1, 2]
    assert (found.owned, found.removed, found.approve_removals) == (frozenset(), frozenset(), None)
    assert found.settings == await stage.plans.settings(PARTNER)
    assert found.settings.delete_guard is None


async def test_a_plan_sees_whose_a_licence_is_and_of_which_type(stage: Stage) -> None:
    marked = replace(seen(1, "P-1").licence, foreign_mark="snowid", licence_type=1)
    _, progress = await ready(stage, SeenLicence(marked), seen(2, "P-2"))
    found = {
        licence.id: (licence.foreign_mark, licence.licence_type) for licence in (await inputs(stage, progress)).licences
    }
    assert found == {1: ("snowid", 1), 2: (None, None)}


async def test_a_plan_is_stored_with_its_batches_and_the_first_orders(stage: Stage) -> None:
    run_id, progress = await ready(stage, seen(1, "P-1", 9), *(seen(n, f"STALE-{n}") for n in range(2, 8)))
    made = await stored(stage, progress, batch_size=1)
    assert (await stage.run(run_id))[0] == "writing"
    items = await stage.items(run_id)
    assert {(name, action) for name, action, outcome, _ in items if outcome == "pending"} == {
        ("P-1", "update"),
        ("P-2", "create"),
        *((f"STALE-{n}", "delete") for n in range(2, 8)),
    }
    states = [state for _, state in await stage.batches(run_id)]
    assert states == ["issued"] * IN_FLIGHT + ["planned"] * (len(made) - IN_FLIGHT)
    assert await stage.messages(ORDERS) == [run_id] * IN_FLIGHT
    assert [batch_id for batch_id, _ in await stage.batches(run_id)] == sorted({batch for *_, batch in items if batch})
    assert await stage.runs.claim(run_id, CLAIM) is None


async def test_a_plan_without_anything_to_write_ends_its_run(stage: Stage) -> None:
    run_id, progress = await ready(stage, seen(1, "P-1"), seen(2, "P-2"))
    assert await stored(stage, progress) == []
    assert (await stage.run(run_id))[0] == "succeeded"
    assert (await stage.messages(ORDERS), await stage.messages(FINISHED)) == ([], [run_id])


async def test_a_planner_that_has_lost_the_run_stores_nothing(stage: Stage) -> None:
    run_id, progress = await ready(stage)
    settings = await stage.plans.settings(PARTNER)
    with pytest.raises(LostClaimError):
        await stage.plans.store(progress, OTHER, settings, Plan([], 0, 0), [], apply=True)
    assert (await stage.run(run_id))[0] == "planning"
    await stored(stage, progress)
    with pytest.raises(LostClaimError):
        await stored(stage, progress)
    assert len(await stage.items(run_id)) == 2


async def test_the_next_plan_knows_what_was_written_and_removed(stage: Stage) -> None:
    run_id, progress = await ready(stage, seen(1, "P-1"), seen(2, "STALE"))
    await stored(stage, progress)
    for batch_id, _ in await stage.batches(run_id):
        work = await stage.actions.batch(batch_id)
        assert work is not None
        open_actions = await stage.actions.open_actions(batch_id)
        marks = await stage.actions.mark_sending(
            [action.item_id for action in open_actions], worker="w", send_s=5, answer_s=35, settle_s=60
        )
        await stage.actions.record(work, [AppliedAction(item, mark, 7) for item, mark in marks.items()])
    assert (await stage.run(run_id))[0] == "succeeded"
    again, progress = await ready(stage, seen(1, "P-1"), seen(2, "STALE", active=False), seen(7, "P-2"))
    assert again != run_id
    found = await inputs(stage, progress)
    assert (found.owned, found.removed) == (frozenset({7}), frozenset({2}))
    await stored(stage, progress)
    _, progress = await ready(stage, seen(2, "STALE"), seen(7, "P-2"))
    found = await inputs(stage, progress)
    assert (found.owned, found.removed) == (frozenset({7}), frozenset({2}))
    await stored(stage, progress)


async def test_a_create_of_unknown_outcome_may_have_made_what_came_since(stage: Stage) -> None:
    run_id, progress = await ready(stage, seen(1, "OLD"))
    await stored(stage, progress)
    for batch_id, _ in await stage.batches(run_id):
        work = await stage.actions.batch(batch_id)
        assert work is not None
        ids = [action.item_id for action in await stage.actions.open_actions(batch_id)]
        marks = await stage.actions.mark_sending(ids, worker="w", send_s=5, answer_s=35, settle_s=60)
        unknown = [FailedAction(item, mark, Reason.OUTCOME_UNKNOWN, "?") for item, mark in marks.items()]
        await stage.actions.record(work, [], unknown)
    for _ in range(2):  # what came is known after the first of these plans, and may still be it
        run_id, progress = await ready(stage, seen(1, "OLD"), seen(8, "Z"))
        found = await inputs(stage, progress)
        assert found.perhaps_created == dict.fromkeys([(1, "P-1"), (1, "P-2")], frozenset({8}))
        plan = make_plan(found)
        assert [item.reason for item in plan.items if item.product_code] == [Reason.OUTCOME_UNKNOWN] * 2
        await stored(stage, progress)
        for number, _ in await stage.batches(run_id):
            work = await stage.actions.batch(number)
            assert work is not None
            ids = [action.item_id for action in await stage.actions.open_actions(number)]
            marks = await stage.actions.mark_sending(ids, worker="w", send_s=5, answer_s=35, settle_s=60)
            refused = [FailedAction(item, mark, Reason.HALO_REJECTED, "no") for item, mark in marks.items()]
            await stage.actions.record(work, [], refused)
    run_id, progress = await ready(stage, seen(8, "P-1"), seen(9, "P-2"), seen(10, "Y"))
    await stored(stage, progress)  # both products have a licence now
    await stage.end(run_id)
    _, progress = await ready(stage, seen(10, "Y"))
    assert not (await inputs(stage, progress)).perhaps_created


RUNS = """
INSERT INTO run (run_id, partner_id, invoice_pk, tenant, mode, state, requested_by, created_at, writing_at, finished_at)
SELECT lpad(n::text, 32, '0')::uuid, $1, $2, $3, 'apply', 'succeeded', 'test', t.at, t.at, t.at
FROM generate_series(1, 5) AS n, LATERAL (SELECT now() - make_interval(days => 10 - n) AS at) AS t
"""
ITEMS = """
INSERT INTO item (run_id, seq, customer_ids, customer_name, halo_client_id, product_code, halo_licence_id, action,
    outcome, reason, line_nos)
SELECT lpad(n::text, 32, '0')::uuid, seq, '{}', 'Contoso', 1, 'X-' || seq, CASE WHEN seq > 50 THEN seq END,
    CASE WHEN seq > 50 THEN 'unchanged' ELSE 'create' END, CASE WHEN seq > 50 THEN 'synced' ELSE 'failed' END,
    CASE WHEN seq > 50 THEN NULL ELSE 'outcome_unknown' END, '{}'
FROM generate_series(1, 5) AS n, generate_series(CASE WHEN n = 1 THEN 1 ELSE 51 END, 1000) AS seq
"""
"""The first run has fifty creates of unknown outcome; later ones have synchronised other products."""


async def test_creates_of_unknown_outcome_cost_no_scan_of_later_runs(real_stage: RealStage) -> None:
    """With a scan for each, two thousand of them would let no later plan of the partner come to its end."""
    pool = real_stage.pool
    await pool.execute(RUNS, PARTNER, real_stage.invoice_pk, TENANT)
    await pool.execute(ITEMS)
    await pool.execute("ANALYZE item, run")
    ids = [row[0] for row in await pool.fetch("SELECT item_id FROM item WHERE reason = 'outcome_unknown'")]
    steps = await pool.fetch(f"EXPLAIN (COSTS OFF) {QUERIES.resolved_creates.sql}", ids, PARTNER)
    text = "\n".join(row[0] for row in steps)
    assert "item_product" in text
    assert "(run_id = later.run_id) AND (halo_client_id = i.halo_client_id) AND (product_code = i.product_code)" in text
    assert "item_outcome" not in text
    _, progress = await ready(real_stage, seen(8, "Z"))
    assert len((await inputs(real_stage, progress)).perhaps_created) == 50


async def test_a_create_is_known_by_a_later_run_of_its_own_halo(real_stage: RealStage) -> None:
    """Clients of another Halo have the same numbers; and what an undo brings back is known by no product."""
    pool = real_stage.pool
    await pool.execute(RUNS, PARTNER, real_stage.invoice_pk, TENANT)
    await pool.execute(ITEMS)
    await pool.execute("UPDATE item SET product_code = 'X-1' WHERE seq = 51")
    ids = [row[0] for row in await pool.fetch("SELECT item_id FROM item WHERE reason = 'outcome_unknown' AND seq < 3")]

    async def resolved() -> list[int]:
        rows = QUERIES.resolved_creates(pool, partner_id=PARTNER, item_ids=ids)
        return [row["item_id"] async for row in rows]

    async def kept() -> int:
        await QUERIES.purge_resolved_creates(pool, partner_id=PARTNER, horizon=datetime.now(UTC))
        count: int = await pool.fetchval("SELECT count(*) FROM item WHERE item_id = ANY($1)", ids)
        return count

    await pool.execute("UPDATE run SET tenant = 'another' WHERE created_at > (SELECT min(created_at) FROM run)")
    assert (await resolved(), await kept()) == ([], 2)
    await pool.execute("UPDATE run SET tenant = $1", TENANT)
    await pool.execute("UPDATE item SET restores_licence_id = 9 WHERE item_id = $1", ids[0])
    assert (await resolved(), await kept()) == (ids[:1], 2)
    await pool.execute("UPDATE item SET restores_licence_id = NULL WHERE item_id = $1", ids[0])
    assert await kept() == 1
