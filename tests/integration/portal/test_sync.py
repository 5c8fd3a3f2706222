"""The Sync panel: starts runs, is off for everybody while one goes on, and says what to do about one that failed."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from devstack.fields import Fields

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser, Page

pytestmark = pytest.mark.integration

SYNC = "/portal/acme-msp/sync"


def path(run_id: UUID, *more: str) -> str:
    return "/".join([f"/portal/acme-msp/runs/{run_id}", *more])


async def shown(browser: "Browser", world: "World", **columns: Any) -> "tuple[UUID, Page]":
    """Show the page of a run; the panel on it is that of the report."""
    run_id = await world.run(await world.invoice(lines=[world.line(1)]), **columns)
    await browser.sign_in()
    return run_id, await browser.open(path(run_id))


async def sent(browser: "Browser", action: str, **fields: str) -> str:
    """Send a form of the shown page and return where it leads."""
    browser.client.follow_redirects = False
    page = await browser.submit(action, status=303, **fields)
    browser.client.follow_redirects = True
    return page.response.headers["location"]


async def newest(world: "World") -> Fields:
    row = await world.pool.fetchrow("SELECT * FROM run ORDER BY created_at DESC LIMIT 1")
    assert row is not None
    return dict(row)


@pytest.mark.parametrize(("mode", "state"), [("apply", "queued"), ("apply", "reading"), ("preview", "planning")])
async def test_while_a_run_goes_on_nothing_can_be_started(
    browser: "Browser", world: "World", mode: str, state: str
) -> None:
    await world.connect()
    _, page = await shown(browser, world, state=state, mode=mode, requested_by="Sam")
    assert [button.get_text() for button in page.soup.select(f"form[action='{SYNC}'] button[disabled]")] == [
        "Preview",
        "Sync",
    ]
    assert "started by Sam" in page.text
    assert "off for everybody until this has ended" in page.text
    assert page.soup.select_one("noscript a") is not None


async def test_progress_tells_what_is_done_and_what_is_waited_for(browser: "Browser", world: "World") -> None:
    await world.connect()
    items = [world.item(), world.item(outcome="synced"), world.item(outcome="failed"), world.item()]
    run_id = await world.run(await world.invoice(lines=[world.line(1)]), items)
    await world.pool.execute(
        "INSERT INTO rate_tenant (tenant, requests, window_s, blocked_until)"
        " VALUES ('acme', 500, 300, now() + interval '90 s')"
    )
    await browser.sign_in()
    page = await browser.open(path(run_id))
    bar = page.one("progress")
    assert (bar["max"], bar["value"]) == ("4", "2")
    assert "2 of 4 items done, 1 of them failed" in page.text
    assert "Waiting for Halo's limit until" in page.text
    assert "Halo takes 0 more requests now" in page.text
    assert page.one("[data-progress] [data-said]")["data-said"] == "Waiting for Halo's limit."


async def test_sync_and_preview_start_runs(browser: "Browser", world: "World") -> None:
    await world.connect()
    run_id, _ = await shown(browser, world, state="cancelled")
    where = await sent(browser, SYNC, mode="preview")
    preview = await newest(world)
    assert where == path(preview["run_id"], "preview")
    assert (preview["mode"], preview["requested_by"]) == ("preview", "key of acme-msp")
    await world.finish(preview["run_id"], "previewed")
    await browser.open(path(run_id))


async def test_a_second_start_is_explained_and_starts_nothing(browser: "Browser", world: "World") -> None:
    await world.connect()
    run_id, stale = await shown(browser, world, state="failed", error_code="halo_unavailable", error="Away.")
    await world.pool.execute("UPDATE run SET state = 'reading', finished_at = NULL")
    browser.page = stale
    assert await sent(browser, SYNC, mode="apply") == "/portal/acme-msp/report"
    page = await browser.open(path(run_id))
    assert "A run is still going on" in page.text
    assert await world.pool.fetchval("SELECT count(*) FROM run") == 1


@pytest.mark.parametrize("newer", ["INV-1", "INV-2"])
async def test_a_newer_invoice_is_not_synchronised_unseen(browser: "Browser", world: "World", newer: str) -> None:
    await world.connect()
    run_id, stale = await shown(browser, world, state="cancelled")
    if newer == "INV-1":
        await world.pool.execute("UPDATE invoice SET revision = 2")
    else:
        await world.invoice(newer, [world.line(1)], issued_at=world.issued.replace(month=12), period="2026-12")
    browser.page = stale
    await sent(browser, SYNC, mode="apply")
    page = await browser.open(path(run_id))
    assert f"a newer invoice, {newer} (revision {2 if newer == 'INV-1' else 1}), has come" in page.text
    assert await world.pool.fetchval("SELECT count(*) FROM run") == 1


@pytest.mark.parametrize(
    ("code", "button", "leads"),
    [
        ("connection_broken", "Reconnect Halo", "/portal/acme-msp/halo-psa"),
        ("permission_denied", "Reconnect Halo", "/portal/acme-msp/halo-psa"),
    ],
)
async def test_a_failed_run_says_why_and_links_to_what_mends_it(
    browser: "Browser", world: "World", code: str, button: str, leads: str
) -> None:
    await world.connect()
    _, page = await shown(browser, world, state="failed", error_code=code, error="Do this.")
    link = page.one("#sync-panel .notice a.button")
    assert (link.get_text(), link["href"]) == (button, leads)
    assert "Do this." in page.text


async def test_a_failed_run_is_tried_again(browser: "Browser", world: "World") -> None:
    await world.connect()
    run_id, page = await shown(browser, world, state="failed", error_code="halo_unavailable", error="Away.")
    assert "The last Sync failed. Halo could not be reached." in page.text
    assert await sent(browser, path(run_id, "retry")) == "/portal/acme-msp/report"
    assert (await newest(world))["state"] == "queued"
    assert await world.pool.fetchval("SELECT count(*) FROM run") == 2


@pytest.mark.parametrize("mode", ["apply", "preview"])
async def test_a_shrunk_read_is_accepted_with_its_numbers(browser: "Browser", world: "World", mode: str) -> None:
    await world.connect()
    error = "Halo no longer shows 40 of 50 licences."
    _, page = await shown(browser, world, state="failed", error_code="read_shrunk", error=error, mode=mode)
    assert error in page.text
    await sent(browser, SYNC, accept_shrunk_read="true", mode=mode)
    run = await newest(world)
    assert (run["accept_shrunk_read"], run["mode"], run["state"]) == (True, mode, "queued")


async def test_cancelling_asks_first(browser: "Browser", world: "World") -> None:
    await world.connect()
    run_id, page = await shown(browser, world)
    assert page.one("#sync-panel a.button-danger-quiet")["href"] == path(run_id, "cancel")
    page = await browser.open(path(run_id, "cancel"))
    assert page.title == "Cancel this Sync?"
    await sent(browser, path(run_id, "cancel"))
    assert (await newest(world))["state"] == "cancelled"
    page = await browser.open(path(run_id))
    assert "The last Sync was cancelled." in page.text
    assert (await browser.open(path(run_id, "cancel"))).title == "This Sync has ended"


@pytest.mark.parametrize(
    ("state", "said"), [("disconnected", "is not connected"), ("broken", "when Halo is connected again")]
)
async def test_without_a_connection_nothing_can_be_started(
    browser: "Browser", world: "World", state: str, said: str
) -> None:
    await world.connect()
    await world.pool.execute("UPDATE connection SET state = $1", state)
    _, page = await shown(browser, world, state="failed", error_code="not_connected", error="Connect.")
    assert len(page.soup.select(f"form[action='{SYNC}'] button[disabled]")) == 2
    assert said in page.one("#sync-why").get_text()
    assert page.text.count("The connection to your Halo is broken") == (state == "broken"), "each trouble is told once"


async def test_another_partners_run_is_not_found(browser: "Browser", world: "World") -> None:
    await world.connect("rival-msp")
    other = await world.run(await world.invoice(partner="rival-msp"), partner="rival-msp")
    _, page = await shown(browser, world)
    for more in ("cancel",):
        await browser.open(path(other, more), status=404)
    for more in ("cancel", "retry"):
        csrf = page.soup.select("#sync-panel form input[name=csrf]")[0]["value"]
        assert (await browser.client.post(path(other, more), data={"csrf": csrf})).status_code == 404
    assert (await browser.client.post(path(other, "cancel"), data={"csrf": "x"})).status_code == 403
    assert (await browser.client.get("/portal/rival-msp/sync/events")).status_code == 404


@pytest.mark.parametrize("wrong", [{"mode": "both"}, {"approve_removals": "many"}, {"back": "https://evil.example"}])
async def test_a_form_that_is_not_ours_starts_nothing(
    browser: "Browser", world: "World", wrong: dict[str, str]
) -> None:
    await world.connect()
    _, page = await shown(browser, world, state="cancelled")
    csrf = page.soup.select("#sync-panel form input[name=csrf]")[0]["value"]
    answer = await browser.client.post(SYNC, data={"csrf": csrf, "invoice": "INV-1", "revision": "1", **wrong})
    assert answer.status_code == 422
    assert await world.pool.fetchval("SELECT count(*) FROM run") == 1


@pytest.mark.parametrize("skipped", [0, 1])
async def test_what_was_skipped_is_not_said_to_be_synchronised(
    browser: "Browser", world: "World", skipped: int
) -> None:
    await world.connect()
    items = [world.item(outcome="synced", line_nos=[1])]
    items += [world.item(outcome="skipped", action="none", reason="customer_not_found", line_nos=[2])] * skipped
    run_id = await world.run(await world.invoice(lines=[world.line(1), world.line(2)]), items)
    await world.finish(run_id)
    await browser.sign_in()
    page = await browser.open("/portal/acme-msp/report")
    panel = page.soup.select_one("#sync-panel")
    assert panel is not None
    assert ("Synchronised" in panel.get_text()) is (skipped == 0)
    assert bool(panel.select(".badge.good")) is (skipped == 0)
    assert bool(panel.select("a[href$='status=skipped#lines-title']")) is (skipped == 1)
