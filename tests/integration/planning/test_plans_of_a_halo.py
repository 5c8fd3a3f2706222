"""What a plan knows of the Halo that it is for: its first review, its other name, and what others wrote there."""

from halosync.domain.batching import batches
from halosync.domain.model import Action
from halosync.domain.planning import make_plan
from halosync.domain.review_choices import outlooks
from halosync.store.halo_aliases import HaloAliases
from halosync.store.queries import QUERIES
from halosync.store.reads import replace_snapshot

from .real_stage import RealStage
from .staged_plans import CLAIM, inputs, ready, seen
from .stages import PARTNER, TENANT, Stage


async def test_the_first_review_is_due_until_a_plan_ends_it_and_what_waits_has_its_choices(stage: Stage) -> None:
    await stage.ask_first()
    stale = seen(9, "OLD")
    run_id, progress = await ready(stage, seen(1, "P-1"), stale)
    found = await inputs(stage, progress)
    assert (found.review_due, found.approve_review) == (True, None)
    plan = make_plan(found)
    assert (plan.to_review, plan.review_done) == (1, False)
    settings = await stage.plans.settings(PARTNER)
    parts = batches(plan.items, 50, settings.removal)
    choices = outlooks(found)
    await stage.plans.store(progress, CLAIM, settings, plan, parts, apply=True, review=choices)
    assert await stage.choices(run_id) == choices
    assert [outcome for name, _, outcome, _ in await stage.items(run_id) if name == "OLD"] == ["held"]
    await stage.end(run_id)

    _, again = await ready(stage, seen(1, "P-1"), stale)
    approved = await stage.plans.inputs(again, stage.invoice_pk, approve_review=1)
    assert (approved.review_due, approved.approve_review) == (True, 1)
    plan = make_plan(approved)
    assert plan.review_done
    await stage.plans.store(again, CLAIM, settings, plan, batches(plan.items, 50, settings.removal), apply=True)
    assert not await stage.review_due()


async def test_a_preview_never_ends_the_review(real_stage: RealStage) -> None:
    await real_stage.ask_first()
    _, progress = await ready(real_stage, seen(1, "P-1"))
    settings = await real_stage.plans.settings(PARTNER)
    plan = make_plan(await inputs(real_stage, progress))
    assert plan.review_done
    await real_stage.plans.store(progress, CLAIM, settings, plan, [], apply=False)
    assert await real_stage.review_due()


async def test_a_halo_under_another_name_of_its_own_is_no_other_halo(real_stage: RealStage) -> None:
    await real_stage.ask_first()
    second = "psa.acme.example"
    await real_stage.pool.execute("INSERT INTO halo_snapshot VALUES ($1, $2, now(), now())", PARTNER, second)
    await real_stage.pool.execute(
        """INSERT INTO halo_licence (partner_id, halo_licence_id, halo_client_id, name, is_active, owned)
        VALUES ($1, 1, 1, 'P-1', true, true)""",
        PARTNER,
    )
    await HaloAliases(real_stage.pool).keep([(second, TENANT)])
    assert not await real_stage.review_due()
    run_id, progress = await ready(real_stage, seen(1, "P-1"), seen(2, "P-2"))
    assert set((await inputs(real_stage, progress)).owned) == {1}
    async with real_stage.pool.acquire() as connection, connection.transaction():
        assert (await QUERIES.compare_with_snapshot(connection, read_id=run_id, partner_id=PARTNER, tenant=TENANT))[
            "known"
        ] == 1
        await replace_snapshot(connection, run_id, PARTNER, TENANT)
    owned = await real_stage.pool.fetch("SELECT halo_licence_id FROM halo_licence WHERE owned")
    assert [row[0] for row in owned] == [1]
    assert not await real_stage.review_due()


async def test_another_tenant_is_reviewed_anew(real_stage: RealStage) -> None:
    await real_stage.ask_first()
    await real_stage.pool.execute("INSERT INTO halo_snapshot VALUES ($1, $2, now(), now())", PARTNER, TENANT)
    assert not await real_stage.review_due()
    run_id, _ = await ready(real_stage, seen(1, "P-1"))
    async with real_stage.pool.acquire() as connection, connection.transaction():
        await replace_snapshot(connection, run_id, PARTNER, "beta")
    [row] = await real_stage.pool.fetch("SELECT tenant, reviewed_at FROM halo_snapshot")
    assert tuple(row) == ("beta", None)


async def test_what_others_wrote_and_what_is_kept_is_of_the_same_halo_only(real_stage: RealStage) -> None:
    pool = real_stage.pool
    for partner, tenant in (("other", TENANT), ("elsewhere", "beta")):
        await pool.execute("INSERT INTO partner (partner_id, name) VALUES ($1, $1)", partner)
        await pool.execute("INSERT INTO halo_snapshot VALUES ($1, $2, now())", partner, tenant)
    await pool.execute(
        """INSERT INTO halo_licence (partner_id, halo_licence_id, halo_client_id, name, is_active, owned)
        VALUES ('other', 5, 1, 'A', true, true), ('other', 6, 1, 'B', true, false),
            ('elsewhere', 7, 1, 'C', true, true)"""
    )
    await pool.execute(
        "INSERT INTO kept_licence VALUES ($1, $2, 8), ($1, 'beta', 9), ('other', $2, 10)", PARTNER, TENANT
    )
    _, progress = await ready(real_stage, seen(1, "P-1"))
    found = await inputs(real_stage, progress)
    assert (set(found.owned_by_others), set(found.kept)) == ({5}, {8})
    await HaloAliases(pool).keep([("beta", TENANT)])
    found = await inputs(real_stage, progress)
    assert (set(found.owned_by_others), set(found.kept)) == ({5, 7}, {8, 9}), "the two are one Halo, says the operator"


async def test_what_others_wrote_is_theirs_also_where_their_last_read_did_not_show_it(real_stage: RealStage) -> None:
    pool = real_stage.pool
    await pool.execute("INSERT INTO partner (partner_id, name) VALUES ('other', 'Other')")
    await pool.execute("INSERT INTO halo_snapshot VALUES ('other', $1, now())", TENANT)
    await pool.execute(
        """INSERT INTO missing_licence (partner_id, halo_licence_id, halo_client_id, name, is_active, owned)
        VALUES ('other', 5, 1, 'A', true, true), ('other', 6, 1, 'B', true, false)"""
    )
    _, progress = await ready(real_stage, seen(1, "P-1"), seen(5, "A"), seen(6, "B"))
    found = await inputs(real_stage, progress)
    assert set(found.owned_by_others) == {5}
    removals = [item.halo_licence_id for item in make_plan(found).items if item.action is Action.DELETE]
    assert removals == [6]
