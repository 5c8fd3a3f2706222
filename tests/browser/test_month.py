"""The month in Chromium: what differs, a difference accepted, the month closed; in every look."""

import pytest
from playwright.async_api import expect

from tests.browser.accessibility import accessible_in_both_colours
from tests.browser.looks import SCREENS, Look
from tests.browser.visiting import Visitors, sign_in
from tests.partner import Partner, lines

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


@pytest.mark.parametrize("look", SCREENS, ids=str)
async def test_a_month_is_closed_by_somebody_who_has_seen_what_differs(
    visitors: Visitors, partner: Partner, look: Look
) -> None:
    await partner.connect()
    stranger = lines(
        1, customer_id="C-9", customer_name="A name as long as one likes " * 6, line_id="s", unit_price="1200"
    )
    await partner.publish(partner.event([*lines(3, unit_price="12.50"), *stranger]))
    assert (await partner.sync())["state"] == "succeeded"
    page = await visitors.page(look)
    await sign_in(page, partner.api_key)
    await page.goto(f"/portal/{partner.name}/month")
    await expect(page.get_by_role("heading", level=1)).to_have_text("November 2026")
    await expect(page.get_by_text("Not synchronised:")).to_be_visible()
    await accessible_in_both_colours(page, f"month-{look.width}")
    await page.get_by_role("link", name="No active client of that name in Halo").click()
    await page.get_by_text("Accept as it is").click()
    await accessible_in_both_colours(page, f"month-rows-{look.width}")
    await page.get_by_label("Why it is right as it is").fill("Billed by hand.")
    await page.get_by_role("button", name="Accept").click()
    await page.get_by_role("button", name="Close November 2026").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Certificate: November 2026")
    await accessible_in_both_colours(page, f"certificate-{look.width}")
