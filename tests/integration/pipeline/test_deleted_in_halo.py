"""A licence that halosync wrote and somebody has deleted in Halo: its creation anew is marked, and can be held."""

import pytest
from devstack.fields import Fields
from halosync.domain.acts import Actor
from halosync.domain.run_order import Approval, RunMode, RunOrder
from halosync.store.runs import RunStore

from .conftest import Pipeline
from .deletion_marks import mark, marks
from .parts import PARTNER, TENANT

pytestmark = pytest.mark.integration

OF_ONE = [{"product_code": f"P-{number}"} for number in (1, 2, 3)]


async def deleted(pipeline: Pipeline, *, on_drift: str) -> Fields:
    """Let halosync write three licences and somebody delete one of them; return the run after that."""
    await pipeline.pool.execute("UPDATE partner SET on_drift = $1", on_drift)
    await pipeline.invoice(OF_ONE)
    await pipeline.sync()
    await pipeline.sandbox.admin.delete_licence(TENANT, (await pipeline.licences())[1, "P-1"]["id"])
    return await pipeline.sync()


async def test_it_is_marked_and_created_anew(pipeline: Pipeline) -> None:
    run = await deleted(pipeline, on_drift="overwrite")
    assert await marks(pipeline, run) == [("P-1", "synced", mark(1))]
    assert set(await pipeline.licences()) == {(1, "P-1"), (1, "P-2"), (1, "P-3")}
    assert await marks(pipeline, await pipeline.sync()) == []


async def test_it_is_held_until_somebody_approves_it_however_often_halo_is_read(pipeline: Pipeline) -> None:
    run = await deleted(pipeline, on_drift="hold")
    assert (run["created"], run["held"]) == (0, 1)
    preview = await pipeline.sync(mode=RunMode.PREVIEW)
    assert await marks(pipeline, preview) == [("P-1", "held", mark(1))]
    run = await pipeline.sync()
    [held] = [item for item in await pipeline.items(run["run_id"]) if item["outcome"] == "held"]
    assert (held["action"], held["reason"]) == ("create", "edited_in_halo")
    assert "deleted licence #1 in Halo" in held["detail"]
    order = RunOrder(approve=Approval(run["run_id"], frozenset({held["item_id"]})))
    run_id = await RunStore(pipeline.pool).request(PARTNER, order, by=Actor("test"))
    await pipeline.deliver_all()
    approved = await pipeline.run(run_id)
    assert (approved["created"], approved["held"]) == (1, 0)
    assert len(await pipeline.licences()) == 3
    assert await pipeline.pool.fetchval("SELECT count(*) FROM vanished_licence") == 1
    assert (await pipeline.sync())["unchanged"] == 3
    assert await pipeline.pool.fetchval("SELECT count(*) FROM vanished_licence") == 0


async def test_a_deletion_that_an_invoice_agrees_with_is_forgotten(pipeline: Pipeline) -> None:
    await deleted(pipeline, on_drift="hold")
    await pipeline.invoice(OF_ONE[1:], revision=2)
    await pipeline.sync()
    await pipeline.invoice(OF_ONE, revision=3)
    run = await pipeline.sync()
    assert (run["created"], run["held"]) == (1, 0)
    assert await marks(pipeline, run) == []


async def test_what_halosync_or_an_undo_removed_is_nobodys_deletion(pipeline: Pipeline) -> None:
    await pipeline.pool.execute("UPDATE partner SET on_drift = 'hold'")
    await pipeline.invoice(OF_ONE)
    first = await pipeline.sync()
    await pipeline.sync(mode=RunMode.UNDO, undoes=first["run_id"])
    assert await pipeline.licences() == {}
    again = await pipeline.sync()
    assert (again["created"], again["held"]) == (3, 0)
    await pipeline.invoice(OF_ONE[1:], revision=2)
    assert (await pipeline.sync())["deleted"] == 1
    await pipeline.invoice(OF_ONE, revision=3)
    run = await pipeline.sync()
    assert (run["created"], run["held"], await marks(pipeline, run)) == (1, 0, [])


@pytest.mark.parametrize("removal", ["delete", "deactivate", "zero"])
async def test_what_halosync_removed_and_halo_still_lists_is_no_edit(pipeline: Pipeline, removal: str) -> None:
    await pipeline.pool.execute("UPDATE partner SET on_drift = 'hold', removal = $1", removal)
    await pipeline.sandbox.admin.change_settings(TENANT, delete_shows_inactive=True)
    await pipeline.invoice(OF_ONE)
    await pipeline.sync()
    await pipeline.invoice(OF_ONE[1:], revision=2)
    assert (await pipeline.sync())["deleted"] == 1
    # What Halo may show of it is what halosync wrote last.
    written = "SELECT is_active = wrote_active AND quantity = wrote_quantity FROM halo_licence WHERE name = 'P-1'"
    assert await pipeline.pool.fetchval(written)
    await pipeline.sync(mode=RunMode.PREVIEW)
    await pipeline.invoice(OF_ONE, revision=3)
    run = await pipeline.sync()
    assert (run["created"] + run["updated"], run["held"], await marks(pipeline, run)) == (1, 0, [])


async def test_a_licence_that_is_seen_again_is_not_created_anew(pipeline: Pipeline) -> None:
    """An agent may have seen less for a while, too little for a shrunk read; then what is held is no second licence."""
    await pipeline.pool.execute("UPDATE partner SET on_drift = 'hold'")
    await pipeline.invoice(OF_ONE)
    await pipeline.sync()
    await pipeline.sandbox.admin.change_settings(TENANT, agent_sees="some", agent_sees_fraction=0.7)
    run = await pipeline.sync()
    assert await marks(pipeline, run) == [("P-3", "held", mark(3))]
    await pipeline.sandbox.admin.change_settings(TENANT, agent_sees="all")
    run = await pipeline.sync()
    assert (run["unchanged"], run["held"]) == (3, 0)
    assert await pipeline.pool.fetchval("SELECT count(*) FROM vanished_licence WHERE partner_id = $1", PARTNER) == 0


