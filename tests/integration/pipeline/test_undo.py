"""Undoing a run: what it changed is put back where Halo still shows it so (spec section 11, "Undo")."""

import pytest
from devstack.fields import Fields
from halosync.domain.acts import Actor
from halosync.domain.run_order import Approval, RunMode, RunOrder
from halosync.ports.run_start import NotHeldError, NothingToUndoError
from halosync.store.run_retries import RunRetries
from halosync.store.runs import RunStore

from .conftest import Pipeline
from .parts import PARTNER, TENANT

pytestmark = pytest.mark.integration

LINES = [{"product_code": "P-1", "unit_price": "31.50", "quantity": "12"}, {"product_code": "NEW", "quantity": "2"}]
THERE: list[dict[str, object]] = [
    {"name": "p-1", "count": 5.0, "price": 40.0, "purchase_price": 30.0, "billing_cycle": "Monthly"},
    {"name": "OLD", "count": 3.0, "price": 8.0, "purchase_price": 6.5, "billing_cycle": "Yearly", "type": 1},
]


async def filled(pipeline: Pipeline) -> Fields:
    """Fill Halo, sync an invoice, and return the run: a create, an update that renames, and a removal."""
    await pipeline.sandbox.admin.add_licences(TENANT, *({"client_id": 1, **each} for each in THERE))
    await pipeline.invoice(LINES)
    run = await pipeline.sync()
    assert (run["created"], run["updated"], run["deleted"]) == (1, 1, 1)
    return run


def shape(rows: dict[tuple[int, str], dict[str, object]]) -> dict[str, tuple[object, ...]]:
    fields = ("count", "price", "purchase_price", "billing_cycle", "type")
    return {name: tuple(row[field] for field in fields) for (_, name), row in rows.items()}


