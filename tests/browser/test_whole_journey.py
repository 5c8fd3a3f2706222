"""An administrator's first month: sign in, connect, preview, Sync, map what was missing, Sync again, sign out."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.visiting import sign_in
from tests.partner import APPLICATION, Partner, lines

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


async def open_tab(page: Page, title: str) -> None:
    await page.get_by_role("navigation", name="Portal").get_by_role("link", name=title, exact=True).click()
    await expect(page.locator("[aria-current=page]")).to_have_text(title)


async def test_from_the_sign_in_to_a_finished_sync_and_out_again(page: Page, partner: Partner) -> None:
    known = lines(3, quantity="4")
    unknown = [{**one, "line_id": "u"} for one in lines(1, customer_id="C-9", customer_name="Fabrikam Limited")]
    await partner.halo.add_licences(partner.tenant, {"client_id": 1, "name": "P-0", "count": 2, "price": 10})
    await partner.halo.add_licences(partner.tenant, {"client_id": 1, "name": "GONE", "count": 1, "price": 5})
    await partner.publish(partner.event(known + unknown))

    await page.goto("/")
    await sign_in(page, partner.api_key)
    await page.get_by_label("Tenant").fill(partner.tenant)
    await page.get_by_label("Client ID", exact=True).fill(APPLICATION)
    await page.get_by_role("button", name="Connect").click()
    await page.get_by_role("link", name="report", exact=True).click()
    await expect(page.get_by_role("heading", name="Report: November 2026")).to_be_visible()

    panel = page.locator("#sync-panel")
    await panel.get_by_role("button", name="Preview").click()
    await expect(page.get_by_role("heading", name="1 licence would be deleted")).to_be_visible()
    await expect(page.locator("#removals")).to_contain_text("GONE")
    assert await partner.licences() == {(1, "P-0"): 2, (1, "GONE"): 1}, "a preview writes nothing"
    await page.get_by_role("button", name="Sync", exact=True).first.click()
    await expect(panel).to_contain_text("4 items are as the invoice says, 1 was skipped")
    await open_tab(page, "Report")
    await expect(page.locator("#report-counters .stat").first).to_contain_text("4")
    assert await partner.licences() == {(1, "P-0"): 4, (1, "P-1"): 4, (1, "P-2"): 4}

    await page.get_by_role("link", name="Link the customer").first.click()
    await page.get_by_role("checkbox").first.check()
    await page.get_by_role("button", name="Accept 1 ticked suggestion").click()
    await expect(page.get_by_role("status").first).to_contain_text("linked")
    await page.get_by_role("link", name="Go to Sync").click()
    await panel.get_by_role("button", name="Sync", exact=True).click()
    await expect(panel).to_contain_text("4 items are as the invoice says")
    assert await partner.licences() == {(1, "P-0"): 4, (1, "P-1"): 4, (1, "P-2"): 4, (2, "P-0"): 1}

    await open_tab(page, "History")
    await expect(page.get_by_role("link", name=re.compile("^Sync "))).to_have_count(2)
    await page.get_by_role("link", name="Accounts").click()
    await page.get_by_role("link", name="Audit log").click()
    for words in ("Connected the Halo", "Started preview", "Started Sync", "Linked"):
        await expect(page.get_by_role("table")).to_contain_text(words)
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
