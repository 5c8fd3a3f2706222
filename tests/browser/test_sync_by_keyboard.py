"""From the sign-in to approved removals without a mouse: only keys are pressed, and the focus leads everywhere."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.looks import DESKTOP_DARK, PHONE, Look
from tests.browser.visiting import Visitors
from tests.partner import Partner, lines

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

MOST_TABS = 150
_FOCUSED = """words => {
  const element = document.activeElement;
  const label = element.labels?.[0]?.innerText ?? element.innerText ?? '';
  return label.trim().startsWith(words);
}"""


async def tab_to(page: Page, words: str) -> None:
    """Press the tab key until something with these words has the focus."""
    for _ in range(MOST_TABS):
        await page.keyboard.press("Tab")
        if await page.evaluate(_FOCUSED, words):
            return
    raise AssertionError(f"the tab key never comes to {words!r}")


@pytest.mark.parametrize("look", [DESKTOP_DARK, PHONE], ids=str)
async def test_an_invoice_is_synchronised_and_its_removals_approved(
    visitors: Visitors, partner: Partner, look: Look
) -> None:
    page = await visitors.page(look)
    await partner.connect()
    await partner.publish(partner.event(lines(20)))
    await page.goto("/sign-in")
    await tab_to(page, "API key")
    await page.keyboard.type(partner.api_key)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="November 2026", exact=True)).to_be_visible()
    await tab_to(page, "Sync")  # on the month page, where the sign-in leads to
    await page.keyboard.press("Enter")
    await expect(page.locator("#sync-panel")).to_contain_text("20 items are as the invoice says")
    await tab_to(page, "Contoso")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1, name="Contoso")).to_be_visible()
    await tab_to(page, "Report")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Report: November 2026")).to_be_visible()

    await partner.publish(partner.event(lines(1), revision=2))
    await page.reload()
    await tab_to(page, "Preview")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="19 removals are held until you approve them")).to_be_visible()
    await tab_to(page, "I have looked at all 19")
    await page.keyboard.press("Space")
    await tab_to(page, "Approve 19 removals")
    await page.keyboard.press("Enter")
    await expect(page.locator("#sync-panel")).to_contain_text("20 items are as the invoice says")
    assert len(await partner.licences()) == 1
