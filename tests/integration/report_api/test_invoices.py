"""Invoices and lines: what was loaded, and what became of each line."""

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import pytest_asyncio
from devstack.fields import Fields
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

OUTCOMES = ("synced", "skipped", "held", "failed", "pending")


async def lines(world: "World", **params: str | int) -> list[Fields]:
    items: list[Fields] = (await world.get("/invoices/INV-1/lines", params=params))["items"]
    return items


async def test_an_invoice_is_shown_once_in_its_newest_revision_with_its_newest_run(world: "World") -> None:
    newer = await world.invoice(revision=2)
    older = await world.invoice(revision=1, superseded_by=newer)
    await world.finish(await world.run(older))
    await world.finish(await world.run(newer), "partial")
    preview = await world.run(newer, mode="preview")
    december = await world.invoice("INV-2", issued_at=world.issued + timedelta(days=30), period="2026-12")
    assert december

    page = await world.get("/invoices")
    assert [(i["invoice_id"], i["revision"]) for i in page["items"]] == [("INV-2", 1), ("INV-1", 2)]
    assert page["items"][0]["run"] is None
    first = page["items"][1]
    assert first["run"] == {"run_id": str(preview), "state": "writing"}
    assert first["total"] == "378.00"
    assert set(first) >= {"period", "currency", "line_count", "received_at", "issued_at"}


async def test_invoices_issued_at_the_same_moment_are_paged_without_repeats(world: "World") -> None:
    for number in range(7):
        await world.invoice(f"INV-{number}")
    ids = [i["invoice_id"] for i in await world.pages("/invoices", 2)]
    assert sorted(ids) == [f"INV-{number}" for number in range(7)]


async def test_lines_have_no_outcome_before_a_run_applied(world: "World") -> None:
    invoice_pk = await world.invoice(lines=[world.line(1), world.line(2, kind="credit")])
    run_id = await world.run(invoice_pk, [world.item(line_nos=[1])], mode="preview")
    await world.finish(run_id, "previewed")
    for one in await lines(world):
        assert {one[name] for name in ("outcome", "action", "reason", "detail", "item_id", "run_id")} == {None}
    assert await lines(world, outcome="skipped") == []


async def test_a_line_has_its_items_outcome(world: "World") -> None:
    invoice_pk = await world.invoice(
        lines=[world.line(1, quantity=1), world.line(2), world.line(3, kind="proration"), world.line(4)]
    )
    refused = world.item(outcome="failed", action="update", reason="halo_rejected", detail="No.", line_nos=[1, 2, 3])
    done = world.item(outcome="synced", action="unchanged", line_nos=[4])
    run_id = await world.run(invoice_pk, [refused, done])

    shown = await lines(world)
    assert [(x["line_no"], x["outcome"], x["action"], x["reason"]) for x in shown] == [
        (1, "failed", "update", "halo_rejected"),
        (2, "failed", "update", "halo_rejected"),
        (3, "skipped", "none", "not_recurring"),
        (4, "synced", "unchanged", None),
    ]
    assert {x["run_id"] for x in shown} == {str(run_id)}
    assert shown[0]["item_id"] == shown[1]["item_id"] != shown[3]["item_id"]
    assert (shown[0]["quantity"], shown[0]["unit_price"]) == ("1", "31.50")
    assert "recurring" in shown[2]["detail"]
    for outcome, numbers in {"failed": [1, 2], "skipped": [3], "synced": [4], "held": []}.items():
        assert [x["line_no"] for x in await lines(world, outcome=outcome)] == numbers


async def test_the_newest_run_that_applied_counts(world: "World") -> None:
    invoice_pk = await world.invoice(lines=[world.line(1)])
    first = await world.run(invoice_pk, [world.item(outcome="failed", line_nos=[1])])
    await world.finish(first, "partial")
    await world.finish(await world.run(invoice_pk, [world.item(outcome="synced", line_nos=[1])]))
    await world.finish(await world.run(invoice_pk, [world.item(line_nos=[1])], mode="preview"), "previewed")
    assert [x["outcome"] for x in await lines(world)] == ["synced"]


async def test_filters(world: "World") -> None:
    invoice_pk = await world.invoice(
        lines=[
            world.line(1, customer_id="C-1", customer_name="Contoso & Søns"),
            world.line(2, customer_id="C-2", customer_name="100% Fabrikam_"),
            world.line(3, customer_id="C-2", product_code="A\\B", kind="one_off"),
        ]
    )
    failed = world.item(outcome="failed", reason="halo_rejected", detail="Halo says: Too Long", line_nos=[2])
    await world.run(invoice_pk, [world.item(outcome="synced", action="create", line_nos=[1]), failed])
    expected = {
        "søns": [1],
        "SØNS": [1],
        "%": [2],
        "m_": [2],
        "a_": [],
        "a\\b": [3],
        "TOO long": [2],
        "halo_rejected": [2],
        "not_recurring": [3],
        "c-2": [2, 3],
        "'": [],
    }
    for q, numbers in expected.items():
        assert [x["line_no"] for x in await lines(world, q=q)] == numbers, q
        by_outcome = [x["line_no"] for outcome in OUTCOMES for x in await lines(world, q=q, outcome=outcome)]
        assert sorted(by_outcome) == numbers, q
    assert [x["line_no"] for x in await lines(world, customer_id="C-2")] == [2, 3]
    assert [x["line_no"] for x in await lines(world, customer_id="C-2", outcome="failed")] == [2]


