"""What a page is for stands in view without scrolling, and the navigation of a phone takes no more than its row."""

import pytest
from playwright.async_api import Page

from tests.browser.accessibility import accessible_in_both_colours
from tests.browser.looks import PHONE, Look
from tests.browser.visiting import Visitors, enter, let_in
from tests.partner import Partner, lines

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

LAPTOP = Look(1280, 800)


async def in_view(page: Page, rows: str) -> None:
    """Assert that the first of these rows ends above the lower edge of the window, on a page that is not scrolled."""
    box = await page.locator(rows).first.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < LAPTOP.height, box


async def test_the_first_row_is_in_view_where_a_question_or_a_reason_stands_above(
    visitors: Visitors, partner: Partner
) -> None:
    page = await visitors.page(LAPTOP)
    await partner.connect()
    await partner.publish(partner.event(lines(14)))
    await partner.sync()
    await partner.publish(partner.event(lines(1), revision=2))
    held = await partner.sync()
    assert held["counters"]["held"] == 13
    await enter(page, partner.api_key, f"/portal/{partner.name}/runs/{held['run_id']}")
    await in_view(page, "table.items tbody tr:not(.customer)")

    for number in (2, 3):
        issued = {"invoice_id": f"INV-2026-11-004{number}", "issued_at": f"2026-11-0{number + 4}T02:00:00Z"}
        await partner.publish(partner.event(lines(3), **issued))
    await page.goto(f"/portal/{partner.name}/report")
    await in_view(page, "table.lines tbody tr:not(.customer)")
    await accessible_in_both_colours(page, "question")
    await page.goto(f"/portal/{partner.name}/month")
    await in_view(page, "#month-totals tbody tr")


async def test_each_navigation_of_a_phone_is_one_row_that_shows_where_one_is(
    visitors: Visitors, partner: Partner
) -> None:
    page = await visitors.page(PHONE)
    await partner.connect()
    await let_in(page, partner.api_key)
    for place in ("month", "history", "halo-psa", "audit"):
        await page.goto(f"/portal/{partner.name}/{place}")
        rows = await page.eval_on_selector_all(
            ".tabs ul", "all => all.map(ul => new Set([...ul.children].map(li => li.offsetTop)).size)"
        )
        assert set(rows) == {1}, place
        shown = await page.eval_on_selector_all(
            ".tabs [aria-current]",
            "all => all.map(tab => tab.getBoundingClientRect()).every(box => box.left >= 0 && box.right <= innerWidth)",
        )
        assert shown, place
