"""The first Sync with a Halo that others have filled does no harm (spec sections 9 and 15.10)."""

import pytest
from devstack.fields import Fields
from halosync.domain.details import stamp_in, stamp_of
from halosync.domain.run_order import RunMode

from .conftest import Pipeline
from .parts import PARTNER, TENANT

pytestmark = pytest.mark.integration

LINES = [{"product_code": "P-1", "unit_price": "31.50", "quantity": "12"}, {"product_code": "NEW"}]


async def ask_first(pipeline: Pipeline, **settings: object) -> None:
    """Switch the first review on, as it is by default."""
    for name, value in {"review_first_sync": True, **settings}.items():
        await pipeline.pool.execute(f"UPDATE partner SET {name} = $1", value)


async def fill(pipeline: Pipeline, *licences: Fields) -> None:
    rows = [{"client_id": 1, "count": 5.0, "price": 40.0, "billing_cycle": "MONTHLY", **each} for each in licences]
    await pipeline.sandbox.admin.add_licences(TENANT, *rows)


async def outcomes(pipeline: Pipeline, run: Fields) -> dict[str, tuple[str, str | None]]:
    return {item["licence_name"]: (item["outcome"], item["reason"]) for item in await pipeline.items(run["run_id"])}


async def test_prices_and_removals_of_what_others_wrote_wait_until_a_person_approves_their_number(
    pipeline: Pipeline,
) -> None:
    await ask_first(pipeline)
    await fill(pipeline, {"name": "P-1"}, {"name": "OLD"})
    await pipeline.invoice(LINES)
    first = await pipeline.sync()
    assert first["state"] == "partial"
    assert await outcomes(pipeline, first) == {
        "P-1": ("held", "first_review"),
        "OLD": ("held", "first_review"),
        "NEW": ("synced", None),
    }
    held = await pipeline.licences()
    assert (held[1, "P-1"]["price"], held[1, "P-1"]["count"], (1, "OLD") in held) == (40.0, 5, True)
    assert [one["choice"] for one in first["review"]] == ["overwrite", "as_cost", "leave_prices", "keep_others"]

    too_few = await pipeline.sync(approve_review=1)
    assert (too_few["held"], too_few["deleted"]) == (2, 0)

    approved = await pipeline.sync(approve_review=2)
    assert (approved["state"], approved["updated"], approved["deleted"]) == ("succeeded", 1, 1)
    changed = await pipeline.licences()
    assert set(changed) == {(1, "P-1"), (1, "NEW")}
    assert (changed[1, "P-1"]["price"], changed[1, "P-1"]["count"]) == (31.5, 12)
    assert changed[1, "P-1"]["billing_cycle"] == "MONTHLY"  # Halo's spelling of the same cycle stays

    # The review is done: what others write later is the setting's matter.
    await fill(pipeline, {"name": "LATER"})
    later = await pipeline.sync()
    assert (later["state"], later["deleted"]) == ("succeeded", 1)


async def test_auto_sync_never_approves(pipeline: Pipeline) -> None:
    await ask_first(pipeline, auto_sync=True)
    await fill(pipeline, {"name": "P-1"})
    await pipeline.invoice(LINES)
    await pipeline.deliver_all()
    assert (await pipeline.licences())[1, "P-1"]["price"] == 40.0
    [run] = await pipeline.pool.fetch("SELECT state, requested_by, held FROM run")
    assert tuple(run) == ("partial", "auto_sync", 1)


async def test_a_preview_shows_what_would_wait_and_ends_nothing(pipeline: Pipeline) -> None:
    await ask_first(pipeline)
    await fill(pipeline, {"name": "P-1"})
    await pipeline.invoice(LINES)
    seen = await pipeline.sync(mode=RunMode.PREVIEW, approve_review=9)
    assert seen["state"] == "previewed"
    again = await pipeline.sync()
    assert again["held"] == 1


