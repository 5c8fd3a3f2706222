"""Undoing a run, and releasing held changes one by one, in the portal (spec section 11)."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

PORTAL = "/portal/acme-msp"


async def ended(world: "World", outcome: str) -> UUID:
    """Return a run that has ended, with two removals of that outcome."""
    await world.connect()
    removals = [
        world.item(
            before=(5, "10.00", "Monthly", True),
            action="delete",
            outcome="held",
            reason="delete_guard",
            halo_licence_id=number,
            halo_client_id=7,
            licence_name=f"OLD-{number}",
            product_code=None,
        )
        for number in (1, 2)
    ]
    run_id: UUID = await world.run(await world.invoice(), removals)
    await world.pool.execute("UPDATE item SET outcome = $1", outcome)
    await world.pool.execute("UPDATE invoice SET line_count = 1")
    await world.finish(run_id, "partial")
    return run_id


@pytest.mark.parametrize("tab", ["month", "report"])
async def test_after_an_undo_nothing_is_called_as_the_invoice_says(
    *, world: "World", browser: "Browser", tab: str
) -> None:
    sync = await ended(world, "synced")
    shape = (5, "10.00", "Monthly", True)
    made = [
        world.item(None, shape, action="create", outcome="synced", halo_licence_id=3, product_code=None),
        world.item(shape, shape, action="none", outcome="skipped", reason="changed_since", product_code=None),
    ]
    invoice_pk = await world.pool.fetchval("SELECT invoice_pk FROM run")
    later = datetime.now(UTC) + timedelta(minutes=5)
    undo = await world.run(invoice_pk, made, mode="undo", undoes=sync, created_at=later)
    await world.finish(undo)
    await browser.sign_in()
    page = await browser.open(f"{PORTAL}/{tab}")
    assert "1 change was taken back, 1 was left as it is." in " ".join(page.one("#sync-panel").get_text().split())
    assert "as the invoice says" not in page.text
    await world.pool.execute("UPDATE item SET outcome = 'failed', reason = 'halo_rejected' WHERE run_id = $1", undo)
    await world.pool.execute("UPDATE run SET state = 'partial' WHERE run_id = $1", undo)
    page = await browser.open(f"{PORTAL}/{tab}")
    assert "2 items failed in the last undo: Halo refused it." in page.text
    assert page.soup.select(f"#sync-panel a[href^='{PORTAL}/runs/{undo}?outcome=failed']")


async def test_only_ticked_changes_are_approved(world: "World", browser: "Browser") -> None:
    run_id = await ended(world, "held")
    await browser.sign_in()
    page = await browser.open(f"{PORTAL}/runs/{run_id}/held")
    first, second = (box["value"] for box in page.soup.select("input[name=item]"))
    none = await browser.submit(f"{PORTAL}/runs/{run_id}/held")
    assert "Nothing was started. Tick the changes" in none.text
    page = await browser.submit(f"{PORTAL}/runs/{run_id}/held", item=second)
    assert page.title.startswith("Sync of"), page.text
    approved = await world.pool.fetch("SELECT item_id FROM run_approved_item")
    assert [row["item_id"] for row in approved] == [int(str(second))]
    assert first != second


async def test_ticks_of_other_pages_are_approved_too_and_the_money_of_each_stands_with_it(
    world: "World", browser: "Browser"
) -> None:
    run_id = await ended(world, "held")
    await browser.sign_in()
    page = await browser.open(f"{PORTAL}/runs/{run_id}/held")
    boxes = page.soup.select("input[name=item]")
    assert [box["data-money"] for box in boxes] == ["-5000 Monthly"] * 2
    values = {"csrf": page.soup.select("input[name=csrf]")[0]["value"], "item": boxes[0]["value"]}
    answer = await browser.client.post(
        f"{PORTAL}/runs/{run_id}/held", data=values | {"elsewhere": str(boxes[1]["value"])}
    )
    assert answer.status_code == 200
    approved = await world.pool.fetch("SELECT item_id FROM run_approved_item ORDER BY item_id")
    assert [row["item_id"] for row in approved] == sorted(int(str(box["value"])) for box in boxes)


async def test_an_old_page_of_held_changes_leads_to_what_is_held_now(world: "World", browser: "Browser") -> None:
    run_id = await ended(world, "held")
    await browser.sign_in()
    page = await browser.open(f"{PORTAL}/runs/{run_id}/held")
    assert "Why it waits" not in page.texts("table.items thead th"), "what all wait for is said above, not in each row"
    assert page.text.count("Too many removals at once") == 1
    invoice_pk = await world.pool.fetchval("SELECT invoice_pk FROM run")
    again = [world.item((5, "10.00", "Monthly", True), action="delete", outcome="held", reason="delete_guard")]
    newer = await world.run(invoice_pk, again, created_at=datetime.now(UTC) + timedelta(minutes=5))
    await world.finish(newer, "partial")
    page = await browser.open(f"{PORTAL}/runs/{run_id}/held")
    assert page.soup.select(f".notice a[href='{PORTAL}/runs/{newer}/held']")


async def test_what_is_ticked_brings_no_invoice_along_that_nobody_has_seen(world: "World", browser: "Browser") -> None:
    run_id = await ended(world, "held")
    await browser.sign_in()
    page = await browser.open(f"{PORTAL}/runs/{run_id}/held")
    ticked = page.soup.select_one("input[name=item]")
    assert ticked is not None
    await world.invoice("INV-2", [world.line(1)], issued_at=datetime(2027, 1, 5, tzinfo=UTC))
    await browser.submit(f"{PORTAL}/runs/{run_id}/held", item=ticked["value"])
    assert await world.pool.fetchval("SELECT count(*) FROM run") == 1


async def test_a_licence_of_a_held_removal_says_what_was_to_be_done_and_what_became_of_it(
    world: "World", browser: "Browser"
) -> None:
    await ended(world, "held")
    await browser.sign_in()
    page = await browser.open(f"{PORTAL}/licence/1")
    assert page.texts(".story .title-row")[0].startswith("Remove Held")


async def test_a_licence_that_an_undo_brought_back_says_so_and_leads_to_it(world: "World", browser: "Browser") -> None:
    sync = await ended(world, "synced")
    await world.halo({7: "Contoso"}, [])
    made = world.item(
        None, (5, "10.00", "Monthly", True), action="create", outcome="synced", halo_licence_id=30, product_code=None
    )
    invoice_pk = await world.pool.fetchval("SELECT invoice_pk FROM run")
    later = datetime.now(UTC) + timedelta(minutes=5)
    undo = await world.run(invoice_pk, [made], mode="undo", undoes=sync, created_at=later)
    await world.pool.execute("UPDATE item SET restores_licence_id = 1 WHERE run_id = $1", undo)
    await world.finish(undo)
    await browser.sign_in()
    page = await browser.open(f"{PORTAL}/licence/1")
    assert "This licence was deleted, and an undo brought it back with a new number:" in page.text
    assert page.one(".notice a")["href"] == f"{PORTAL}/licence/30"
    assert page.texts(".story dd a[href*='/runs/']") == ["Undo", "Sync"], "the newest first, each called what it was"
    assert "No line: it is as the run had found it that was undone." in page.text
    page = await browser.open(f"{PORTAL}/licence/2")
    assert "brought it back" not in page.text
    page = await browser.open(f"{PORTAL}/licence/30")
    assert "brought it back" not in page.text


async def test_an_undo_is_previewed_first(world: "World", browser: "Browser") -> None:
    run_id = await ended(world, "synced")
    await browser.sign_in()
    await browser.open(f"{PORTAL}/runs/{run_id}")
    await browser.submit(f"{PORTAL}/runs/{run_id}/undo")
    [row] = await world.pool.fetch("SELECT run_id, mode, undoes FROM run WHERE undoes IS NOT NULL")
    assert (row["mode"], row["undoes"]) == ("undo_preview", run_id)
    await world.pool.execute(
        "UPDATE run SET removal = 'delete', price_field = 'price' WHERE run_id = $1", row["run_id"]
    )
    await world.pool.execute(
        """INSERT INTO item (run_id, seq, customer_ids, customer_name, halo_client_id, action, outcome, line_nos,
                             action_state, licence_name, restores_licence_id, set_name)
           VALUES ($1, 0, '{}', '', 7, 'create', 'pending', '{}', 'waiting', 'OLD-1', 1, 'OLD-1')""",
        row["run_id"],
    )
    await world.finish(row["run_id"], "previewed")
    page = await browser.open(f"{PORTAL}/runs/{row['run_id']}/preview")
    assert page.title.startswith("Preview of an undo")
    assert "after a sync" not in page.text.lower()
    await browser.submit(f"{PORTAL}/sync")
    started = await world.pool.fetchval("SELECT undoes FROM run WHERE mode = 'undo'")
    assert started == run_id


async def test_an_undo_with_held_removals_is_done_with_or_without_them(world: "World", browser: "Browser") -> None:
    run_id = await ended(world, "synced")
    await browser.sign_in()
    await browser.open(f"{PORTAL}/runs/{run_id}")
    await browser.submit(f"{PORTAL}/runs/{run_id}/undo")
    undo = await world.pool.fetchval("SELECT run_id FROM run WHERE undoes IS NOT NULL")
    await world.pool.execute("UPDATE run SET removal = 'delete', price_field = 'price' WHERE run_id = $1", undo)
    await world.pool.execute(
        """INSERT INTO item (run_id, seq, customer_ids, customer_name, halo_client_id, action, outcome, reason, detail,
                             line_nos, action_state, licence_name, halo_licence_id, before_quantity, before_active)
           VALUES ($1, 0, '{}', '', 7, 'delete', 'held', 'delete_guard', 'Too many.', '{}', 'none', 'NEW-1', 9, 5, true)
        """,
        undo,
    )
    await world.finish(undo, "previewed")
    page = await browser.open(f"{PORTAL}/runs/{undo}/preview")
    assert "I have looked at the held removal. It is right." in page.text
    assert "Approve 1 removal and undo" in page.text


async def test_what_was_undone_is_told_where_lines_say_that_it_was_synchronised(
    world: "World", browser: "Browser"
) -> None:
    invoice_pk = await world.invoice(lines=[world.line(1)])
    after = ("12", "31.50", "Monthly", True)
    run_id = await world.run(invoice_pk, [world.item(outcome="synced", action="create", after=after, line_nos=[1])])
    await world.finish(run_id)
    await browser.sign_in()
    page = await browser.open(f"{PORTAL}/report")
    assert "undone" not in page.text.lower()
    assert "Created in Halo" in page.text
    done = await world.pool.fetchval("SELECT item_id FROM item WHERE run_id = $1", run_id)
    undo = await world.run(invoice_pk, mode="undo", undoes=run_id)
    back = world.item(outcome="pending", action="create", halo_licence_id=3, undoes_item_id=done)
    await world.items(undo, [back])
    await world.pool.execute("UPDATE item SET outcome = 'synced', action_state = 'applied' WHERE run_id = $1", undo)
    await world.finish(undo)
    page = await browser.open(f"{PORTAL}/report")
    assert "What the last Sync did was undone since, or a part of it." in page.text
    assert "Undone since" in page.text
    assert "Created in Halo" not in page.text
    assert "or a part of it, was put back since" in (await browser.open(f"{PORTAL}/runs/{run_id}")).text
    again = await world.run(invoice_pk, mode="undo", undoes=undo)
    number = await world.pool.fetchval("SELECT item_id FROM item WHERE run_id = $1", undo)
    back = world.item(outcome="pending", action="delete", halo_licence_id=3, undoes_item_id=number)
    await world.items(again, [back])
    await world.pool.execute("UPDATE item SET outcome = 'synced', action_state = 'applied' WHERE run_id = $1", again)
    await world.finish(again)
    assert "put back since" not in (await browser.open(f"{PORTAL}/runs/{run_id}")).text
    assert "Undone since" not in (await browser.open(f"{PORTAL}/report")).text