async def test_a_removal_that_nobody_could_look_up_is_no_deletion_of_somebody(pipeline: Pipeline) -> None:
    await pipeline.pool.execute("UPDATE partner SET on_drift = 'hold'")
    await pipeline.invoice(OF_ONE)
    await pipeline.sync()
    await pipeline.invoice(OF_ONE[1:], revision=2)
    removed = await pipeline.sync()
    # As if its answer had been lost, and Halo had not shown its list any more.
    await pipeline.pool.execute(
        "UPDATE item SET outcome = 'failed', reason = 'outcome_unknown' WHERE run_id = $1 AND action = 'delete'",
        removed["run_id"],
    )
    await pipeline.pool.execute("UPDATE halo_licence SET removed_at = NULL, is_active = true")
    await pipeline.invoice(OF_ONE, revision=3)
    run = await pipeline.sync()
    assert (run["created"], run["held"], await marks(pipeline, run)) == (1, 0, [])


async def test_a_customer_that_has_another_client_now_has_no_mark(pipeline: Pipeline) -> None:
    await deleted(pipeline, on_drift="hold")
    await pipeline.pool.execute(
        "INSERT INTO customer_link (partner_id, customer_id, halo_client_id) VALUES ($1, 'C-1', 2)", PARTNER
    )
    run = await pipeline.sync()
    assert (run["created"], run["held"], await marks(pipeline, run)) == (3, 0, [])


async def test_an_undo_that_leaves_it_as_it_is_does_not_agree_with_the_deletion(pipeline: Pipeline) -> None:
    await pipeline.pool.execute("UPDATE partner SET on_drift = 'hold'")
    await pipeline.invoice(OF_ONE)
    await pipeline.sync()
    await pipeline.invoice([{**OF_ONE[0], "quantity": "9"}, *OF_ONE[1:]], revision=2)
    changed = await pipeline.sync()
    await pipeline.sandbox.admin.delete_licence(TENANT, (await pipeline.licences())[1, "P-1"]["id"])
    assert await marks(pipeline, await pipeline.sync(mode=RunMode.PREVIEW)) == [("P-1", "held", mark(1))]
    undo = await pipeline.sync(mode=RunMode.UNDO, undoes=changed["run_id"])
    assert undo["skipped"] == 1
    run = await pipeline.sync()
    assert (run["created"], run["held"], await marks(pipeline, run)) == (0, 1, [("P-1", "held", mark(1))])


async def test_one_that_was_moved_to_another_client_is_no_second_licence_unasked(pipeline: Pipeline) -> None:
    await pipeline.pool.execute("UPDATE partner SET on_drift = 'hold'")
    await pipeline.invoice(OF_ONE)
    await pipeline.sync()
    await pipeline.sandbox.admin.change_licence(TENANT, (await pipeline.licences())[1, "P-1"]["id"], client_id=2)
    for _ in range(2):  # also once that was read
        run = await pipeline.sync()
        assert (run["created"], run["held"], await marks(pipeline, run)) == (0, 1, [("P-1", "held", mark(1, "2"))])
    [held] = [item for item in await pipeline.items(run["run_id"]) if item["outcome"] == "held"]
    assert "moved licence #1 in Halo to client #2" in held["detail"]
    await pipeline.sandbox.admin.change_licence(TENANT, (await pipeline.licences())[2, "P-1"]["id"], client_id=1)
    run = await pipeline.sync()
    assert (run["unchanged"], run["held"]) == (3, 0)


async def test_a_sync_that_says_nothing_of_a_product_does_not_agree_with_its_deletion(pipeline: Pipeline) -> None:
    await deleted(pipeline, on_drift="hold")
    await pipeline.invoice([{**OF_ONE[0], "kind": "proration"}, *OF_ONE[1:]], revision=2)
    assert (await pipeline.sync())["created"] == 0
    await pipeline.invoice(OF_ONE, revision=3)
    run = await pipeline.sync()
    assert (run["created"], run["held"]) == (0, 1)


async def test_a_deletion_is_forgotten_when_its_client_is_gone_for_good(pipeline: Pipeline) -> None:
    await deleted(pipeline, on_drift="hold")
    gone = "SELECT client_gone_at IS NOT NULL FROM vanished_licence"
    await pipeline.sync()
    assert await pipeline.pool.fetchval(gone) is False
    # As if Halo had no such client any more: the sandbox never loses one.
    await pipeline.pool.execute("UPDATE vanished_licence SET halo_client_id = 999")
    for _ in range(2):
        await pipeline.sync()
        assert await pipeline.pool.fetchval(gone) is True, "it may come back"
    await pipeline.pool.execute("UPDATE vanished_licence SET client_gone_at = now() - interval '89 days'")
    await pipeline.sync()
    assert await pipeline.pool.fetchval(gone) is True
    since = "UPDATE vanished_licence SET client_gone_at = now() - interval '91 days'"
    await pipeline.pool.execute(f"{since}, halo_client_id = 2")
    await pipeline.sync()
    assert await pipeline.pool.fetchval(gone) is False, "it came back"
    await pipeline.pool.execute(f"{since}, halo_client_id = 999")
    await pipeline.sync()
    assert await pipeline.pool.fetchval("SELECT count(*) FROM vanished_licence") == 0
