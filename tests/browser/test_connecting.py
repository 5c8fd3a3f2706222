"""Accounts > Halo PSA in the browser: from the sign-in to a connected Halo and back, however Halo refuses."""

import re

import pytest
from devstack.stack import Stack
from playwright.async_api import Page, expect

from tests.browser.accessibility import accessible_in_both_colours
from tests.browser.looks import SCREENS
from tests.browser.visiting import Visitors, enter, sign_in
from tests.partner import APPLICATION, Partner

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


async def connect(page: Page, partner: Partner, client_id: str = APPLICATION) -> None:
    """Fill in the form and press Connect."""
    await page.get_by_label("Tenant").fill(partner.tenant)
    await page.get_by_label("Client ID", exact=True).fill(client_id)
    await page.get_by_role("button", name="Connect").click()


async def tabs(page: Page) -> list[str]:
    return await page.locator(".tabs").get_by_role("link").all_inner_texts()


@pytest.mark.parametrize("page", SCREENS, indirect=True, ids=str)
async def test_every_step_of_connecting_is_accessible(page: Page, partner: Partner, visitors: Visitors) -> None:
    visitors.watch.expect(422, "/sign-in")
    visitors.watch.expect(422, f"/portal/{partner.name}/halo-psa/connect")
    await page.goto("/")
    await accessible_in_both_colours(page, "sign-in")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await sign_in(page, partner.api_key)
    await accessible_in_both_colours(page, "not-connected")
    await page.get_by_role("button", name="Connect").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await accessible_in_both_colours(page, "connect-errors")
    await connect(page, partner)
    await expect(page.get_by_text("Halo is connected.")).to_be_visible()
    await accessible_in_both_colours(page, "connected")
    await page.get_by_role("button", name="Test connection").click()
    await expect(page.get_by_role("heading", name="What your Halo does")).to_be_visible()
    await accessible_in_both_colours(page, "connection-tested")
    await page.get_by_role("link", name="Back to Halo PSA").click()
    await page.get_by_role("link", name="Disconnect…").click()
    await accessible_in_both_colours(page, "disconnect")


async def test_halos_log_in_leads_back_and_the_tabs_appear(page: Page, partner: Partner) -> None:
    await partner.halo.change_settings(partner.tenant, automatic_login=False)
    await enter(page, partner.api_key, f"/portal/{partner.name}/halo-psa")
    assert await tabs(page) == [
        "History",
        "Accounts",
        "Halo PSA",
        "Settings",
        "People",
        "API keys",
        "Webhooks",
        "Audit log",
    ]
    await connect(page, partner)
    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_text("Halo is connected.")).to_be_visible()
    assert (await tabs(page))[:4] == ["Month", "Report", "Customers", "License"]
    await expect(page.locator(".facts")).to_contain_text(partner.tenant)
    await expect(page.locator(".facts")).to_contain_text("edit:softwarelicensing")

    await page.get_by_role("button", name="Test connection").click()
    await expect(page.get_by_text("Halo shows Converge 2 clients and 0 licences")).to_be_visible()
    await page.get_by_text("Show the facts").click()
    await expect(page.get_by_role("row").filter(has_text="licences: page 2")).to_have_count(0)  # there is none
    await expect(page.get_by_role("row").filter(has_text="authinfo: server")).to_contain_text("this Halo's own")
    await page.get_by_role("link", name="Back to Halo PSA").click()
    await expect(page.get_by_text("Halo shows Converge")).to_have_count(0)

    await page.get_by_role("link", name="Disconnect…").click()
    await page.get_by_role("button", name="Disconnect Halo").click()
    await expect(page.get_by_text("Halo is disconnected.")).to_be_visible()
    assert "Report" not in await tabs(page)
    assert (await partner.get("/connection"))["state"] == "disconnected"


