"""An approval from the portal is for what was seen: removals, and the first review."""

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from .previews import MONTHLY, SYNC, path, previewed, removal, rows

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration


async def test_an_approval_names_the_number_and_needs_a_look(browser: "Browser", world: "World") -> None:
    run_id = await previewed(browser, world, [removal(world, n) for n in range(12)])
    page = await browser.open(path(run_id))
    assert "Approve 12 removals and Sync" in page.text
    assert page.one("#looked").has_attr("required")
    page = await browser.submit(SYNC, approve_removals="12")
    assert "Tick the box" in page.text
    assert page.url.path == path(run_id)
    assert await world.pool.fetchval("SELECT count(*) FROM run") == 1
    browser.client.follow_redirects = False
    await browser.submit(SYNC, status=303, approve_removals="12", looked="true")
    run = await world.pool.fetchrow("SELECT * FROM run ORDER BY created_at DESC LIMIT 1")
    assert run is not None
    assert (run["approve_removals"], run["mode"], run["state"]) == (12, "apply", "queued")
    entry = await world.pool.fetchrow("SELECT * FROM audit_entry WHERE act = 'removals.approved'")
    assert entry is not None
    assert (entry["actor"], entry["subject"]) == ("key of acme-msp", str(run["run_id"]))


async def test_without_approval_a_sync_keeps_them(browser: "Browser", world: "World") -> None:
    run_id = await previewed(browser, world, [removal(world, n) for n in range(12)])
    page = await browser.open(path(run_id))
    assert "Sync without the held removals" in page.text
    browser.client.follow_redirects = False
    await browser.submit(SYNC, status=303, mode="apply", back="month")
    run = await world.pool.fetchrow("SELECT * FROM run ORDER BY created_at DESC LIMIT 1")
    assert run is not None
    assert run["approve_removals"] is None


async def test_removals_that_a_sync_holds_are_approved_on_their_page(browser: "Browser", world: "World") -> None:
    await world.connect()
    items = [removal(world, n) for n in range(12)]
    run_id = await world.run(await world.invoice(lines=[world.line(1)]), items, approve_removals=9)
    await world.finish(run_id, "partial")
    await browser.sign_in()
    page = await browser.open(path(run_id, "removals"))
    assert page.title == "12 held removals"
    assert len(rows(page, "held-title")) == 12
    assert "You approved 9, but by then there were 12" in page.text
    browser.client.follow_redirects = False
    await browser.submit(SYNC, status=303, looked="true", approve_removals="12")
    assert await world.pool.fetchval("SELECT max(approve_removals) FROM run WHERE state = 'queued'") == 12


CAUSES = {
    "newer revision": ("UPDATE invoice SET revision = 2", "a newer invoice, INV-1 (revision 2), has come", False),
    "another tenant": ("UPDATE connection SET tenant = 'beta'", "Another Halo has been connected since", True),
    "another removal": (
        "UPDATE partner SET removal = 'zero'",
        "setting of what happens to removed licences has been changed",
        True,
    ),
    "a later plan": (
        (
            "INSERT INTO run (partner_id, invoice_pk, tenant, mode, state, removal, requested_by, finished_at)"
            " SELECT partner_id, invoice_pk, tenant, mode, 'previewed', removal, 'other', now() FROM run"
        ),
        "Another preview or Sync was made since",
        True,
    ),
}


@pytest.mark.parametrize("mode", ["preview", "apply"])
@pytest.mark.parametrize("cause", CAUSES)
async def test_an_approval_is_bound_to_what_was_seen(browser: "Browser", world: "World", mode: str, cause: str) -> None:
    change, told, shown_old = CAUSES[cause]
    items = [removal(world, n) for n in range(12)]
    run_id = await previewed(browser, world, items, mode=mode)
    await world.finish(run_id, "previewed" if mode == "preview" else "partial")
    where = path(run_id, "preview" if mode == "preview" else "removals")
    await browser.open(where)
    await world.pool.execute(change)
    page = await browser.submit(SYNC, approve_removals="12", looked="true")
    assert await world.pool.fetchval("SELECT count(*) FROM run WHERE state = 'queued'") == 0
    assert "Nothing was started" in page.text
    assert told in page.text
    assert page.url.path == (where if shown_old else "/portal/acme-msp/report")
    if shown_old:
        assert " is old. " in page.one(f"#{'preview' if mode == 'preview' else 'removals'}-age").get_text()
        assert page.texts("#orders button") == ["Preview the newest invoice"]


