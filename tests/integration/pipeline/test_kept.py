"""What was written is true: `synced` is what Halo shows, and the rest says what Halo made of it (spec section 9)."""

import pytest
from devstack.fields import Fields

from .conftest import Pipeline
from .kept_products import ONE, TENANT, product


async def named(pipeline: Pipeline) -> dict[str, Fields]:
    return {row["name"]: row for row in await pipeline.sandbox.admin.licences(TENANT)}


async def looked_up(pipeline: Pipeline) -> int:
    """How many pages of a client's own licences were asked for."""
    return sum("client_id=" in entry["query"] for entry in await pipeline.sandbox.admin.requests(TENANT))


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"kept_names": "escaped"}, {"R&amp;D-SEAT", "Q&amp;A-SEAT", "PLAIN"}),
        ({"kept_names": "cut", "name_length": 4}, {"R&D-", "Q&A-", "PLAI"}),
    ],
)
@pytest.mark.parametrize("batch_size", [1, 50])
async def test_one_create_makes_one_licence_in_all_syncs_whatever_halo_calls_it(
    pipeline: Pipeline, settings: Fields, kept: set[str], batch_size: int
) -> None:
    pipeline.tuning.batch_size = batch_size
    pipeline.planning = pipeline.planner().run_planner
    await pipeline.sandbox.admin.change_settings(TENANT, **settings)
    codes = (
        ["R&D-SEAT", "PLAIN"] if "cut" in settings.values() and batch_size > 1 else ["R&D-SEAT", "Q&A-SEAT", "PLAIN"]
    )
    customers = [
        {"customer_id": "C-1", "customer_name": "Contoso"},
        {"customer_id": "C-2", "customer_name": "Fabrikam"},
    ]
    await pipeline.invoice([product(code, **customers[n % 2]) for n, code in enumerate(codes)])
    run = await pipeline.sync()
    assert (run["state"], run["created"]) == ("succeeded", len(codes))
    licences = await named(pipeline)
    assert len(await pipeline.sandbox.admin.licences(TENANT)) == len(codes)
    assert set(licences) <= kept
    items = await pipeline.items(run["run_id"])
    assert {item["licence_name"] for item in items} == set(licences)
    assert all(item["licence_name"] in (item["detail"] or "") for item in items if item["licence_name"] != "PLAIN")
    again = await pipeline.sync()
    assert (again["state"], again["unchanged"], again["total"]) == ("succeeded", len(codes), len(codes))
    assert len(await pipeline.sandbox.admin.history(TENANT)) == len(codes)
    await pipeline.invoice([product("R&D-SEAT", **{**customers[0], "quantity": "4"})], revision=2)
    changed = await pipeline.sync()
    assert (changed["state"], changed["created"], changed["updated"]) == ("succeeded", 0, 1)


async def test_a_name_that_a_lost_answer_would_have_told_is_found_among_the_new_ones(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.change_settings(TENANT, kept_names="escaped")
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, drop_after=True)
    await pipeline.invoice([product("R&D-SEAT"), product("Q&A-SEAT", quantity="2")])
    run = await pipeline.sync()
    assert (run["state"], run["created"], await pipeline.sent("POST")) == ("succeeded", 2, 1)
    assert set(await named(pipeline)) == {"R&amp;D-SEAT", "Q&amp;A-SEAT"}
    assert (await pipeline.sync())["unchanged"] == 2


@pytest.mark.parametrize("stamped", [True, False])
async def test_a_cut_name_that_nobody_could_look_up_is_not_created_twice(pipeline: Pipeline, stamped: bool) -> None:
    pipeline.tuning.max_attempts = 1
    pipeline.planning, pipeline.writing = pipeline.planner().run_planner, pipeline.writer()
    await pipeline.pool.execute("UPDATE partner SET details = $1", stamped)
    await pipeline.sandbox.admin.change_settings(TENANT, kept_names="cut", name_length=4)
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, drop_after=True)
    looking = {"method": "GET", "path": "SoftwareLicence", "nth": 2}  # the first is the plan's
    await pipeline.sandbox.admin.add_fault(TENANT, match=looking, times=None, status=500)
    await pipeline.invoice([product("MS-365")])
    lost = await pipeline.sync()
    assert [item["reason"] for item in await pipeline.items(lost["run_id"])] == ["outcome_unknown"]
    await pipeline.sandbox.admin.clear_faults(TENANT)
    run = await pipeline.sync()
    if stamped:
        assert (run["state"], run["unchanged"]) == ("succeeded", 1)
        assert (await pipeline.sync())["unchanged"] == 1  # it is known by its number from now on
    else:
        [item] = await pipeline.items(run["run_id"])
        assert (item["action"], item["reason"]) == ("none", "outcome_unknown")
        assert "may be it, under another name" in item["detail"]
    assert await pipeline.sent("POST") == 1


