"""A month from the sign-in to its certificate, and an undo, without a mouse: only keys are pressed."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.accessibility import accessible
from tests.browser.looks import DESKTOP, PHONE, Look
from tests.browser.pressing import choose, search, sign_in_by_keyboard, tab_to
from tests.browser.visiting import Visitors
from tests.partner import Partner, lines

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


@pytest.mark.parametrize("look", [DESKTOP, PHONE], ids=str)
async def test_three_differences_are_mended_or_accepted_and_the_month_closed(
    visitors: Visitors, partner: Partner, look: Look
) -> None:
    await partner.halo.add_clients(partner.tenant, {"id": 9, "name": "Fabrikam"})
    await partner.connect()
    twice = lines(1, customer_id="C-2", customer_name="Fabrikam", line_id="a")
    stranger = lines(1, customer_id="C-9", customer_name="Stranger", line_id="s")
    credit = lines(1, product_code="CREDIT", quantity="-2", line_id="c")
    await partner.publish(partner.event([*lines(2), *twice, *stranger, *credit]))
    assert (await partner.sync())["state"] == "partial"
    page = await visitors.page(look)
    deep = f"/portal/{partner.name}/month?period=2026-11"
    await sign_in_by_keyboard(page, partner.api_key, deep)
    await expect(page).to_have_url(re.compile(re.escape(deep) + "$"))  # the address survives the sign-in
    await expect(page.get_by_text("3 licences keep this month open.")).to_be_visible()

    await choose(page, "Link the customers")
    await expect(page.get_by_role("heading", level=1, name="Not matched")).to_be_visible()
    await tab_to(page, "Link Fabrikam to")
    await page.keyboard.type("Fabrikam #9")
    await expect(page.get_by_text("1 customer ticked: AUD")).to_be_visible()  # what is chosen is ticked
    await tab_to(page, "Skip to the content")
    await choose(page, "Link")
    await expect(page.get_by_text("1 customer linked.")).to_be_visible()
    await choose(page, "Stranger", "Space")
    await tab_to(page, "Skip to the content")
    await choose(page, "Exclude")
    await expect(page.get_by_text("1 customer is excluded")).to_be_visible()
    await choose(page, "Go to Sync")
    await expect(page.get_by_role("heading", level=1, name="November 2026")).to_be_visible()
    await choose(page, "Sync")
    await expect(page.get_by_text("1 licence keeps this month open.")).to_be_visible()

    await choose(page, "Show it")
    await expect(page.get_by_role("heading", level=2, name="Negative quantity")).to_be_visible()
    await choose(page, "Accept as it is")
    await tab_to(page, "Why it is right as it is")
    await page.keyboard.type("Credited by hand.")
    await accessible(page)
    await tab_to(page, "Why it is right as it is")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Accepted as it is.")).to_be_visible()
    await choose(page, "Close November 2026")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Certificate: November 2026")
    assert (9, "P-0") in await partner.licences()


@pytest.mark.parametrize("look", [DESKTOP, PHONE], ids=str)
async def test_a_run_is_found_by_search_and_undone(visitors: Visitors, partner: Partner, look: Look) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(2)))
    run = await partner.sync()
    page = await visitors.page(look)
    await sign_in_by_keyboard(page, partner.api_key)
    await expect(page.get_by_role("heading", name="November 2026", exact=True)).to_be_visible()
    await search(page, run["run_id"][:8])
    await expect(page.get_by_role("heading", level=1, name="Search")).to_be_visible()
    await choose(page, "Sync of November 2026")
    await expect(page.get_by_role("heading", level=1, name="Sync of November 2026")).to_be_visible()
    await choose(page, "Preview an undo of this run")
    await expect(page.get_by_role("heading", name="2 licences would be deleted")).to_be_visible()
    await accessible(page)
    await choose(page, "Undo 2 changes")
    await expect(page.get_by_role("heading", level=1, name="Undo of November 2026")).to_be_visible()
    await expect(page.get_by_text("Succeeded")).to_be_visible()
    assert await partner.licences() == {}
