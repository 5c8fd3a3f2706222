"""The list of partners: how each stands, who needs somebody first."""

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.integration.portal.test_month import difference

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration


def rows_of(browser: "Browser") -> list[list[str]]:
    assert browser.page is not None
    rows = browser.page.soup.select("table.partners tbody tr")
    return [[" ".join(cell.get_text(" ").split()) for cell in row.select("th, td")[:5]] for row in rows]


async def test_who_needs_somebody_stands_first_with_the_money_of_the_month_page(
    browser: "Browser", world: "World"
) -> None:
    await world.pool.execute("INSERT INTO partner (partner_id, name) VALUES ('busy-msp', 'Busy'), ('calm-msp', 'Calm')")
    await world.pool.execute("UPDATE partner SET review_first_sync = false")
    for partner in ("acme-msp", "rival-msp", "busy-msp", "calm-msp"):
        await world.connect(partner)
    await world.pool.execute(
        "UPDATE connection SET state = 'broken', problem = 'It was revoked.' WHERE partner_id = 'rival-msp'"
    )
    await difference(world)
    await world.invoice("INV-B", [world.line(1, unit_price=Decimal(1000))], partner="busy-msp")
    await browser.sign_in(None)
    page = await browser.open("/partners")
    assert "3 of 4 need somebody" in page.text
    rows = rows_of(browser)
    assert [row[0].split()[0] for row in rows[1:]] == ["Busy", "acme-msp", "Calm"]
    assert rows[0][1] == "Connection broken It was revoked."
    assert rows[1][1:] == ["Not synchronised", "November 2026 INV-B", "\N{EN DASH}", "AUD 12,000.00"]
    assert rows[2][1:3] == ["1 customer without client", "November 2026 INV-1"]
    assert rows[2][3].startswith("Partly done")
    assert rows[3][1:] == ["No Sync yet", *["\N{EN DASH}"] * 3]
    listed = (await world.client.get("/v1/partners", headers=world.key(None))).json()["items"]
    assert {each["partner_id"]: each["not_synchronised"] for each in listed}["acme-msp"] == "1200.00"
    month = await world.get("/months/2026-11")
    assert rows[2][4] == "AUD 1,200.00"
    assert month["not_synchronised"] == "1200.00"

    await world.call(
        "PUT",
        f"/months/2026-11/acceptances/{await item_key(world)}",
        json={"note": "Billed by hand."},
    )
    page = await browser.submit("/partners", q="ACME")
    [row] = rows_of(browser)
    assert (row[1], row[4]) == ("All done", "AUD 0.00"), "what was accepted needs nobody"
    assert "0 of 1 need somebody" in page.text
    assert (await world.call("POST", "/months/2026-11/close", json={"seen": 1})).status_code == 201
    page = await browser.submit("/partners", q="ACME")
    [row] = rows_of(browser)
    assert (row[1], "0 of 1 need somebody" in page.text) == ("Month closed", True)
    page = await browser.submit("/partners", partner="acme-msp")
    assert page.url.path == "/portal/acme-msp/month"


async def test_what_failed_is_told_until_it_is_accepted_and_columns_sort(browser: "Browser", world: "World") -> None:
    await world.pool.execute("INSERT INTO partner (partner_id, name) VALUES ('m-10', 'MSP 10'), ('m-9', 'MSP 9')")
    await world.pool.execute("UPDATE partner SET review_first_sync = false")
    for partner in ("acme-msp", "rival-msp", "m-9", "m-10"):
        await world.connect(partner)
    invoice_pk = await world.invoice(lines=[world.line(1), world.line(2)])
    failed = [world.item(outcome="failed", reason="halo_rejected", line_nos=[1])]
    held = [world.item(outcome="held", reason="delete_guard", product_code="P-2", line_nos=[2])]
    await world.finish(await world.run(invoice_pk, [*failed, *held]), "partial")
    await world.invoice("INV-9", [world.line(1, unit_price=Decimal(1000))], partner="m-9", period="2026-10")
    await browser.sign_in(None)
    await browser.open("/partners?q=acme")
    assert rows_of(browser)[0][1] == "1 failed, 1 held"
    rows = (await world.get("/months/2026-11/items"))["items"]
    key_of = {row["reason"]: row["item_key"] for row in rows}
    for reason, left in (("halo_rejected", "1 held"), ("delete_guard", "All done")):
        address = f"/months/2026-11/acceptances/{key_of[reason]}"
        assert (await world.call("PUT", address, json={"note": "Billed by hand."})).status_code == 200
        await browser.open("/partners?q=acme")
        assert rows_of(browser)[0][1] == left

    async def order(sort: str) -> list[str]:
        page = await browser.open(f"/partners?sort={sort}")
        assert page.soup.select_one("th[aria-sort]") is not None
        return [row[0] for row in rows_of(browser)]

    by_name = [name.split(" m-")[0] for name in await order("name") if name.startswith("MSP")]
    assert by_name == ["MSP 9", "MSP 10"], "numbers by their value"
    assert (await order("-money"))[0].startswith("MSP 9")
    assert (await order("-invoice"))[0].startswith("acme-msp")
    assert (await order("-state"))[0].startswith("acme-msp"), "the best last"
    assert (await order("-sync"))[0].startswith("acme-msp")
    await browser.open("/partners?sort=tenant", status=422)


async def test_a_sync_that_failed_needs_somebody_until_the_month_is_closed(browser: "Browser", world: "World") -> None:
    await world.pool.execute("UPDATE partner SET review_first_sync = false")
    await world.connect()
    invoice_pk = await world.invoice(lines=[world.line(1, kind="usage")])
    await world.finish(await world.run(invoice_pk, error_code="read_shrunk", error="Less."), "failed")
    await browser.sign_in(None)
    for told, closes in (("Last Sync failed", True), ("Month closed", False)):
        page = await browser.open("/partners?q=acme")
        assert rows_of(browser)[0][1] == told
        assert f"{int(closes)} of 1 need somebody" in page.text
        if closes:
            assert (await world.call("POST", "/months/2026-11/close", json={"seen": 0})).status_code == 201


async def item_key(world: "World") -> str:
    rows = (await world.get("/months/2026-11/items", params={"reason": "customer_not_found"}))["items"]
    return str(rows[0]["item_key"])
