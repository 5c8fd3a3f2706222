"""The first review in the browser, on every screen: read, a choice made, read again, approved (spec section 9)."""

import pytest
from playwright.async_api import expect

from tests.browser.accessibility import accessible_in_both_colours
from tests.browser.looks import DESKTOP_DARK, SCREENS, Look, picture
from tests.browser.visiting import Visitors, report
from tests.partner import Partner, lines

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


async def filled(partner: Partner) -> None:
    """Connect a Halo that others have filled: twelve other prices, three licences that are not on the invoice."""
    settings = await partner.get("/settings")
    put = await partner.api.put(f"{partner.path}/settings", json={**settings, "review_first_sync": True})
    put.raise_for_status()
    client = (await partner.halo.clients(partner.tenant))[0]["id"]
    priced = [
        {"client_id": client, "name": f"P-{n}", "count": n + 1.0, "price": 12.0 + n, "billing_cycle": "MONTHLY"}
        for n in range(12)
    ]
    stale = [
        {"client_id": client, "name": f"OLD-{n}", "count": 2.0, "price": 9.5, "billing_cycle": "Monthly"}
        for n in range(3)
    ]
    await partner.halo.add_licences(partner.tenant, *priced, *stale)
    await partner.connect()
    await partner.publish(partner.event(lines(14)))


@pytest.mark.parametrize("look", [*SCREENS, DESKTOP_DARK], ids=str)
async def test_the_review_is_read_chosen_and_approved(visitors: Visitors, partner: Partner, look: Look) -> None:
    await filled(partner)
    page = await visitors.page(look)
    await report(page, partner)
    await page.locator("#sync-panel").get_by_role("button", name="Preview").click()
    review = page.locator("#review")
    await expect(review).to_contain_text("The selling price of 12 licences would change")
    await expect(review).to_contain_text("3 licences would be removed")
    await accessible_in_both_colours(page, "first-review")
    await picture(page, f"first-review-{look}")
    card = review.get_by_role("listitem").filter(has_text="Leave prices alone")
    await card.get_by_role("button", name="Choose this and look again").click()
    await expect(page.get_by_text("Saved: where the price goes")).to_be_visible()
    await expect(page.locator("#review")).to_contain_text("3 licences would be removed")
    await expect(page.locator("#review")).not_to_contain_text("The selling price of 12 licences would change")
    await page.get_by_label("I have looked at these 3 changes").check()
    await page.get_by_role("button", name="Approve 3 changes and Sync").click()
    await expect(page.locator("#sync-panel")).to_contain_text("items are as the invoice says")
    held = await partner.halo.licences(partner.tenant)
    assert {row["name"] for row in held if row["name"].startswith("OLD")} == set()
    assert {row["price"] for row in held if row["name"] == "P-3"} == {15.0}
