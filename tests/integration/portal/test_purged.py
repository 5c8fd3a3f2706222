"""What is left to see of an old month whose details were purged (spec section 12, "Retention")."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from devstack.fields import Fields
from halosync.domain.acts import COMMAND_LINE
from halosync.store.retention import RetentionStore

if TYPE_CHECKING:
    from uuid import UUID

    from tests.integration.conftest import World

    from .conftest import Browser

pytestmark = pytest.mark.integration
HERE = "/portal/acme-msp"
LONG_AGO = datetime(2023, 1, 5, tzinfo=UTC)
SYNCED: Fields = {"outcome": "synced", "action": "create", "after": ("12", "31.50", "Monthly", True)}


@pytest.fixture
async def old(world: "World") -> "UUID":
    """A closed month of long ago, purged, beside the newest; its run."""
    invoice_pk = await world.invoice("INV-OLD", period="2023-01", received_at=LONG_AGO, lines=[world.line(1)])
    await world.pool.execute(
        "INSERT INTO halo_licence (partner_id, halo_licence_id, halo_client_id, name, quantity, price, billing_cycle,"
        " is_active) VALUES ('acme-msp', 5, 7, 'a licence', 12, $1, 'Monthly', true)",
        Decimal("31.50"),
    )
    items = [world.item(**SYNCED, halo_licence_id=5, line_nos=[1])]
    run_id = await world.run(invoice_pk, items, created_at=LONG_AGO)
    await world.finish(run_id)
    closed = await world.call("POST", "/months/2023-01/close", json={"seen": 0})
    assert closed.status_code == 201, closed.text
    await world.finish(await world.run(await world.invoice("INV-NEW", lines=[world.line(1)])))
    store = RetentionStore(world.pool)
    retired = await store.retire_old(12, by=COMMAND_LINE)
    assert (retired.invoices, retired.runs) == (1, 1)
    while await store.empty() is not None:
        pass
    return run_id


async def test_the_api_says_that_details_are_gone_and_keeps_the_certificate(world: "World", old: "UUID") -> None:
    for path in (f"/runs/{old}/items", "/invoices/INV-OLD/lines"):
        gone = await world.call("GET", path)
        assert (gone.status_code, gone.json()["code"]) == (410, "no_longer_kept")
    assert (await world.get(f"/runs/{old}"))["counters"]["total"] == 1
    assert [month["period"] for month in (await world.get("/months"))["items"]] == ["2026-11"]
    assert (await world.call("GET", "/months/2023-01")).status_code == 404
    certificate = await world.get("/months/2023-01/certificate")
    assert certificate["totals"][0]["billed"] == "378.00"
    assert (await world.call("GET", "/months/2023-02/certificate")).status_code == 404
    undo = await world.call("POST", "/runs", json={"mode": "undo", "run_id": str(old)})
    assert (undo.status_code, undo.json()["code"]) == (409, "purged")


async def test_pages_say_it_and_offer_nothing_that_needs_them(browser: "Browser", old: "UUID") -> None:
    await browser.sign_in()
    run = await browser.open(f"{HERE}/runs/{old}")
    assert "so old that its items are no longer kept" in run.text
    assert f"{HERE}/runs/{old}/undo" not in run.response.text
    report = await browser.open(f"{HERE}/report?invoice=INV-OLD")
    assert "so old that its lines are no longer kept" in report.text
    assert "0 lines" not in report.text
    newest = await browser.open(f"{HERE}/report?invoice=INV-NEW")
    assert "INV-OLD" not in newest.text
    await browser.open(f"{HERE}/month?period=2023-02", status=404)
    assert "2023-01" in (await browser.open(f"{HERE}/month")).response.text, "the choice of months has it"
    month = await browser.open(f"{HERE}/month?period=2023-01")
    assert "no longer kept" in month.text
    certificate = f"{HERE}/month/certificate?period=2023-01&amp;number=1"
    assert certificate in month.response.text
    assert "378.00" in (await browser.open(certificate.replace("&amp;", "&"))).text
    assert "378.00" in (await browser.open(f"{HERE}/month/certificate?period=2023-01")).text
