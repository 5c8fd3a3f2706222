"""What a Sync holds, and its undo, in the browser, beside the pages that lead to it; in every look."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.accessibility import accessible_in_both_colours
from tests.browser.looks import SCREENS
from tests.browser.visiting import let_in
from tests.partner import Partner, lines

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


async def numbers_stand_first(page: Page, code: str) -> None:
    """Assert that the card of a row has its numbers side by side, before everything that is no number."""
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=code))
    tops = []
    for label in ("Quantity", "Price", "Action"):
        box = await row.locator(f"td[data-label^={label}]").bounding_box()
        assert box is not None
        tops.append(box["y"])
    assert tops[0] == tops[1] < tops[2], tops


async def approve_by_keyboard(page: Page, row: Locator, told: Locator) -> None:
    """Take the tick of a row away, give it again, and go back to the bar above the rows: only keys are pressed."""
    await row.focus()
    await page.keyboard.press("Space")
    await expect(told).to_have_text("Nothing is ticked")
    await page.keyboard.press("Space")
    await expect(told).to_have_text(re.compile(r"^1 change ticked"))
    for _ in range(60):
        await page.keyboard.press("Shift+Tab")
        if await page.evaluate("document.activeElement.innerText.trim() === 'Approve what is ticked'"):
            break
    await page.keyboard.press("Enter")


async def keep_by_keyboard(page: Page, told: Locator) -> None:
    """Tick two rows of what is still held and keep the licence of one: that takes its tick, and leaves the other."""
    await page.get_by_role("link", name="one by one").click()
    for code in ("P-11", "P-12"):
        await page.get_by_role("checkbox", name=f"Contoso {code}").focus()
        await page.keyboard.press("Space")
    await expect(told).to_have_text(re.compile(r"^2 changes ticked: \u2212AUD"))
    row = page.get_by_role("row").filter(has_text="P-12")
    await row.get_by_role("button", name="Keep #").press("Enter")
    await expect(page.get_by_role("row").filter(has_text="P-12")).to_contain_text("Kept")
    await expect(told).to_have_text(re.compile(r"^1 change ticked: \u2212AUD"))
    await expect(page.get_by_role("checkbox", name="Contoso P-11")).to_be_checked()


@pytest.mark.parametrize("page", SCREENS, indirect=True, ids=str)
async def test_held_changes_are_approved_one_by_one_and_an_undo_is_seen_first(page: Page, partner: Partner) -> None:
    here = f"/portal/{partner.name}"
    await partner.connect()
    await partner.publish(partner.event(lines(14)))
    first = await partner.start()
    await partner.finished(first)
    await partner.publish(partner.event(lines(1), revision=2))
    held = await partner.sync()
    assert held["counters"]["held"] == 13
    await let_in(page, partner.api_key)

    for name in ("month", "report", f"runs/{held['run_id']}", "search?q=P-1", "search?q=nothing-like-it"):
        await page.goto(f"{here}/{name}")
        await accessible_in_both_colours(page, name.replace(held["run_id"], "held"))

    await page.goto(f"{here}/runs/{held['run_id']}")
    await page.get_by_role("link", name="one by one").click()
    await accessible_in_both_colours(page, "held")
    told = page.locator("[data-told]")
    await page.get_by_label("All of Contoso on this page").check()
    await expect(told).to_have_text(re.compile(r"^13 changes ticked: \u2212AUD.*Monthly$"))
    await page.get_by_label("All of Contoso on this page").uncheck()
    await page.get_by_role("checkbox", name="Contoso P-13").check()
    await page.reload()  # ticks are kept
    await expect(told).to_have_text(re.compile(r"^1 change ticked: \u2212AUD"))
    last = page.get_by_role("checkbox", name="Contoso P-13")
    await last.scroll_into_view_if_needed()
    await expect(page.get_by_role("button", name="Approve what is ticked")).to_be_in_viewport()
    await expect(told).to_be_in_viewport()  # the bar stays, on the phone too
    if await page.evaluate("innerWidth") < 500:
        await numbers_stand_first(page, "P-13")
    await approve_by_keyboard(page, last, told)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sync of November 2026")
    await expect(page.get_by_text("12 changes are held")).to_be_visible()

    await keep_by_keyboard(page, told)

    await page.goto(f"{here}/runs/{first}")
    await page.get_by_role("button", name="Preview an undo of this run").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Preview of an undo, November 2026")
    await expect(page.get_by_role("heading", name="Undo", exact=True)).to_be_visible()
    await accessible_in_both_colours(page, "undo-preview")

    await page.goto(f"{here}/webhooks")
    await accessible_in_both_colours(page, "webhooks-none")
    await page.get_by_label("Address").fill("https://example.com/halosync")
    await page.get_by_role("button", name="Create webhook").click()
    await accessible_in_both_colours(page, "webhook-created")
    await page.goto(f"{here}/webhooks")
    await accessible_in_both_colours(page, "webhooks")
    await page.get_by_role("link", name="https://example.com/halosync").click()
    await accessible_in_both_colours(page, "webhook")