async def test_another_number_or_another_partners_run_is_not_approved(browser: "Browser", world: "World") -> None:
    run_id = await previewed(browser, world, [removal(world, n) for n in range(12)])
    page = await browser.open(path(run_id))
    form = {
        "csrf": page.one("#orders form:has(#looked) input[name=csrf]")["value"],
        "invoice": "INV-1",
        "revision": "1",
        "looked": "true",
        "seen_in": str(run_id),
    }
    answer = await browser.client.post(SYNC, data={**form, "approve_removals": "13"})
    assert "The number of held removals is not the one that you approved" in answer.text
    await world.connect("rival-msp")
    other = await world.run(await world.invoice(partner="rival-msp"), partner="rival-msp", mode="preview")
    foreign = {**form, "seen_in": str(other), "approve_removals": "0"}
    assert (await browser.client.post(SYNC, data=foreign)).status_code == 404
    unseen = {**form, "seen_in": "", "approve_removals": "12"}
    assert (await browser.client.post(SYNC, data=unseen)).status_code == 422
    assert await world.pool.fetchval("SELECT count(*) FROM run WHERE state = 'queued'") == 0


FIRST = {"reason": "first_review", "detail": "halosync did not write this licence.", "outcome": "held"}


async def waiting(browser: "Browser", world: "World", **columns: str) -> UUID:
    """A preview in which the first review holds twelve new prices and one removal."""
    prices = [
        world.item(
            (2, f"{number}", MONTHLY, True),
            (2, "31.50", MONTHLY, True),
            customer_name=f"Customer {number}",
            halo_client_id=number,
            action="update",
            **FIRST,
        )
        for number in range(40, 52)
    ]
    run_id = await previewed(browser, world, [*prices, removal(world, 1, **FIRST)], removal="delete", **columns)
    outlook = {"prices": 12, "costs": 0, "removals": 1, "created": 0, "updated": 12}
    await world.pool.execute(
        "UPDATE run SET review = $2 WHERE run_id = $1",
        run_id,
        [
            {"choice": choice, **outlook, "selling": {"monthly": [MONTHLY, "1112.004", "756"]}}
            for choice in ("overwrite", "as_cost", "leave_prices", "keep_others")
        ],
    )
    return run_id


async def test_the_first_review_is_shown_in_examples_sums_and_choices(browser: "Browser", world: "World") -> None:
    run_id = await waiting(browser, world)
    page = await browser.open(path(run_id))
    review = page.one("#review")
    text = " ".join(review.get_text(" ").split())
    assert "The selling price of 12 licences would change" in text
    assert "1 licence would be removed" in text
    assert len(review.select("table:first-of-type tbody tr")) == 10 + 1
    assert "A line of a recurring invoice in Halo that points to the licence loses it" in text
    assert "AUD 1,112.00" in text  # in cents
    assert [heading.get_text(" ").split()[:3] for heading in review.select("li h3")] == [
        ["Overwrite", "selling", "prices"],
        ["Write", "our", "price"],
        ["Leave", "prices", "alone"],
        ["Keep", "what", "others"],
    ]
    assert "Set now" in review.select("li h3")[0].get_text()
    assert len(review.select('form[action$="/review"]')) == 3


async def test_a_choice_is_saved_and_leads_to_a_new_preview(browser: "Browser", world: "World") -> None:
    run_id = await waiting(browser, world)
    await browser.open(path(run_id))
    page = await browser.submit(path(run_id, "review"), choice="as_cost")
    assert "/preview" in str(page.url)
    settings = await world.ports.partners.settings("acme-msp")
    assert settings is not None
    assert settings.price_field == "purchase_price"
    [mode] = [row["mode"] for row in await world.pool.fetch("SELECT mode FROM run WHERE run_id <> $1", run_id)]
    assert mode == "preview"


async def test_the_review_is_approved_only_by_who_looked_and_only_as_seen(browser: "Browser", world: "World") -> None:
    run_id = await waiting(browser, world)
    await browser.open(path(run_id))
    page = await browser.submit(SYNC, approve_review="13")
    assert "Tick the box" in page.text
    await browser.open(path(run_id))
    one = "UPDATE item SET reason = $2 WHERE run_id = $1 AND action = 'delete'"
    await world.pool.execute(one, run_id, "delete_guard")
    page = await browser.submit(SYNC, approve_review="13", looked="true")
    assert "The number of changes that wait for the first review is not the one that you approved." in page.text
    await world.pool.execute(one, run_id, "first_review")
    await browser.open(path(run_id))
    browser.client.follow_redirects = False
    await browser.submit(SYNC, status=303, approve_review="13", looked="true")
    [row] = await world.pool.fetch("SELECT mode, approve_review FROM run WHERE run_id <> $1", run_id)
    assert tuple(row) == ("apply", 13)


async def test_a_sync_that_held_something_for_the_review_leads_to_it(browser: "Browser", world: "World") -> None:
    items = [removal(world, number, **FIRST) for number in range(13)]
    await world.connect()
    invoice = await world.invoice(lines=[world.line(1)])
    run_id = await world.run(invoice, items, mode="apply", state="writing", removal="delete")
    await world.finish(run_id, "partial")
    await browser.sign_in()
    page = await browser.open("/portal/acme-msp/report")
    assert "13 changes wait for the first review." in page.text
    page = await browser.open(path(run_id, "review"))
    assert page.title == "First review"
    assert "Approve 13 changes and Sync" in page.text