async def test_a_new_licence_says_what_it_is_and_an_old_one_is_left_as_it_is(pipeline: Pipeline) -> None:
    await ask_first(pipeline, licence_type=1)
    await fill(pipeline, {"name": "P-1", "price": 31.5, "type": 1, "notes": "by hand"}, {"name": "P-1", "type": 0})
    await pipeline.invoice([{**LINES[0], "product_name": "Product 1"}, {**LINES[1], "product_name": "Brand\tnew"}])
    run = await pipeline.sync()
    assert run["state"] == "succeeded"
    rows = await pipeline.sandbox.admin.licences(TENANT)
    new = next(row for row in rows if row["name"] == "NEW")
    assert (new["type"], new["product_sku"]) == (1, "NEW")
    assert new["notes"].endswith("\nBrand new\nInvoice INV-1"), "the stamp comes first: Halo may cut what is long"
    item = next(item for item in await pipeline.items(run["run_id"]) if item["product_code"] == "NEW")
    assert stamp_in(new["notes"]) == stamp_of(run["run_id"], item["item_id"])
    old = {row["type"]: row for row in rows if row["name"] == "P-1"}
    assert (old[1]["count"], old[1]["notes"], old[1]["product_sku"]) == (12, "by hand", None)
    assert (old[0]["count"], old[0]["price"]) == (5, 40.0)  # of another type: neither matched nor cleaned up


async def test_without_details_a_create_says_no_more_than_before(pipeline: Pipeline) -> None:
    await ask_first(pipeline, details=False)
    await pipeline.invoice(LINES)
    assert (await pipeline.sync())["state"] == "succeeded"
    row = (await pipeline.licences())[1, "NEW"]
    assert (row["notes"], row["product_sku"], row["type"]) == (None, None, 0)


async def test_what_a_person_keeps_stays(pipeline: Pipeline) -> None:
    await fill(pipeline, {"name": "OLD"})
    [row] = await pipeline.sandbox.admin.licences(TENANT)
    await pipeline.pool.execute("INSERT INTO kept_licence VALUES ($1, $2, $3)", PARTNER, TENANT, row["id"])
    await pipeline.invoice(LINES)
    run = await pipeline.sync()
    assert (await outcomes(pipeline, run))["OLD"] == ("skipped", "kept")
    assert (1, "OLD") in await pipeline.licences()


@pytest.mark.parametrize(
    "mark", [{"azure_connection_id": 3}, {"snowid": "x"}, {"thirdparty_client_id": "y"}, {"external_link_id": "z"}]
)
async def test_what_another_program_marked_is_neither_changed_nor_removed_nor_made_again(
    pipeline: Pipeline, mark: Fields
) -> None:
    await fill(pipeline, {"name": "P-1", **mark}, {"name": "OLD", **mark})
    before = await pipeline.licences()
    await pipeline.invoice(LINES)
    run = await pipeline.sync()
    assert await outcomes(pipeline, run) == {"P-1": ("skipped", "managed_elsewhere"), "NEW": ("synced", None)}
    after = await pipeline.licences()
    assert {key: after[key] for key in before} == before
    await pipeline.pool.execute("UPDATE partner SET adopt_foreign = true")
    adopted = await pipeline.sync()
    assert (adopted["updated"], adopted["deleted"]) == (1, 1)


async def test_nothing_is_written_to_an_inactive_client(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_clients(TENANT, {"name": "Asleep", "inactive": True})
    await pipeline.invoice([{**LINES[0], "customer_id": "C-9", "customer_name": "Asleep"}])
    run = await pipeline.sync()
    [item] = await pipeline.items(run["run_id"])
    assert (item["outcome"], item["reason"]) == ("skipped", "customer_not_found")
    assert "inactive" in item["detail"]
    assert await pipeline.licences() == {}


async def test_spellings_of_one_cycle_are_one_sum(pipeline: Pipeline) -> None:
    await fill(pipeline, {"name": "P-1", "price": 31.5, "count": 12.0}, {"name": "NEW", "billing_cycle": "monthly"})
    await pipeline.invoice(LINES)
    run = await pipeline.sync()
    rows = await pipeline.pool.fetch("SELECT * FROM run_money WHERE run_id = $1", run["run_id"])
    assert len(rows) == 1
    assert run["unchanged"] == 1
