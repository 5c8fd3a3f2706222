"""The report in the browser: read, filtered, sorted, searched and downloaded; with the keyboard, without scripts."""

import asyncio
import csv
import io

import pytest
from playwright.async_api import Page, expect

from tests.browser.accessibility import accessible_in_both_colours
from tests.browser.looks import PHONE, SCREENS, Look
from tests.browser.pressing import search
from tests.browser.visiting import Visitors, enter, let_in
from tests.partner import Partner, lines

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

NUMBERS = """() => {
  const isNumber = (cell) => cell.getClientRects().length
    && cell.closest("table").tHead?.rows[0].cells[cell.cellIndex]?.matches(".number");
  const shown = [...document.querySelectorAll("main td")].filter(isNumber);
  const lines = (text) => {
    const range = document.createRange();
    range.selectNodeContents(text);
    return new Set([...range.getClientRects()].map((each) => Math.round(each.top))).size;
  };
  const isText = (node) => node.nodeType === 3 && node.data.trim();
  const texts = shown.flatMap((each) => [...each.childNodes].filter(isText));
  const edges = {};
  for (const each of shown) {
    const cell = each.closest("td"), table = [...document.querySelectorAll("table")].indexOf(each.closest("table"));
    (edges[`${table} ${cell.cellIndex}`] ??= new Set()).add(Math.round(cell.getBoundingClientRect().right));
  }
  return {
    count: texts.length,
    broken: texts.filter((each) => lines(each) > 1).map((each) => each.data),
    ragged: Object.entries(edges).filter(([, right]) => right.size > 1).map(([place]) => place),
    top: Math.min(...shown.map((each) => each.getBoundingClientRect().bottom)),
  };
}"""
"""The amounts of a page: which are broken into lines, which columns are not straight, where the first is."""


async def synced(partner: Partner) -> None:
    """Sync an invoice of 60 lines, one of a customer that Halo does not know."""
    await partner.connect()
    stranger = {**lines(1)[0], "line_id": "s", "customer_id": "C-9", "customer_name": "Zeta & Søns"}
    await partner.publish(partner.event([*lines(59), stranger]))
    await partner.sync()


async def report(page: Page, partner: Partner) -> None:
    """Open the report of such an invoice."""
    await synced(partner)
    await enter(page, partner.api_key, f"/portal/{partner.name}/report")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Report: November 2026")


@pytest.mark.parametrize("page", SCREENS, indirect=True, ids=str)
async def test_the_report_is_accessible_whatever_it_shows(page: Page, partner: Partner) -> None:
    await enter(page, partner.api_key, f"/portal/{partner.name}/report")
    await accessible_in_both_colours(page, "report-empty")
    await synced(partner)
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Report: November 2026")
    await accessible_in_both_colours(page, "report")
    for query in ("?status=attention", "?q=nothing-has-this-name", "?customer=C-9"):
        await page.goto(f"/portal/{partner.name}/report{query}")
        await accessible_in_both_colours(page, f"report-{query}")


async def test_lines_are_found_sorted_and_paged(page: Page, partner: Partner) -> None:
    await report(page, partner)
    await expect(page.get_by_text("1 to 50 of 60 lines")).to_be_visible()
    await page.get_by_role("link", name="Next").click()
    await expect(page.get_by_text("51 to 60 of 60 lines")).to_be_visible()
    await page.get_by_role("link", name="Show the 1 line that needs attention").click()
    row = page.locator("table.lines tbody tr:not(.customer)")
    await expect(row).to_have_count(1)
    await expect(row).to_contain_text("No active client of that name in Halo")
    link = row.get_by_role("link", name="Link the customer")
    await expect(link).to_have_attribute("href", f"/portal/{partner.name}/customers?q=Zeta+%26+S%C3%B8ns")
    await page.get_by_role("link", name="Show all", exact=True).click()
    await page.get_by_role("columnheader", name="Quantity").get_by_role("link").click()
    await expect(page.get_by_role("columnheader", name="Quantity")).to_have_attribute("aria-sort", "descending")
    await page.get_by_role("columnheader", name="Quantity").get_by_role("link").click()
    await expect(page.get_by_role("columnheader", name="Quantity")).to_have_attribute("aria-sort", "ascending")
    await page.go_back()
    await expect(page.get_by_role("columnheader", name="Quantity")).to_have_attribute("aria-sort", "descending")


