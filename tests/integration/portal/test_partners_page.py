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
    assert rows[0][1] == "! Connection broken It was revoked."
    assert rows[1][1:] == ["! Not synchronised", "November 2026 INV-B", "\N{EN DASH}", "AUD 12,000.00"]
    assert rows[2][1:3] == ["! 1 customer without client", "November 2026 INV-1"]
    assert rows[2][3].startswith("Partly done")
    assert rows[3][1:] == ["\N{EN DASH} No Sync yet", *["\N{EN DASH}"] * 3]
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
    assert [row[4] for row in rows_of(browser)] == ["AUD 0.00"]
    page = await browser.submit("/partners", partner="acme-msp")
    assert page.url.path == "/portal/acme-msp/month"


async def item_key(world: "World") -> str:
    rows = (await world.get("/months/2026-11/items", params={"reason": "customer_not_found"}))["items"]
    return str(rows[0]["item_key"])