@pytest.mark.parametrize("invoice_id", ["a/b", "a/lines", "/lines/", "é%25", "a?b#c", "'; --", ".", "lines"])
async def test_an_invoice_id_may_be_anything(world: "World", invoice_id: str) -> None:
    await world.invoice(invoice_id, [world.line(1)])
    page = await world.get(f"/invoices/{quote(invoice_id, safe='') if invoice_id != '.' else '%2E'}/lines")
    assert [x["line_no"] for x in page["items"]] == [1]


async def test_the_lines_of_an_invoice_that_another_replaced_can_still_be_read(world: "World") -> None:
    other = await world.invoice("INV-2")
    await world.invoice("INV-1", [world.line(1)], superseded_by=other)
    assert len(await lines(world)) == 1


@pytest_asyncio.fixture(loop_scope="session")
async def many(world: "World") -> "World":
    """A world whose INV-1 has lines of every kind and outcome."""
    invoice_pk = await world.invoice(
        lines=[world.line(n, kind=["usage", "recurring"][n % 7 > 0]) for n in range(1, 301)]
    )
    await world.run(invoice_pk, [world.item(outcome=OUTCOMES[n % 5], line_nos=[n, n + 1]) for n in range(1, 300, 2)])
    return world


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(min_value=3, max_value=500), outcome=st.sampled_from([None, *OUTCOMES]))
async def test_pages_of_lines_add_up_whatever_the_limit(many: "World", limit: int, outcome: str | None) -> None:
    whole = await lines(many, limit=500)
    assert [x["line_no"] for x in whole] == list(range(1, 301))
    params = {} if outcome is None else {"outcome": outcome}
    assert await many.pages("/invoices/INV-1/lines", limit, **params) == [
        x for x in whole if outcome in {None, x["outcome"]}
    ]


@pytest.mark.parametrize(
    ("how", "outcome"),
    [
        ({"outcome": "synced"}, "skipped"),
        ({"outcome": "failed", "reason": "outcome_unknown"}, "failed"),
        ({"outcome": "failed", "reason": "not_kept"}, "failed"),
        ({"outcome": "failed", "reason": "not_kept", "after": ("12", "31.50", "Monthly", True)}, "synced"),
        ({"outcome": "failed", "reason": "halo_rejected"}, "synced"),
        ({"outcome": "skipped", "reason": "changed_since"}, "synced"),
    ],
)
async def test_a_line_says_what_is_true_after_an_undo(world: "World", how: Fields, outcome: str) -> None:
    invoice_pk = await world.invoice(lines=[world.line(1), world.line(2)])
    before, after = ("5", "31.50", "Monthly", True), ("12", "31.50", "Monthly", True)
    done: Fields = {"outcome": "synced", "action": "update", "before": before, "after": after}
    run_id = await world.run(invoice_pk, [world.item(**done, halo_licence_id=5, line_nos=[1])])
    await world.finish(run_id)
    number = await world.pool.fetchval("SELECT item_id FROM item")
    undo = await world.run(invoice_pk, mode="undo", undoes=run_id)
    back: Fields = {"before": after, "after": before, "halo_licence_id": 5, "action": "update"}
    await world.items(undo, [world.item(outcome="pending", **back, undoes_item_id=number)])
    assert (await lines(world))[0]["outcome"] == "synced", "nothing is undone before Halo has done it"
    what = world.item(**{**back, **how})
    await world.pool.execute(
        "UPDATE item SET outcome = $2, reason = $3, action_state = 'rejected', after_quantity = $4 WHERE run_id = $1",
        undo,
        what["outcome"],
        what["reason"],
        what["after_quantity"],
    )
    await world.finish(undo)

    [line, other] = await lines(world)
    assert (line["outcome"], line["reason"]) == (outcome, None if outcome == "synced" else "undone")
    assert [each["line_no"] for each in await lines(world, outcome=outcome)] == [1]
    if outcome != "synced":
        assert await lines(world, outcome="synced") == []
        assert [each["line_no"] for each in await lines(world, q="undone")] == [1]
    assert line["before"]["quantity"] == "5"
    assert line["after"]["quantity"] == ("5" if outcome == "skipped" else "12")
    assert (other["outcome"], other["before"]) == (None, None)
    [item] = (await world.get(f"/runs/{run_id}/items"))["items"]
    assert item["outcome"] == "synced", "what a run did stays as it was"
    assert item["undone"] == {"skipped": "undone", "failed": "unsure"}.get(outcome)
    text = (await world.call("GET", "/invoices/INV-1/lines", headers={"Accept": "text/csv"})).content.decode()
    assert text.startswith("\ufeff")
    [row, _] = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert (row["outcome"], row["before_quantity"], row["after_quantity"], row["currency"], row["invoice_id"]) == (
        *(outcome, "5", line["after"]["quantity"], "AUD", "INV-1"),
    )


async def test_the_undo_of_an_undo_makes_a_line_synced_again_as_deep_as_it_goes(world: "World") -> None:
    invoice_pk = await world.invoice(lines=[world.line(1)])
    run_id = await world.run(invoice_pk, [world.item(outcome="synced", line_nos=[1])])
    await world.finish(run_id)
    newest = run_id
    for depth in range(1, 6):
        number = await world.pool.fetchval("SELECT item_id FROM item WHERE run_id = $1", newest)
        undo = await world.run(
            invoice_pk, [world.item(outcome="synced", undoes_item_id=number)], mode="undo", undoes=newest
        )
        await world.finish(undo)
        [line] = await lines(world)
        assert line["outcome"] == ("skipped" if depth % 2 else "synced")
        assert (await world.ports.run_views.undone_by(newest)) == undo
        assert ((await world.ports.run_views.undone_by(run_id)) is not None) == bool(depth % 2)
        newest = undo
