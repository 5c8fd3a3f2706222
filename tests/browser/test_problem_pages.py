"""The page of a problem in Chromium: the navigation stays, and one button leads on; in every look."""

import pytest
from playwright.async_api import expect

from tests.browser.accessibility import accessible_in_both_colours
from tests.browser.looks import SCREENS, Look
from tests.browser.visiting import Visitors, sign_in
from tests.partner import Partner

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

# What a person can do too: a note of any length is taken from the clipboard.
_TOO_MUCH = """form => {
  const more = form.ownerDocument.createElement('textarea');
  more.name = 'more';
  more.value = 'x'.repeat(70000);
  form.append(more);
  form.submit();
}"""


@pytest.mark.parametrize("look", SCREENS, ids=str)
async def test_a_form_that_is_too_large_leads_back_to_its_page(
    visitors: Visitors, partner: Partner, look: Look
) -> None:
    settings = f"/portal/{partner.name}/settings"
    visitors.watch.expect(404, f"{settings}/nothing")
    visitors.watch.expect(413, settings)
    page = await visitors.page(look)
    await sign_in(page, partner.api_key)
    await page.goto(f"{settings}/nothing")
    await expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")
    await accessible_in_both_colours(page, f"not-found-{look.width}")
    await page.goto(settings)
    await page.locator("main form").first.evaluate(_TOO_MUCH)
    await expect(page.get_by_role("heading", level=1)).to_have_text("This is too large")
    await expect(page.get_by_role("link", name="Accounts")).to_be_visible()
    await accessible_in_both_colours(page, f"too-large-{look.width}")
    await page.get_by_role("link", name="Open the page again").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
