"""A page that stays open: a newer invoice comes, the connection is lost, the server is away."""

import pytest
from devstack.wait import until
from playwright.async_api import Page, expect

from tests.browser.accessibility import accessible
from tests.browser.visiting import PATIENCE_MS, Visitors, enter, report, slow_down
from tests.partner import Partner, lines

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


async def test_a_lost_connection_is_told_and_taken_up_again(page: Page, partner: Partner, visitors: Visitors) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(3)))
    await report(page, partner)
    panel = page.locator("#sync-panel")
    await expect(panel.get_by_role("button", name="Sync", exact=True)).to_be_enabled()
    await page.context.set_offline(True)
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # it connects anew, in vain
    await expect(panel.locator("[data-when=lost]")).to_be_visible(timeout=PATIENCE_MS)
    run = await partner.sync()
    assert run["state"] == "succeeded"
    await page.context.set_offline(False)
    await expect(panel).to_contain_text("3 items are as the invoice says", timeout=PATIENCE_MS)
    await expect(panel.locator("[data-when=lost]")).to_be_hidden()
    visitors.watch.expect_said("ERR_INTERNET_DISCONNECTED")


async def test_a_newer_invoice_is_shown_only_when_somebody_goes_there(page: Page, partner: Partner) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(2), invoice_id="INV-OCT", period="2026-10"))
    await report(page, partner)
    await expect(page.get_by_role("heading", name="Report: October 2026")).to_be_visible()
    await partner.publish(partner.event(lines(3), invoice_id="INV-NOV", issued_at="2026-12-05T02:00:00Z"))
    await partner.sync()  # the open page hears of it, and loads itself again behind the scenes
    notice = page.locator("[data-when=newer]")
    await expect(notice).to_be_visible(timeout=PATIENCE_MS)
    panel = page.locator("#sync-panel")
    await expect(panel.locator("input[name=invoice]").first).to_have_value("INV-OCT")
    await expect(panel.get_by_role("button", name="Sync", exact=True)).to_be_disabled()
    await expect(page.get_by_role("heading", name="Report: October 2026")).to_be_visible()
    await accessible(page)
    await notice.get_by_role("link", name="show it").click()
    await expect(page.get_by_role("heading", name="Report: November 2026")).to_be_visible()
    await expect(panel.locator("input[name=invoice]").first).to_have_value("INV-NOV")
    await expect(panel.get_by_role("button", name="Sync", exact=True)).to_be_enabled()
    await expect(notice).to_be_hidden()


async def test_a_server_that_is_away_is_asked_less_and_less_often(
    page: Page, partner: Partner, visitors: Visitors
) -> None:
    await page.add_init_script("""
        window.waits = [];
        const wait = window.setTimeout;
        window.setTimeout = (what, ms, ...more) => {
            if (ms >= 1000 && ms !== 4000) window.waits.push(ms);
            return wait(what, ms / 100, ...more);
        };
    """)
    await partner.connect()
    await partner.publish(partner.event(lines(1)))
    await report(page, partner)
    await expect(page.get_by_role("heading", name="Report: November 2026")).to_be_visible()
    visitors.watch.expect(503, f"/portal/{partner.name}/report")
    visitors.watch.expect(503, f"/portal/{partner.name}/sync/events")
    away = f"**/portal/{partner.name}/**"
    await page.route(away, lambda route: route.fulfill(status=503, body="away"))
    await page.evaluate("window.waits = []; document.dispatchEvent(new Event('visibilitychange'))")

    async def waited() -> bool:
        return bool(await page.evaluate("window.waits.length >= 8"))

    await until(waited, what="the eighth wait", timeout_s=PATIENCE_MS / 1000)
    waits = await page.evaluate("window.waits.slice(0, 8)")
    most = [2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000]
    assert all(at_most / 2 <= wait <= at_most for wait, at_most in zip(waits, most, strict=True)), waits
    assert len({wait / at_most for wait, at_most in zip(waits, most, strict=True)}) > 1  # spread by chance
    await page.unroute(away)
    await expect(page.locator("[data-when=lost]")).to_be_hidden(timeout=PATIENCE_MS)


async def test_a_run_that_begins_meanwhile_makes_a_preview_old(page: Page, partner: Partner) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(2)))
    run = await partner.sync(mode="preview")
    await enter(page, partner.api_key, f"/portal/{partner.name}/runs/{run['run_id']}/preview")
    sync = page.locator("#orders").get_by_role("button", name="Sync", exact=True)
    await expect(sync).to_be_enabled()
    await slow_down(partner)
    run_id = await partner.start()
    # Off while the run has no plan; gone when it has one, because the preview is old then.
    orders = page.locator("#orders")
    await expect(orders.get_by_role("button", name="Sync", exact=True, disabled=False)).to_have_count(
        0, timeout=PATIENCE_MS
    )
    await expect(page.get_by_text("This preview is old. Another preview or Sync was made since")).to_be_visible(
        timeout=PATIENCE_MS
    )
    await partner.finished(run_id)
    again = orders.get_by_role("button", name="Preview the newest invoice")
    await expect(again).to_be_enabled(timeout=PATIENCE_MS)
    await expect(sync).to_have_count(0)