async def test_the_keyboard_alone_filters(page: Page, partner: Partner) -> None:
    await report(page, partner)
    search = page.get_by_label("Search", exact=True)
    await search.focus()
    await page.keyboard.type("søns")
    await page.keyboard.press("Enter")
    await expect(page.locator("table.lines tbody th > a")).to_have_text(["Zeta & Søns"])
    await expect(search).to_have_value("søns")


async def test_everything_works_without_scripts_on_a_phone(visitors: Visitors, partner: Partner) -> None:
    page = await visitors.page(PHONE, javascript=False)
    await report(page, partner)
    await page.get_by_label("Status").select_option(label="Skipped (1)")
    await page.locator(".line-filters").get_by_role("button", name="Show", exact=True).click()
    await expect(page.locator("table.lines tbody th > a")).to_have_text(["Zeta & Søns"])
    # The head says what a cell is: the table is moved in its box, and nothing is wider than the screen.
    await expect(page.get_by_role("columnheader", name="Unit price (AUD)")).to_be_visible()
    box = "(box => box.scrollWidth > box.clientWidth)(document.querySelector('table.lines').parentElement)"
    assert await page.evaluate(box)
    assert await page.evaluate("document.documentElement.scrollWidth <= 375")
    await page.evaluate("document.querySelector('table.lines').parentElement.scrollLeft = 1000")
    status = page.locator("table.lines tbody td").last
    await expect(status).to_be_in_viewport()
    head = await page.get_by_role("rowheader", name="Zeta & Søns").bounding_box()
    assert head is not None
    assert 0 <= head["x"] <= PHONE.width - head["width"], "the head stays beside what is moved"


async def test_the_head_of_the_table_stays_in_view(page: Page, partner: Partner) -> None:
    await report(page, partner)
    await page.get_by_role("link", name="Next").scroll_into_view_if_needed()
    head = await page.locator("table.lines thead th").first.bounding_box()
    assert head is not None
    assert head["y"] == pytest.approx(0, abs=1)


async def test_the_file_has_what_is_shown(page: Page, partner: Partner) -> None:
    await report(page, partner)
    await page.goto(f"/portal/{partner.name}/report?q=søns")
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Download these as CSV").click()
    download = await started.value
    assert download.suggested_filename == "invoice-2026-11.csv"
    text = await asyncio.to_thread((await download.path()).read_text, "utf-8")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [(row["customer_name"], row["outcome"], row["reason"]) for row in rows] == [
        ("Zeta & Søns", "skipped", "customer_not_found")
    ]


async def test_rows_are_folded_set_closer_counted_and_searched(page: Page, partner: Partner) -> None:
    await report(page, partner)
    rows = page.locator("table.lines tbody tr:not(.customer)")
    fold = page.get_by_role("button", name="Rows of Contoso")
    await fold.click()
    await expect(rows.first).to_be_hidden()
    await expect(fold).to_have_attribute("aria-expanded", "false")
    await fold.click()
    await expect(rows.first).to_be_visible()
    high = await height(page)
    await page.get_by_role("button", name="Compact").click()
    await expect(page.get_by_role("button", name="Compact")).to_have_attribute("aria-pressed", "true")
    assert await height(page) < high
    await page.get_by_role("link", name="200 rows a page").click()
    await expect(page.get_by_text("1 to 60 of 60 lines")).to_be_visible()
    await expect(rows).to_have_count(60)
    await expect(page.get_by_role("button", name="Compact")).to_have_attribute("aria-pressed", "true")
    await search(page, "Zeta")
    await expect(page.get_by_role("link", name="Zeta & Søns").first).to_be_visible()


async def height(page: Page) -> float:
    """Return how high the first row of a line is."""
    box = await page.locator("table.lines tbody tr:not(.customer)").first.bounding_box()
    assert box is not None
    return box["height"]


@pytest.mark.parametrize("look", SCREENS, ids=str)
async def test_no_amount_is_broken_and_numbers_of_a_kind_stand_below_each_other(
    visitors: Visitors, partner: Partner, look: Look
) -> None:
    await synced(partner)
    page = await visitors.page(look)
    await let_in(page, partner.api_key)
    for place in ("report", "month", "customer/C-1"):
        await page.goto(f"/portal/{partner.name}/{place}")
        found = await page.evaluate(NUMBERS)
        assert found["count"] > 0, place
        assert found["broken"] == [], place
        if look.width > 1000:
            assert found["ragged"] == [], place
            assert found["top"] < 800, place
