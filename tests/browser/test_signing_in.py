"""Signing in and out in a browser: with the mouse, by keyboard alone, without scripts, and with what is no key."""

import re

import pytest
from devstack.stack import Stack
from playwright.async_api import Locator, Page, expect

from tests.browser.accessibility import accessible_in_both_colours
from tests.browser.looks import PHONE, SCREENS, Look
from tests.browser.visiting import Visitors, sign_in
from tests.partner import Partner

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


@pytest.mark.parametrize("look", SCREENS, ids=str)
async def test_a_wrong_key_is_explained_and_the_right_one_opens_the_portal_until_signing_out(
    visitors: Visitors, partner: Partner, look: Look
) -> None:
    visitors.watch.expect(422, "/sign-in")
    page = await visitors.page(look)
    await page.goto(f"/portal/{partner.name}/halo-psa")
    await expect(page).to_have_title("Sign in \N{EN DASH} Converge")
    await accessible_in_both_colours(page, "sign-in")
    await page.get_by_label("API key").fill("hs_wrong")
    await page.get_by_role("button", name="Sign in").click()
    explained = re.compile("It begins with hs_.*unknown or was revoked.*ask the person who manages the API keys")
    await expect(page.get_by_label("API key")).to_have_accessible_description(explained)
    await expect(page.get_by_label("API key")).to_have_value("")
    await accessible_in_both_colours(page, "wrong-key")
    await page.get_by_label("API key").fill(partner.api_key)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Halo PSA", level=1)).to_be_visible()  # where it was on the way to
    (session,) = [cookie for cookie in await page.context.cookies() if "session" in cookie.get("name", "")]
    assert (session.get("httpOnly"), session.get("sameSite"), session.get("expires")) == (True, "Lax", -1)
    assert await page.evaluate("document.cookie") == ""
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.go_back()  # what was shown is not kept, so going back shows nothing of it
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_by_keyboard_alone(page: Page, partner: Partner) -> None:
    await page.goto("/sign-in")
    await reach(page, page.get_by_label("API key"))
    await page.keyboard.type(partner.api_key)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Halo PSA", level=1)).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await reach(page, page.get_by_role("button", name="Sign out"))
    await page.keyboard.press("Space")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def reach(page: Page, wanted: Locator) -> None:
    """Press the tab key until the focus is there."""
    for _ in range(30):
        await page.keyboard.press("Tab")
        if await wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"the tab key does not reach {wanted}")


async def test_without_scripts(visitors: Visitors, partner: Partner) -> None:
    visitors.watch.expect(422, "/sign-in")
    page = await visitors.page(PHONE, javascript=False)
    await sign_in_with(page, "hs_wrong")
    await expect(page.get_by_text("unknown or was revoked")).to_be_visible()
    await sign_in_with(page, partner.api_key)
    await expect(page.get_by_role("heading", name="Halo PSA", level=1)).to_be_visible()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def sign_in_with(page: Page, api_key: str) -> None:
    await page.goto("/sign-in")
    await page.get_by_label("API key").fill(api_key)
    await page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("following", ["//evil.example/", "https:evil.example", "/\\evil.example"])
async def test_an_address_of_somebody_else_leads_home(
    page: Page, partner: Partner, stack: Stack, following: str
) -> None:
    await page.goto(f"/sign-in?next={following}")
    await page.get_by_label("API key").fill(partner.api_key)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page).to_have_url(f"{stack.http_url}/portal/{partner.name}/halo-psa")


async def test_a_key_that_is_revoked_ends_what_it_opened(visitors: Visitors, partner: Partner) -> None:
    created = (await partner.api.post(f"{partner.path}/keys", json={"name": "Shared screen"})).json()
    page = await visitors.page()
    await sign_in(page, created["api_key"])
    (await partner.api.delete(f"{partner.path}/keys/{created['key_id']}")).raise_for_status()
    await page.get_by_role("link", name="Settings").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
