"""What a month says after real runs: what Halo has made of a price, and what an undo has put back (spec section 11)."""

from decimal import Decimal

import pytest
from halosync.domain.run_order import RunMode
from halosync.ports.months import Month
from halosync.store.months import MonthStore

from .conftest import Pipeline
from .parts import PARTNER, TENANT

pytestmark = pytest.mark.integration

OLD = {"client_id": 1, "name": "OLD", "count": 3.0, "price": 8.0, "billing_cycle": "Monthly"}


async def november(pipeline: Pipeline) -> Month:
    """Return the month, which adds up."""
    month = await MonthStore(pipeline.pool).month(PARTNER, "2026-11")
    assert month is not None
    assert all(total.unexplained == 0 for total in month.reconciliation.totals)
    return month


def reasons(month: Month) -> dict[str, tuple[int, Decimal]]:
    return {each.reason: (each.count, each.amount) for each in month.reconciliation.reasons}


async def test_a_price_that_halo_keeps_to_the_cent_is_money_and_has_its_reason(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.change_settings(TENANT, kept_prices="cents")
    await pipeline.invoice([{"product_code": "P-1", "unit_price": "10.124", "quantity": "1000"}])
    assert (await pipeline.sync())["state"] == "succeeded"
    month = await november(pipeline)
    assert reasons(month) == {"price_to_the_cent": (1, Decimal("4.00"))}
    assert month.reconciliation.state(closed=False) == "ready", "nobody can do more"


@pytest.mark.parametrize("removal", ["delete", "deactivate", "zero"])
@pytest.mark.parametrize("line", [None, {"product_code": "OLD", "quantity": "0", "unit_price": "8"}])
async def test_a_removal_that_is_undone_after_a_later_sync_is_in_the_month_again(
    pipeline: Pipeline, removal: str, line: dict[str, str] | None
) -> None:
    await pipeline.pool.execute("UPDATE partner SET removal = $1", removal)
    await pipeline.sandbox.admin.add_licences(TENANT, OLD)
    await pipeline.invoice([{"product_code": "P-1"}, *([line] if line else [])])
    removing = await pipeline.sync()
    await pipeline.sync()
    assert (await november(pipeline)).reconciliation.state(closed=False) == "ready"
    await pipeline.sync(mode=RunMode.UNDO, undoes=removing["run_id"])
    month = await november(pipeline)
    found = reasons(month)
    assert sum(amount for _, amount in found.values()) == 10 - 24
    assert sum(count for count, _ in found.values()) == 2
    assert month.reconciliation.state(closed=False) == "open"
    undo = await pipeline.pool.fetchval("SELECT run_id FROM run WHERE mode = 'undo'")
    await pipeline.sync(mode=RunMode.UNDO, undoes=undo)
    assert (await november(pipeline)).reconciliation.state(closed=False) == "ready"
    await pipeline.sync(mode=RunMode.UNDO, undoes=removing["run_id"])
    await pipeline.sync()
    assert (await november(pipeline)).reconciliation.state(closed=False) == "ready"


async def test_invoices_of_two_currencies_are_never_added_up(pipeline: Pipeline) -> None:
    await pipeline.invoice([{"product_code": "P-1"}], invoice_id="INV-1")
    await pipeline.pool.execute("INSERT INTO month_choice VALUES ($1, '2026-11', 'together')", PARTNER)
    await pipeline.invoice(
        [{"product_code": "P-2"}], invoice_id="INV-2", currency="NZD", issued_at="2026-11-06T02:00:00Z"
    )
    month = await november(pipeline)
    assert month.currency == "NZD"
    assert [(each.invoice.invoice_id, each.counts) for each in month.invoices] == [("INV-2", True), ("INV-1", False)]
    assert [total.billed for total in month.reconciliation.totals] == [Decimal("10.00")]
