"""History and the page of a run in Chromium: seen in every look, by keyboard, and without scripts."""

import csv
import io

import pytest
from playwright.async_api import Page, expect

from tests.browser.accessibility import accessible_in_both_colours
from tests.browser.looks import PHONE, SCREENS, Look
from tests.browser.visiting import PATIENCE_MS, Visitors, enter, let_in
from tests.partner import Partner, lines

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

ITEM_ROWS = "table.items tbody tr:not(.customer)"
"""The rows of items, without those that fold a customer's."""


async def two_months(partner: Partner) -> str:
    """Synchronise two invoices, the newer one with something skipped and something failed; return its run."""
    await partner.connect()
    october = partner.event(lines(3), invoice_id="INV-10", period="2026-10", issued_at="2026-10-05T02:00:00Z")
    await partner.publish(october)
    await partner.sync(invoice_id="INV-10")
    stranger = lines(1, customer_id="C-9", customer_name="<b>Nobody</b>", line_id="stranger")
    negative = lines(1, product_code="P-BAD", quantity="-1", line_id="negative")
    november = partner.event([*lines(2, unit_price="12.50"), *stranger, *negative], invoice_id="INV-11")
    await partner.publish(november)
    run = await partner.sync()
    assert run["state"] == "partial"
    return str(run["run_id"])


TABLET = Look(800, 1100)


@pytest.mark.parametrize("look", [*SCREENS, TABLET], ids=str)
async def test_history_can_be_read_by_everybody(visitors: Visitors, partner: Partner, look: Look) -> None:
    run_id = await two_months(partner)
    page = await visitors.page(look)
    await enter(page, partner.api_key, f"/portal/{partner.name}/history")
    await expect(page.get_by_role("img", name="What became of the last 2 invoices")).to_be_visible()
    await page.get_by_text("Show these numbers as a table").click()
    await expect(page.locator("details").get_by_role("row", name="November 2026")).to_contain_text("Partly done")
    await accessible_in_both_colours(page, "history")
    await inside_its_card(page)

    await page.goto(f"/portal/{partner.name}/runs/{run_id}")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sync of November 2026")
    rows = page.get_by_role("row").filter(has_text="<b>Nobody</b>")
    await expect(rows.filter(has_text="No active client of that name in Halo").first).to_be_visible()
    await accessible_in_both_colours(page, "run")


async def inside_its_card(page: Page) -> None:
    """Assert that no letter of the chart leaves the drawing or covers another of its line."""
    apart = await page.evaluate("""() => {
      const box = element => element.getBoundingClientRect();
      const drawing = box(document.querySelector("svg.chart"));
      return [".chart-month", ".chart-total", ".chart-scale"].every(kind => {
        const boxes = [...document.querySelectorAll(kind)].map(box).filter(one => one.width);
        const inside = boxes.every(one => one.left >= drawing.left - 1 && one.right <= drawing.right + 1);
        const touch = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
        return inside && boxes.every((a, i) => boxes.every((b, j) => i >= j || !touch(a, b)));
      });
    }""")
    assert apart


async def test_items_are_found_and_downloaded_by_keyboard(visitors: Visitors, partner: Partner) -> None:
    run_id = await two_months(partner)
    page = await visitors.page()
    await enter(page, partner.api_key, f"/portal/{partner.name}/runs/{run_id}")
    await page.get_by_label("Search", exact=True).focus()
    await page.keyboard.type("p-bad")
    await page.keyboard.press("Enter")
    await expect(page.locator(ITEM_ROWS)).to_have_count(1)
    await expect(page.locator("table.items")).to_contain_text("Negative quantity")
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Download these as CSV").focus()
        await page.keyboard.press("Enter")
    file = await (await started.value).path()
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8"))))
    assert [row["product_code"] for row in rows] == ["P-BAD"]


async def test_history_needs_no_scripts(visitors: Visitors, partner: Partner) -> None:
    await two_months(partner)
    page = await visitors.page(PHONE, javascript=False)
    await enter(page, partner.api_key, f"/portal/{partner.name}/history")
    await page.get_by_text("Show these numbers as a table").click()
    await (
        page.locator("details").get_by_role("row", name="November 2026").get_by_role("link", name="Partly done").click()
    )
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sync of November 2026")
    await page.get_by_label("Outcome").select_option(label="Failed (1)")
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(page.locator(ITEM_ROWS)).to_have_count(1)


async def test_the_page_of_a_run_follows_the_run(visitors: Visitors, partner: Partner) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(3)))
    write = {"method": "POST", "path": "SoftwareLicence"}
    await partner.halo.add_fault(partner.tenant, match=write, times=1, delay_s=3.0)
    page = await visitors.page()
    await let_in(page, partner.api_key)
    run_id = await partner.start()
    await page.goto(f"/portal/{partner.name}/runs/{run_id}")
    badge = page.locator("#run-title .badge")
    await expect(page.locator("#sync-panel")).to_contain_text("A Sync is going on")
    await expect(badge).not_to_contain_text("Succeeded")
    # Nothing is loaded by hand from here on.
    await expect(badge).to_contain_text("Succeeded", timeout=PATIENCE_MS)
    await expect(page.locator(".stat").filter(has_text="Synced")).to_contain_text("3")
    await expect(page.locator(ITEM_ROWS)).to_have_count(3)
