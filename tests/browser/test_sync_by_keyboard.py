"""From the sign-in to approved removals without a mouse: only keys are pressed, and the focus leads everywhere."""

import pytest
from playwright.async_api import expect

from tests.browser.looks import DESKTOP_DARK, PHONE, Look
from tests.browser.pressing import choose, sign_in_by_keyboard
from tests.browser.visiting import Visitors
from tests.partner import Partner, lines

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


@pytest.mark.parametrize("look", [DESKTOP_DARK, PHONE], ids=str)
async def test_an_invoice_is_synchronised_and_its_removals_approved(
    visitors: Visitors, partner: Partner, look: Look
) -> None:
    page = await visitors.page(look)
    await partner.connect()
    await partner.publish(partner.event(lines(20)))
    await sign_in_by_keyboard(page, partner.api_key)
    await expect(page.get_by_role("heading", name="November 2026", exact=True)).to_be_visible()
    await choose(page, "Sync")  # on the month page, where the sign-in leads to
    await expect(page.locator("#sync-panel")).to_contain_text("20 items are as the invoice says")
    await choose(page, "Contoso")
    await expect(page.get_by_role("heading", level=1, name="Contoso")).to_be_visible()
    await choose(page, "Report")
    await expect(page.get_by_role("heading", name="Report: November 2026")).to_be_visible()

    await partner.publish(partner.event(lines(1), revision=2))
    await page.reload()
    await choose(page, "Preview")
    await expect(page.get_by_role("heading", name="19 removals are held until you approve them")).to_be_visible()
    await choose(page, "I have looked at all 19", "Space")
    await choose(page, "Approve 19 removals")
    await expect(page.locator("#sync-panel")).to_contain_text("20 items are as the invoice says")
    assert len(await partner.licences()) == 1