async def test_who_denies_it_in_halo_is_told_what_to_do(page: Page, partner: Partner) -> None:
    await partner.halo.change_settings(partner.tenant, automatic_login=False)
    await enter(page, partner.api_key, f"/portal/{partner.name}/halo-psa")
    await connect(page, partner)
    await page.get_by_role("button", name="Deny").click()
    await expect(page.get_by_role("alert")).to_contain_text("Press Connect and approve the request in Halo.")
    await expect(page.get_by_label("Tenant")).to_be_visible()


async def test_a_permission_that_halo_does_not_grant_is_named(page: Page, partner: Partner) -> None:
    granted = ["read:customers", "read:softwarelicensing", "offline_access"]
    await partner.halo.change_settings(partner.tenant, granted_scopes=granted)
    await enter(page, partner.api_key, f"/portal/{partner.name}/halo-psa")
    await connect(page, partner)
    await expect(page.get_by_role("alert")).to_contain_text("edit:softwarelicensing")


async def test_a_client_id_that_halo_does_not_know_is_explained_on_return(
    page: Page, partner: Partner, visitors: Visitors
) -> None:
    visitors.watch.expect(400, f"/{partner.tenant}/auth/authorize")
    await enter(page, partner.api_key, f"/portal/{partner.name}/halo-psa")
    await connect(page, partner, client_id="a mistyped one")
    await expect(page.get_by_text("This application is not registered here.")).to_be_visible()
    await page.goto("/portal/")
    await expect(page.get_by_text("compare the client ID and the redirect URL with step 1")).to_be_visible()


async def test_a_log_in_that_was_used_already_is_explained(page: Page, partner: Partner) -> None:
    back: list[str] = []
    page.on("request", lambda request: back.append(request.url) if "/accounts/?" in request.url else None)
    await enter(page, partner.api_key, f"/portal/{partner.name}/halo-psa")
    await connect(page, partner)
    await expect(page.get_by_text("Halo is connected.")).to_be_visible()
    await page.goto(back[0])
    await expect(page.get_by_role("alert")).to_contain_text("expired or was used already. Nothing was changed.")
    assert (await partner.get("/connection"))["state"] == "connected"


async def test_connecting_needs_no_scripts(visitors: Visitors, partner: Partner) -> None:
    page = await visitors.page(javascript=False)
    await enter(page, partner.api_key, f"/portal/{partner.name}/halo-psa")
    assert await page.locator("[data-copy]:visible").count() == 0
    await connect(page, partner)
    await expect(page.get_by_text("Halo is connected.")).to_be_visible()


async def test_connecting_needs_no_mouse(page: Page, partner: Partner) -> None:
    await page.goto("/sign-in")
    await page.get_by_label("API key").focus()
    await page.keyboard.type(partner.api_key)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Halo PSA")).to_be_visible()
    await page.get_by_label("Tenant").focus()
    await page.keyboard.type(partner.tenant)
    await page.keyboard.press("Tab")
    await page.keyboard.type(APPLICATION)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Halo is connected.")).to_be_visible()


async def test_values_for_halo_are_copied(page: Page, partner: Partner, stack: Stack) -> None:
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await enter(page, partner.api_key, f"/portal/{partner.name}/halo-psa")
    await page.get_by_role("button", name="Copy the redirect URL").click()
    await expect(page.get_by_role("button", name=re.compile("^Copied"))).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == f"{stack.http_url}/accounts/"


async def test_an_operator_picks_the_partner_and_acts_for_it(page: Page, partner: Partner, stack: Stack) -> None:
    operator = (await stack.cli("key", "create", "--operator", "--name", "Ada"))["api_key"]
    await sign_in(page, operator)
    row = page.get_by_role("row").filter(has_text=partner.name)
    await row.get_by_role("button", name="Act for").click()
    await expect(page.get_by_text("You act for Acme MSP now.")).to_be_visible()
    await expect(page.get_by_role("banner")).to_contain_text("Operator Ada")
    audit = await partner.get("/audit")
    assert audit["items"][0]["act"] == "operator.acts_for"
    assert audit["items"][0]["actor"] == "Ada"
