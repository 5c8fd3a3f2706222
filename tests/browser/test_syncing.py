"""Sync in the browser: pressed, watched, finished; by two people at once; held, broken, signed out, without scripts."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.accessibility import accessible, accessible_in_both_colours
from tests.browser.looks import SCREENS, picture
from tests.browser.visiting import PATIENCE_MS, Visitors, enter, report, slow_down
from tests.partner import Partner, lines

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


def numbered(letter: str, made: list[dict[str, object]]) -> list[dict[str, object]]:
    """Give lines ids that no other lines of the invoice have."""
    return [{**line, "line_id": f"{letter}{number}"} for number, line in enumerate(made)]


async def test_sync_is_pressed_watched_and_finished(page: Page, partner: Partner) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(20)))
    await slow_down(partner)
    await report(page, partner)
    panel = page.locator("#sync-panel")
    await panel.get_by_role("button", name="Sync", exact=True).click()
    await expect(panel.get_by_role("heading", name="A Sync is going on")).to_be_visible()
    await expect(panel.get_by_role("button", name="Sync", exact=True)).to_be_disabled()
    await expect(panel.get_by_role("button", name="Preview")).to_be_disabled()
    await expect(panel).to_contain_text("of 20 items done")
    await expect(panel).to_contain_text("more requests now")
    # Nothing is loaded by hand from here on.
    await expect(panel).to_contain_text("20 items are as the invoice says")
    await expect(page.locator("#report-counters .stat").first).to_contain_text("20")
    await expect(panel.get_by_role("button", name="Sync", exact=True)).to_be_enabled()


async def test_two_people_see_the_same_run(visitors: Visitors, partner: Partner) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(5)))
    first, second = await visitors.page(), await visitors.page()
    await report(first, partner)
    await report(second, partner)
    await slow_down(partner)
    await first.locator("#sync-panel").get_by_role("button", name="Sync", exact=True).click()
    other = second.locator("#sync-panel")
    await expect(other.get_by_role("button", name="Sync", exact=True)).to_be_disabled()
    await expect(other).to_contain_text("A Sync is going on")
    for page in (first, second):
        await expect(page.locator("#sync-panel")).to_contain_text("5 items are as the invoice says")
        await expect(page.locator("#sync-panel").get_by_role("button", name="Sync", exact=True)).to_be_enabled()


async def test_a_run_that_was_started_elsewhere_turns_the_button_off(page: Page, partner: Partner) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(5)))
    await report(page, partner)
    sync = page.locator("#sync-panel").get_by_role("button", name="Sync", exact=True)
    await expect(sync).to_be_enabled()
    await slow_down(partner)
    run_id = await partner.start()
    await expect(sync).to_be_disabled()
    await page.reload()
    await expect(sync).to_be_disabled()
    await partner.finished(run_id)
    await expect(sync).to_be_enabled()


async def test_a_preview_is_followed_and_its_held_removals_approved(page: Page, partner: Partner) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(20)))
    await partner.sync()
    await partner.publish(partner.event(lines(1, quantity="5"), revision=2))
    await report(page, partner)
    await page.locator("#sync-panel").get_by_role("button", name="Preview").click()
    await expect(page.get_by_role("heading", name="19 removals are held until you approve them")).to_be_visible()
    await expect(page.locator("table[aria-labelledby=held-title] tbody tr")).to_have_count(19)
    await expect(page.locator("table[aria-labelledby=money-title]")).to_contain_text("+40.00")
    assert len(await partner.licences()) == 20
    await accessible(page)
    await page.get_by_label("I have looked at all 19 held removals").check()
    await page.get_by_role("button", name="Approve 19 removals and Sync").click()
    panel = page.locator("#sync-panel")
    await expect(panel).to_contain_text("20 items are as the invoice says")
    assert await partner.licences() == {(1, "P-0"): 5}


async def test_held_removals_of_a_sync_are_found_and_approved(page: Page, partner: Partner) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(20)))
    await partner.sync()
    await partner.publish(partner.event(lines(1), revision=2))
    await report(page, partner)
    await page.locator("#sync-panel").get_by_role("button", name="Sync", exact=True).click()
    await page.locator("#sync-panel").get_by_role("link", name="Look at the removals").click()
    await expect(page.get_by_role("heading", name="19 held removals")).to_be_visible()
    await page.get_by_label("I have looked at all 19 held removals").check()
    await page.get_by_role("button", name="Approve 19 removals and Sync").click()
    await expect(page.locator("#sync-panel")).to_contain_text("20 items are as the invoice says")
    assert len(await partner.licences()) == 1


async def test_a_run_is_cancelled_and_its_rest_done(page: Page, partner: Partner) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(120)))
    await slow_down(partner, times=None, delay_s=2.0)
    await report(page, partner)
    panel = page.locator("#sync-panel")
    await panel.get_by_role("button", name="Sync", exact=True).click()
    await expect(panel).to_contain_text("of 120 items done")
    await panel.get_by_role("link", name="Cancel…").click()
    await page.get_by_role("button", name="Cancel this Sync").click()
    await expect(panel).to_contain_text("The last Sync was cancelled.")
    await partner.halo.clear_faults(partner.tenant)
    await panel.get_by_role("button", name="Sync the rest").click()
    await expect(panel).to_contain_text("120 items are as the invoice says")


async def test_a_broken_connection_says_so_and_leads_to_what_mends_it(page: Page, partner: Partner) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(2)))
    await partner.halo.revoke_tokens(partner.tenant)
    await report(page, partner)
    panel = page.locator("#sync-panel")
    await panel.get_by_role("button", name="Sync", exact=True).click()
    await expect(panel).to_contain_text("The last Sync failed. The connection to Halo is broken.")
    await page.reload()
    await expect(panel.get_by_role("button", name="Sync", exact=True)).to_be_disabled()
    await panel.get_by_role("link", name="Reconnect Halo").click()
    await expect(page.get_by_role("heading", name="Halo PSA")).to_be_visible()


async def test_a_session_that_ends_meanwhile_says_so(visitors: Visitors, partner: Partner) -> None:
    page = await visitors.page()
    visitors.watch.expect(401, f"/portal/{partner.name}/sync/events")
    await partner.connect()
    await partner.publish(partner.event(lines(2)))
    await report(page, partner)
    elsewhere = await page.context.new_page()
    await elsewhere.goto("/portal/")
    await elsewhere.get_by_role("button", name="Sign out").click()
    await expect(elsewhere.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as when coming back to the tab
    await expect(page.locator("[data-when=signed-out]")).to_be_visible(timeout=PATIENCE_MS)
    await expect(page.locator("[data-when=signed-out]").get_by_role("link", name="Sign in again")).to_be_visible()


async def test_sync_needs_no_scripts(visitors: Visitors, partner: Partner) -> None:
    page = await visitors.page(javascript=False)
    await partner.connect()
    await partner.publish(partner.event(lines(3)))
    await slow_down(partner)
    await report(page, partner)
    panel = page.locator("#sync-panel")
    await panel.get_by_role("button", name="Sync", exact=True).click()
    await expect(panel.get_by_role("button", name="Sync", exact=True)).to_be_disabled()
    [run] = (await partner.get("/runs"))["items"]
    await partner.finished(run["run_id"])
    await panel.get_by_role("link", name="Load it again").click()
    await expect(panel).to_contain_text("3 items are as the invoice says")


@pytest.mark.parametrize("page", SCREENS, indirect=True, ids=str)
async def test_every_state_is_accessible(page: Page, partner: Partner) -> None:
    await partner.connect()
    mixed = [
        *lines(14, customer_name="Contoso"),
        *numbered("f", lines(3, customer_id="C-2", customer_name="Fabrikam")),
        *numbered("x", lines(2, customer_id="C-3", customer_name="Nobody")),
    ]
    await partner.publish(partner.event(mixed))
    await report(page, partner)
    await accessible_in_both_colours(page, "sync-idle")
    await slow_down(partner)
    await page.locator("#sync-panel").get_by_role("button", name="Sync", exact=True).click()
    await expect(page.locator("#sync-panel")).to_contain_text("items done")
    await picture(page, f"sync-active-{await page.evaluate('innerWidth')}")
    await expect(page.locator("#sync-panel")).to_contain_text("items are as the invoice says")
    changed = lines(2, quantity="7", unit_price="12.00")
    changed += numbered("y", lines(1, product_code="NEW", billing_cycle="Yearly"))
    await partner.publish(partner.event(changed, revision=2))
    await page.goto(f"/portal/{partner.name}/report")
    await page.locator("#sync-panel").get_by_role("button", name="Preview").click()
    await expect(page.get_by_role("heading", name="In money")).to_be_visible()
    await accessible_in_both_colours(page, "preview")
    await page.get_by_role("navigation", name="What is listed").get_by_role("link", name="Updated").click()
    await accessible_in_both_colours(page, "preview-updated")


async def test_the_approval_of_held_removals_is_off_while_a_run_goes_on(page: Page, partner: Partner) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(20)))
    await partner.sync()
    await partner.publish(partner.event(lines(1, quantity="5"), revision=2))
    run = await partner.sync()
    await enter(page, partner.api_key, f"/portal/{partner.name}/runs/{run['run_id']}/removals")
    approve = page.get_by_role("button", name="Approve 19 removals and Sync")
    await expect(approve).to_be_enabled()
    await partner.publish(partner.event(lines(1, quantity="6"), revision=3))
    await page.reload()
    await expect(approve).to_have_count(0)  # another revision by now: not what was looked at
    again = page.get_by_role("button", name="Preview the newest invoice")
    await expect(again).to_be_enabled()
    await slow_down(partner)
    run_id = await partner.start()
    await expect(again).to_be_disabled()
    await partner.finished(run_id)
    await expect(again).to_be_enabled()


async def test_sync_is_pressed_and_cancelled_by_keyboard(page: Page, partner: Partner) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(60)))
    await slow_down(partner, times=None, delay_s=2.0)
    await report(page, partner)
    panel = page.locator("#sync-panel")
    await panel.get_by_role("button", name="Sync", exact=True).focus()
    await page.keyboard.press("Enter")
    await expect(panel).to_contain_text("of 60 items done")
    await panel.get_by_role("link", name="Cancel…").focus()
    await expect(panel).to_contain_text("About")  # progress that comes takes the focus from nobody
    await expect(panel.get_by_role("link", name="Cancel…")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Cancel this Sync").focus()
    await page.keyboard.press("Enter")
    await expect(panel).to_contain_text("The last Sync was cancelled.", timeout=PATIENCE_MS)