@pytest.mark.parametrize(
    ("settings", "line", "words"),
    [
        ({"kept_counts": "whole"}, {"quantity": "0.5"}, "quantity: asked for 0.5, Halo keeps 0"),
        ({"kept_prices": "cents"}, {"unit_price": "10.125"}, "price: asked for 10.125, Halo keeps 10.12"),
        ({"ignored_fields": ["price"]}, {}, "price: asked for 10.00, Halo keeps 0"),
        ({"kept_cycles": {"Annual": "Yearly"}}, {"billing_cycle": "Annual"}, 'Halo keeps "Yearly"'),
    ],
)
@pytest.mark.parametrize("there", [False, True])
async def test_what_halo_does_not_keep_is_said_and_not_sent_again(
    pipeline: Pipeline, settings: Fields, line: Fields, words: str, there: bool
) -> None:
    if there:
        await pipeline.sandbox.admin.add_licences(TENANT, {"client_id": 1, "name": "P-1", "count": 9})
    await pipeline.sandbox.admin.change_settings(TENANT, warns=True, **settings)
    await pipeline.invoice(
        [product("P-1", **line), product("P-2", quantity="2", unit_price="0", billing_cycle="Monthly")]
    )
    run = await pipeline.sync()
    [failed] = [item for item in await pipeline.items(run["run_id"]) if item["outcome"] == "failed"]
    assert (run["state"], run["synced"]) == ("partial", 1)
    assert (failed["reason"], failed["action"]) == ("not_kept", "update" if there else "create")
    assert words in failed["detail"]
    assert "Not kept as sent" in failed["detail"]
    stored = (await named(pipeline))["P-1"]
    assert float(failed["after_quantity"]) == stored["count"]
    assert failed["halo_licence_id"] == stored["id"]
    sent = await pipeline.sent("POST")
    again = await pipeline.sync()
    [still] = [item for item in await pipeline.items(again["run_id"]) if item["outcome"] == "failed"]
    assert (still["reason"], still["detail"], await pipeline.sent("POST")) == ("not_kept", failed["detail"], sent)
    await pipeline.sandbox.admin.change_licence(TENANT, stored["id"], count=8)  # now it shows something else
    await pipeline.sync()
    assert await pipeline.sent("POST") == sent + 1


async def test_a_price_that_halo_keeps_to_the_cent_is_kept(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.change_settings(TENANT, kept_prices="cents")
    await pipeline.invoice([product("P-1", unit_price="10.1249")])
    run = await pipeline.sync()
    [item] = await pipeline.items(run["run_id"])
    assert (run["state"], str(item["after_price"])) == ("succeeded", "10.12")
    again = await pipeline.sync()
    assert (again["state"], again["unchanged"], await pipeline.sent("POST")) == ("succeeded", 1, 1)


@pytest.mark.parametrize("removal", ["delete", "deactivate", "zero"])
async def test_a_removal_that_halo_ignores_is_not_called_done(pipeline: Pipeline, removal: str) -> None:
    await pipeline.sandbox.admin.add_licences(
        TENANT, *({"client_id": 1, "name": f"OLD-{n}", "count": 1, "price": 1.0} for n in range(3))
    )
    await pipeline.sandbox.admin.change_settings(
        TENANT, ignores_deletes=True, ignored_fields=[] if removal == "delete" else ["is_active", "count"]
    )
    await pipeline.pool.execute("UPDATE partner SET removal = $1", removal)
    await pipeline.invoice([product("P-1", quantity="0"), product("P-2", kind="one_off")])
    run = await pipeline.sync()
    failed = [item for item in await pipeline.items(run["run_id"]) if item["outcome"] == "failed"]
    assert (len(failed), {item["reason"] for item in failed}, run["deleted"]) == (3, {"not_kept"}, 0)
    writes = await pipeline.sent("DELETE") + await pipeline.sent("POST")
    assert writes == (3 if removal == "delete" else 1)
    if removal == "delete":  # one list of the client answers for all, and once more after the settle time
        assert 0 < await looked_up(pipeline) <= 2 * 2
    again = await pipeline.sync()
    assert (again["state"], again["failed"]) == ("partial", 3)
    assert await pipeline.sent("DELETE") + await pipeline.sent("POST") == writes
    await pipeline.sandbox.admin.change_settings(TENANT, ignores_deletes=False, ignored_fields=[])
    [first, *_] = await pipeline.sandbox.admin.licences(TENANT)
    await pipeline.sandbox.admin.change_licence(TENANT, first["id"], price=2.0)
    assert (await pipeline.sync())["deleted"] == 1


async def test_deletes_whose_answer_shows_it_cost_no_look_up(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_licences(TENANT, *({"client_id": 1, "name": f"OLD-{n}"} for n in range(3)))
    await pipeline.invoice([product("P-1")])
    run = await pipeline.sync()
    assert (run["deleted"], await looked_up(pipeline)) == (3, 0)


async def test_an_answer_that_shows_nothing_is_looked_up_by_the_id_it_names(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.change_settings(TENANT, kept_names="escaped")
    await pipeline.sandbox.admin.add_fault(TENANT, match=ONE, status=201, apply=True, body={"id": 1})
    await pipeline.invoice([product("R&D-SEAT")])
    run = await pipeline.sync()
    assert (run["state"], run["created"], await pipeline.sent("POST")) == ("succeeded", 1, 1)


async def test_a_persons_namesake_is_not_taken_over_for_what_halo_said_it_made(pipeline: Pipeline) -> None:
    pipeline.tuning.settle_s = 1.0
    pipeline.writing = pipeline.writer()
    admin = pipeline.sandbox.admin
    await admin.add_licences(TENANT, {"client_id": 1, "name": "OTHER"})
    await pipeline.pool.execute("UPDATE partner SET cleanup = 'owned'")
    await pipeline.invoice([product("P-1")])
    run_id = await pipeline.start()
    [(kind, requested)] = [m for m in await pipeline.messages() if m[0] == "run.requested.v1"]
    await pipeline.deliver(kind, requested)
    await admin.add_licences(TENANT, {"client_id": 1, "name": "P-1", "count": 99.0})
    await admin.add_fault(TENANT, match=ONE, status=201, late_apply_s=0.4)
    await pipeline.deliver_all()
    run = await pipeline.run(run_id)
    assert (run["state"], run["created"], await pipeline.sent("POST")) == ("succeeded", 1, 1)
    assert sorted(row["count"] for row in await admin.licences(TENANT) if row["name"] == "P-1") == [3, 99]
