"""Several invoices of one month: a licence is counted once, whichever of them a run has applied (spec section 11)."""

from decimal import Decimal
from typing import Any

import pytest
from halosync.domain.run_order import RunMode
from halosync.ports.months import Month
from halosync.store.months import MonthStore

from .conftest import Pipeline
from .parts import PARTNER, TENANT

pytestmark = pytest.mark.integration

CHOICE = (
    "INSERT INTO month_choice VALUES ($1, '2026-11', $2) ON CONFLICT (partner_id, period) DO UPDATE SET invoices = $2"
)


async def choose(pipeline: Pipeline, choice: str) -> None:
    await pipeline.pool.execute(CHOICE, PARTNER, choice)


async def publish(pipeline: Pipeline, number: int, *quantities: tuple[str, int], **header: Any) -> None:
    lines = [{"product_code": code, "quantity": str(quantity), "unit_price": "10"} for code, quantity in quantities]
    issued_at = f"2026-11-0{number + header.get('revision', 0)}T02:00:00Z"
    await pipeline.invoice(lines, invoice_id=f"INV-{number}", issued_at=issued_at, **header)


async def november(pipeline: Pipeline) -> Month:
    """Return the month, which adds up to what Halo holds; no two of its rows are of one thing."""
    months = MonthStore(pipeline.pool)
    month = await months.month(PARTNER, "2026-11")
    assert month is not None
    assert [total.unexplained for total in month.reconciliation.totals] == [0]
    held = [row["count"] * row["price"] for row in (await pipeline.licences()).values() if row["is_active"]]
    assert month.reconciliation.totals[0].in_halo == sum(map(Decimal, held))
    keys = [(row.customer_id, row.item_key, row.cycle_key) for row in await months.items(PARTNER, "2026-11", most=99)]
    assert len(keys) == len(set(keys))
    return month


def reasons(month: Month) -> dict[str, tuple[int, Decimal]]:
    return {each.reason: (each.count, each.amount) for each in month.reconciliation.reasons}


async def test_a_second_invoice_adds_to_a_licence_that_is_counted_once(pipeline: Pipeline) -> None:
    await publish(pipeline, 1, ("P-1", 10))
    await pipeline.sync()
    await publish(pipeline, 2, ("P-1", 2), ("P-2", 1))
    await choose(pipeline, "together")
    assert reasons(await november(pipeline)) == {"not_synchronised": (2, Decimal("30.00"))}
    await pipeline.sync()
    assert reasons(await november(pipeline)) == {}


@pytest.mark.parametrize(
    ("revised", "amount"), [([("P-1", 5), ("P-2", 1)], 30), ([("P-2", 1)], -20), ([("P-1", 2), ("P-2", 1)], 0)]
)
async def test_a_revision_of_one_of_two_invoices_is_not_synchronised_yet(
    pipeline: Pipeline, revised: list[tuple[str, int]], amount: int
) -> None:
    await choose(pipeline, "together")
    await publish(pipeline, 1, ("P-1", 10))
    await publish(pipeline, 2, ("P-1", 2), ("P-2", 1))
    await pipeline.sync()
    assert reasons(await november(pipeline)) == {}
    await publish(pipeline, 2, *revised, revision=2)
    month = await november(pipeline)
    assert {name: total for name, (_, total) in reasons(month).items()} == {"not_synchronised": Decimal(amount)}
    assert month.reconciliation.state(closed=False) == "open"
    await pipeline.sync()
    assert reasons(await november(pipeline)) == {}


async def test_of_two_runs_for_one_invoice_each_the_newest_says_what_is_in_halo(pipeline: Pipeline) -> None:
    await choose(pipeline, "newest")
    await publish(pipeline, 1, ("P-1", 10))
    await pipeline.sync()
    await publish(pipeline, 2, ("P-1", 2))
    await pipeline.sync()
    await choose(pipeline, "together")
    assert reasons(await november(pipeline)) == {"not_synchronised": (1, Decimal("100.00"))}
    await pipeline.sync()
    assert reasons(await november(pipeline)) == {}


async def test_a_removal_that_is_held_and_a_line_of_the_same_licence_count_it_once(pipeline: Pipeline) -> None:
    await pipeline.pool.execute("UPDATE partner SET guard_max_count = 0, guard_max_fraction = 0")
    await choose(pipeline, "together")
    await publish(pipeline, 1, ("P-1", 10))
    await pipeline.sync()
    await publish(pipeline, 1, ("P-2", 1), revision=2)
    await pipeline.sync()
    assert reasons(await november(pipeline)) == {"delete_guard": (1, Decimal(-100))}
    await publish(pipeline, 9, ("P-1", 10), period="2026-10")
    await pipeline.sync(invoice_id="INV-9", allow_older=True)
    await publish(pipeline, 2, ("P-1", 10))
    assert reasons(await november(pipeline)) == {
        "delete_guard": (1, Decimal(-100)),
        "not_synchronised": (1, Decimal(100)),
    }
    await pipeline.sync()
    assert reasons(await november(pipeline)) == {}


async def test_what_a_later_month_has_changed_does_not_open_a_month_and_is_nobodys_edit(pipeline: Pipeline) -> None:
    await publish(pipeline, 1, ("P-1", 10), ("P-2", 5), ("P-3", 1))
    await pipeline.sync()
    await publish(pipeline, 2, ("P-1", 12), ("P-3", 1), period="2026-12")
    await pipeline.sync()
    month = await november(pipeline)
    assert reasons(month) == {"later_month": (2, Decimal(30))}
    assert month.reconciliation.state(closed=False) == "ready"
    # Synchronised once more for the older month, the later one is not any more; an edit of somebody is one.
    await pipeline.sync(invoice_id="INV-1", allow_older=True)
    december = await MonthStore(pipeline.pool).month(PARTNER, "2026-12")
    assert december is not None
    assert [each.reason for each in december.reconciliation.reasons] == ["not_synchronised"]
    assert reasons(await november(pipeline)) == {}
    licences = await pipeline.licences()
    await pipeline.sandbox.admin.change_licence(TENANT, licences[1, "P-3"]["id"], count=7.0)
    await pipeline.sync(mode=RunMode.PREVIEW)
    assert reasons(await november(pipeline)) == {"edited_in_halo": (1, Decimal(-60))}


async def test_an_edit_after_a_later_month_is_an_edit(pipeline: Pipeline) -> None:
    await publish(pipeline, 1, ("P-1", 10))
    await pipeline.sync()
    await publish(pipeline, 2, ("P-1", 12), period="2026-12")
    await pipeline.sync()
    await pipeline.sandbox.admin.change_licence(TENANT, (await pipeline.licences())[1, "P-1"]["id"], count=3.0)
    await pipeline.sync(mode=RunMode.PREVIEW)
    month = await november(pipeline)
    assert reasons(month) == {"edited_in_halo": (1, Decimal(70))}
    assert month.reconciliation.state(closed=False) == "open"