async def test_an_undo_puts_back_what_the_run_changed_and_can_be_undone_itself(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_licences(TENANT, *({"client_id": 1, **each} for each in THERE))
    before = await pipeline.licences()
    await pipeline.invoice(LINES)
    run = await pipeline.sync()
    after = await pipeline.licences()

    preview = await pipeline.sync(mode=RunMode.UNDO_PREVIEW, undoes=run["run_id"])
    assert preview["state"] == "previewed"
    assert await pipeline.pool.fetchval("SELECT count(*) FROM item WHERE undone IS NOT NULL") == 0
    assert await pipeline.licences() == after
    [restored] = [item for item in await pipeline.items(preview["run_id"]) if item["action"] == "create"]
    assert "new number" in restored["detail"]

    undo = await pipeline.sync(mode=RunMode.UNDO, undoes=run["run_id"])
    assert (undo["state"], undo["created"], undo["updated"], undo["deleted"]) == ("succeeded", 1, 1, 1)
    told = "SELECT count(*) FILTER (WHERE undone = 'undone') FROM item WHERE run_id = $1"
    assert await pipeline.pool.fetchval(told, run["run_id"]) == 3
    back = await pipeline.licences()
    assert shape(back) == shape(before)
    assert back[1, "p-1"]["id"] == before[1, "p-1"]["id"]
    assert back[1, "OLD"]["id"] != before[1, "OLD"]["id"]
    [item] = [item for item in await pipeline.items(undo["run_id"]) if item["action"] == "create"]
    assert (item["halo_licence_id"], item["restores_licence_id"]) == (back[1, "OLD"]["id"], before[1, "OLD"]["id"])

    again = await pipeline.sync(mode=RunMode.UNDO, undoes=undo["run_id"])
    assert again["state"] == "succeeded"
    assert shape(await pipeline.licences()) == shape(after)

    undone = "SELECT count(*) FROM item WHERE run_id = $1 AND undone = 'undone'"
    assert [await pipeline.pool.fetchval(undone, each["run_id"]) for each in (run, undo, again)] == [0, 3, 0]

    # A Sync does again what was undone, and then there is nothing left to do.
    assert (await pipeline.sync())["state"] == "succeeded"
    assert (await pipeline.sync())["unchanged"] == 2


async def test_what_was_changed_since_is_left_as_it_is(pipeline: Pipeline) -> None:
    run = await filled(pipeline)
    licences = await pipeline.licences()
    await pipeline.sandbox.admin.change_licence(TENANT, licences[1, "P-1"]["id"], count=99.0)
    await pipeline.sandbox.admin.add_licences(TENANT, {"client_id": 1, "name": "old", "count": 1.0, "price": 1.0})
    undo = await pipeline.sync(mode=RunMode.UNDO, undoes=run["run_id"])
    found = {item["product_code"]: item for item in await pipeline.items(undo["run_id"])}
    assert {code: (item["outcome"], item["reason"]) for code, item in found.items()} == {
        "P-1": ("skipped", "changed_since"),
        "NEW": ("synced", None),
        None: ("skipped", "changed_since"),
    }
    assert (found["P-1"]["before_quantity"], found["P-1"]["after_quantity"]) == (12, 99)
    assert found["P-1"]["drift"] == [{"field": "quantity", "we_wrote": "12", "halo_has": "99"}]
    assert set(await pipeline.licences()) == {(1, "P-1"), (1, "old")}


async def test_an_undo_holds_removals_as_any_run_does(pipeline: Pipeline) -> None:
    await pipeline.invoice([{"product_code": f"P-{n}"} for n in range(1, 4)])
    run = await pipeline.sync()
    await pipeline.pool.execute("UPDATE partner SET guard_max_count = 1, guard_max_fraction = 0")
    held = await pipeline.sync(mode=RunMode.UNDO, undoes=run["run_id"])
    assert (held["state"], held["held"]) == ("partial", 3)
    with pytest.raises(NothingToUndoError):
        await pipeline.sync(mode=RunMode.UNDO, undoes=held["run_id"])
    released = await pipeline.sync(mode=RunMode.UNDO, undoes=run["run_id"], approve_removals=3)
    assert released["deleted"] == 3


ONE = {"method": "POST", "path": "SoftwareLicence", "nth": 1}


async def test_what_an_undo_brought_back_under_another_name_is_not_brought_back_again(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_licences(TENANT, {"client_id": 1, "name": "A & B", "count": 3.0, "price": 8.0})
    await pipeline.invoice([{"product_code": "P-1"}])
    run = await pipeline.sync()
    await pipeline.sandbox.admin.change_settings(TENANT, kept_names="escaped")
    undo = await pipeline.sync(mode=RunMode.UNDO, undoes=run["run_id"])
    assert undo["created"] == 1
    again = await pipeline.sync(mode=RunMode.UNDO, undoes=run["run_id"])
    assert (again["created"], again["unchanged"]) == (0, 2)
    back = await pipeline.licences()
    await pipeline.sandbox.admin.change_licence(TENANT, back[1, "A &amp; B"]["id"], is_active=False)
    await pipeline.sync(mode=RunMode.UNDO, undoes=run["run_id"])
    assert list(await pipeline.licences()) == [(1, "A &amp; B")]


async def test_a_licence_comes_back_under_the_name_and_product_code_that_it_had(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.change_settings(TENANT, kept_names="escaped")
    await pipeline.invoice([{"product_code": "R&D"}, {"product_code": "P-1"}])
    await pipeline.sync()
    await pipeline.invoice([{"product_code": "P-1"}], revision=2)
    await pipeline.sandbox.admin.add_licences(
        TENANT, {"client_id": 1, "name": "OLD", "count": 3.0, "price": 8.0, "product_sku": "SKU-1"}
    )
    run = await pipeline.sync()
    assert run["deleted"] == 2
    await pipeline.sync(mode=RunMode.UNDO_PREVIEW, undoes=run["run_id"])  # a read forgets what is gone
    undo = await pipeline.sync(mode=RunMode.UNDO, undoes=run["run_id"])
    assert (undo["state"], undo["created"]) == ("succeeded", 2)
    back = await pipeline.licences()
    assert {name: row["product_sku"] for (_, name), row in back.items()} == {
        "R&amp;D": "R&D",
        "P-1": "P-1",
        "OLD": "SKU-1",
    }
    again = await pipeline.sync(mode=RunMode.UNDO, undoes=undo["run_id"])
    assert (again["state"], again["deleted"]) == ("succeeded", 2)
    assert list(await pipeline.licences()) == [(1, "P-1")]


@pytest.mark.parametrize("there", [True, False])
async def test_what_an_undo_says_of_a_licence_that_is_not_shown(pipeline: Pipeline, there: bool) -> None:
    """Halo may show no licence of one client: then nobody knows what became of it there."""
    await pipeline.sandbox.admin.add_licences(TENANT, {"client_id": 2, "name": "OTHER", "count": 1.0, "price": 1.0})
    await pipeline.invoice([{"product_code": "P-1"}])
    run = await pipeline.sync()
    created = (await pipeline.licences())[1, "P-1"]
    if there:
        await pipeline.sandbox.admin.add_licences(TENANT, {"client_id": 1, "name": "OTHER", "count": 1.0, "price": 1.0})
    await pipeline.sandbox.admin.delete_licence(TENANT, created["id"])
    undo = await pipeline.sync(mode=RunMode.UNDO, undoes=run["run_id"])
    [item] = await pipeline.items(undo["run_id"])
    assert (item["outcome"], item["reason"]) == (("synced", None) if there else ("skipped", "changed_since"))


async def test_what_an_undo_removed_is_told_as_undone_when_it_is_undone_again(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_licences(TENANT, {"client_id": 2, "name": "OTHER", "count": 1.0, "price": 1.0})
    await pipeline.invoice([{"product_code": "P-1"}])
    run = await pipeline.sync()
    for mode in (RunMode.UNDO, RunMode.UNDO_PREVIEW, RunMode.UNDO):
        undo = await pipeline.sync(mode=mode, undoes=run["run_id"])
        assert [item["outcome"] for item in await pipeline.items(undo["run_id"])] == ["synced"]


@pytest.mark.parametrize("stamps", [True, False])
async def test_what_came_of_a_lost_answer_is_undone_or_told(pipeline: Pipeline, stamps: bool) -> None:
    pipeline.tuning.max_attempts = 1
    pipeline.planning, pipeline.writing = pipeline.planner().run_planner, pipeline.writer()
    await pipeline.pool.execute("UPDATE partner SET details = $1", stamps)
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, drop_after=True)
    looking = {"method": "GET", "path": "SoftwareLicence", "nth": 2}  # the first is the plan's
    await pipeline.sandbox.admin.add_fault(TENANT, match=looking, times=None, status=500)
    await pipeline.invoice([{"product_code": "P-1"}])
    lost = await pipeline.sync()
    assert [item["reason"] for item in await pipeline.items(lost["run_id"])] == ["outcome_unknown"]
    await pipeline.sandbox.admin.clear_faults(TENANT)
    undo = await pipeline.sync(mode=RunMode.UNDO, undoes=lost["run_id"])
    [item] = await pipeline.items(undo["run_id"])
    assert (undo["deleted"], item["reason"]) == ((1, None) if stamps else (0, "outcome_unknown"))
    assert len(await pipeline.licences()) == (0 if stamps else 1)


async def test_after_an_undo_of_unknown_outcome_the_partner_still_can_sync(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_licences(TENANT, {"client_id": 1, "name": "OLD", "count": 3.0, "price": 8.0})
    await pipeline.invoice([{"product_code": "P-1"}])
    run = await pipeline.sync()
    pipeline.tuning.max_attempts = 1
    pipeline.planning, pipeline.writing = pipeline.planner().run_planner, pipeline.writer()
    await pipeline.sandbox.admin.change_settings(TENANT, kept_names="cut", name_length=2, ignored_fields=["notes"])
    create = {"method": "POST", "path": "SoftwareLicence"}
    await pipeline.sandbox.admin.add_fault(TENANT, match=create, drop_after=True)
    looking = {"method": "GET", "path": "SoftwareLicence", "nth": 3}  # the first two are the plans'
    await pipeline.sandbox.admin.add_fault(TENANT, match=looking, times=None, status=500)
    await pipeline.sync(mode=RunMode.UNDO, undoes=run["run_id"])
    await pipeline.sandbox.admin.clear_faults(TENANT)
    again = await pipeline.sync(mode=RunMode.UNDO, undoes=run["run_id"])
    assert "outcome_unknown" in {item["reason"] for item in await pipeline.items(again["run_id"])}
    assert again["created"] == 0
    assert (await pipeline.sync())["state"] == "succeeded"


async def test_what_an_undo_gives_back_to_others_is_not_cleaned_up_as_halosyncs_own(pipeline: Pipeline) -> None:
    run = await filled(pipeline)
    await pipeline.sync(mode=RunMode.UNDO, undoes=run["run_id"])
    await pipeline.pool.execute("UPDATE partner SET cleanup = 'owned'")
    assert (await pipeline.sync())["deleted"] == 0
    assert (1, "OLD") in await pipeline.licences()


async def test_what_somebody_put_back_before_the_undo_is_given_back_too(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_licences(TENANT, {"client_id": 1, **THERE[0], "name": "P-1"})
    await pipeline.invoice(LINES[:1])
    run = await pipeline.sync()
    [licence] = (await pipeline.licences()).values()
    owned = "SELECT owned FROM halo_licence"
    assert await pipeline.pool.fetchval(owned)
    await pipeline.sandbox.admin.change_licence(TENANT, licence["id"], count=5.0, price=40.0)
    preview = await pipeline.sync(mode=RunMode.UNDO_PREVIEW, undoes=run["run_id"])
    assert (preview["unchanged"], await pipeline.pool.fetchval(owned)) == (1, True)
    await pipeline.sync(mode=RunMode.UNDO, undoes=run["run_id"])
    assert not await pipeline.pool.fetchval(owned)


async def test_a_retry_releases_again_only_what_is_still_to_be_done(pipeline: Pipeline) -> None:
    await pipeline.pool.execute("UPDATE partner SET review_first_sync = true")
    await pipeline.sandbox.admin.add_licences(TENANT, *({"client_id": 1, **each} for each in THERE))
    await pipeline.invoice(LINES)
    seen = await pipeline.sync()
    held = {item["item_id"] for item in await pipeline.items(seen["run_id"]) if item["outcome"] == "held"}
    assert len(held) == 2
    delete = {"method": "DELETE", "path": "SoftwareLicence"}
    await pipeline.sandbox.admin.add_fault(TENANT, match=delete, times=None, status=400)
    portal, order = RunStore(pipeline.pool), RunOrder(approve=Approval(seen["run_id"], frozenset(held)))
    run_id = await portal.request(PARTNER, order, by=Actor("test"))
    await pipeline.deliver_all()
    run = await pipeline.run(run_id)
    assert (run["state"], run["updated"], run["failed"]) == ("partial", 1, 1)
    again = await RunRetries(pipeline.pool).retry(run_id, by=Actor("test"))
    carried = "SELECT i.action FROM run_approved_item a JOIN item i USING (item_id) WHERE a.run_id = $1"
    assert [row["action"] for row in await pipeline.pool.fetch(carried, again)] == ["delete"]
    await pipeline.deliver_all()
    await pipeline.pool.execute("UPDATE connection SET tenant = 'another'")
    with pytest.raises(NotHeldError):
        await portal.request(PARTNER, order, by=Actor("test"))
