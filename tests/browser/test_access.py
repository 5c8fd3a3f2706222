"""Settings, API keys and the audit log in the browser: in every look, by keyboard alone, and without scripts."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.accessibility import accessible_in_both_colours
from tests.browser.looks import SCREENS
from tests.browser.visiting import Visitors, enter
from tests.partner import Partner

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


@pytest.mark.parametrize("page", SCREENS, indirect=True, ids=str)
async def test_every_step_is_accessible(page: Page, partner: Partner, visitors: Visitors) -> None:
    here = f"/portal/{partner.name}"
    visitors.watch.expect(422, f"{here}/settings")
    visitors.watch.expect(422, f"{here}/keys")
    await enter(page, partner.api_key, f"{here}/settings")
    await accessible_in_both_colours(page, "settings")
    await page.get_by_label("Day of the month").fill("31")
    await page.get_by_label("More than this number of licences").fill("ten")
    await page.get_by_role("button", name="Save settings").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await accessible_in_both_colours(page, "settings-errors")
    await page.get_by_label("Day of the month").fill("7")
    await page.get_by_label("More than this number of licences").fill("20")
    await page.get_by_label("Deactivate it").check()
    await page.get_by_label("Country of the public holidays").select_option("Australia")
    await page.get_by_role("button", name="Save settings").click()
    await expect(page.get_by_role("status").filter(has_text="Saved:")).to_be_visible()
    await accessible_in_both_colours(page, "settings-saved")

    await page.goto(f"{here}/keys")
    await accessible_in_both_colours(page, "keys")
    await page.get_by_role("button", name="Create key").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await accessible_in_both_colours(page, "keys-errors")
    await page.get_by_label("Name").fill("Accounting")
    await page.get_by_role("button", name="Create key").click()
    await expect(page.get_by_role("heading", name="Your new API key")).to_be_visible()
    await accessible_in_both_colours(page, "key-created")
    await page.get_by_role("link", name="I have copied it").click()
    await page.get_by_role("link", name="Revoke… Accounting").click()
    await accessible_in_both_colours(page, "key-revoke")
    await page.get_by_role("button", name="Revoke the key").click()
    await expect(page.get_by_role("status").filter(has_text="Revoked: Accounting")).to_be_visible()
    await accessible_in_both_colours(page, "keys-revoked")

    await page.goto(f"{here}/audit")
    await expect(page.get_by_text('Revoked the API key "Accounting".')).to_be_visible()
    await accessible_in_both_colours(page, "audit")


async def test_the_new_key_is_copied_and_gone_after(page: Page, partner: Partner) -> None:
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await enter(page, partner.api_key, f"/portal/{partner.name}/keys")
    await page.get_by_label("Name").fill("Accounting")
    await page.get_by_role("button", name="Create key").click()
    await page.get_by_role("button", name="Copy the API key").click()
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("hs_")
    await page.reload()  # the form is sent again
    await expect(page.get_by_text("was created already")).to_be_visible()
    assert copied not in await page.content()
    await expect(page.get_by_role("row").filter(has_text="Accounting")).to_have_count(1)


async def test_by_keyboard_alone(page: Page, partner: Partner) -> None:
    await enter(page, partner.api_key, f"/portal/{partner.name}/settings")
    await page.get_by_label("Synchronise each invoice").focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("Tab")
    await expect(page.get_by_label("Ask before the first Sync")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.get_by_label("Delete it in Halo")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Saved: automatic sync from off to on")).to_be_visible()
    assert (await partner.get("/settings"))["removal"] == "deactivate"


async def test_without_scripts(visitors: Visitors, partner: Partner) -> None:
    page = await visitors.page(javascript=False)
    await enter(page, partner.api_key, f"/portal/{partner.name}/settings")
    await page.get_by_label("Purchase price").check()
    await page.get_by_role("button", name="Save settings").click()
    await expect(page.get_by_text("Saved: where the price goes")).to_be_visible()
    await page.goto(f"/portal/{partner.name}/keys")
    await page.get_by_label("Name").fill("Accounting")
    await page.get_by_role("button", name="Create key").click()
    assert (await page.locator(".copyable code").inner_text()).startswith("hs_")
    await page.goto(f"/portal/{partner.name}/audit")
    await page.get_by_label("What", exact=True).select_option("Settings changed")
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(page.locator("tbody tr")).to_have_count(1)
