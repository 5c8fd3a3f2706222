"""The preview page: what a Sync would do, per customer and in money, removals first and in full, and their approval."""

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from halosync.domain.preview_kinds import PreviewKind

from .previews import MONTHLY, path, previewed, removal, rows, some

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration


async def test_money_is_told_by_billing_cycle_and_never_mixed(browser: "Browser", world: "World") -> None:
    run_id = await previewed(browser, world, some(world))
    page = await browser.open(path(run_id))
    assert rows(page, "money-title") == [
        "Monthly 315.00 +378.00 −315.00 – 378.00 +63.00",
        "Yearly 60.00 – +360.00 −60.00 360.00 +300.00",
        "Without billing cycle 5.00 – – – 5.00 no change",
    ]
    assert page.texts(".stat") == ["1 Created", "1 Updated", "1 Removed", "1 Unchanged", "0 Skipped"]


async def test_cents_are_rounded_once_and_add_up_on_every_page(browser: "Browser", world: "World") -> None:
    items = [
        world.item((1, "0.335", MONTHLY, True), (1, "0.335", MONTHLY, True), action="unchanged", outcome="synced"),
        world.item((1, "0.335", MONTHLY, True), (1, "0.340", MONTHLY, True), action="update", outcome="pending"),
        world.item(None, (1, "0.335", MONTHLY, True), action="create", outcome="pending"),
    ]
    run_id = await previewed(browser, world, items)
    page = await browser.open(path(run_id))
    assert rows(page, "money-title") == ["Monthly 0.67 +0.33 +0.01 – 1.01 +0.34"]
    [customer] = rows(page, "list-title")
    assert "Monthly: AUD 0.67 → AUD 1.01 (+AUD 0.34)" in customer
    page = await browser.open(path(run_id, "").rstrip("/"))
    assert "Monthly 0.67 1.01 +0.34" in page.text


async def test_a_licence_that_is_not_active_costs_nothing(browser: "Browser", world: "World") -> None:
    items = [
        world.item((1, "10", MONTHLY, False), (2, "10", MONTHLY, True), action="update", outcome="pending"),
        world.item((3, "10", MONTHLY, True), (3, "10", MONTHLY, False), action="delete", outcome="pending"),
        removal(world, 1) | {"before_active": False},
        removal(world, 2),
    ]
    run_id = await previewed(browser, world, items)
    page = await browser.open(path(run_id))
    [money] = rows(page, "money-title")
    assert money == ("Monthly 50.00 – +20.00 −30.00 40.00 20.00 if the held removals are approved −10.00")
    [customer] = rows(page, "list-title")
    assert "Monthly: AUD 50.00 → AUD 40.00 (−AUD 10.00)" in customer
    held = (await world.ports.previews.costs(run_id))[PreviewKind.HELD]
    assert [(cost.before, cost.after) for cost in held] == [(Decimal(20), Decimal(20))]


async def test_what_says_why_a_button_is_off_is_on_the_page(browser: "Browser", world: "World") -> None:
    run_id = await previewed(browser, world, [removal(world, 1)])
    await world.run(await world.pool.fetchval("SELECT invoice_pk FROM invoice"), state="reading")
    page = await browser.open(path(run_id))
    named = {str(button["aria-describedby"]) for button in page.soup.select("#orders button")}
    assert named
    for name in named:
        assert "A run goes on" in page.one(f"#{name}").get_text()


async def test_customers_that_lose_licences_come_first(browser: "Browser", world: "World") -> None:
    run_id = await previewed(browser, world, some(world))
    page = await browser.open(path(run_id))
    fabrikam, contoso = rows(page, "list-title")
    assert fabrikam.startswith("Fabrikam 0 0 1 0 1 ")
    assert "Yearly: AUD 60.00 → AUD 0.00 (−AUD 60.00)" in fabrikam
    assert contoso.startswith("Contoso 1 1 0 0 0 Monthly: AUD 315.00 → AUD 378.00 (+AUD 63.00)")
    page = await browser.open(path(run_id) + "?customer=halo-7")
    assert rows(page, "list-title")[0].endswith("Contoso 2 items here")
    assert rows(page, "list-title")[1].startswith(
        "MS-365-BP Create 12 31.50 Monthly Would be done"
    )  # no arrow from nothing
    assert "10 → 12" in page.text
    assert "31.50 → 30.00" in page.text.replace("AUD ", "")
    assert "Monthly → Yearly" in page.text


async def test_lists_are_read_page_by_page(browser: "Browser", world: "World") -> None:
    items = [
        world.item(
            None, (1, "1", MONTHLY, True), customer_ids=[f"C-{n}"], customer_name=f"Customer {n:03}", halo_client_id=n
        )
        for n in range(60)
    ]
    run_id = await previewed(browser, world, items)
    page = await browser.open(path(run_id))
    assert len(rows(page, "list-title")) == 25
    assert "Page 1 of 3" in page.text
    page = await browser.open(path(run_id) + "?page=3")
    assert [row.split(" 1 ")[0] for row in rows(page, "list-title")] == [f"Customer {n:03}" for n in range(50, 60)]
    page = await browser.open(path(run_id) + "?show=created&page=2")
    assert len(page.soup.select("table.items tbody th[scope=row]")) == 10
    assert len(rows(await browser.open(path(run_id) + "?page=99"), "list-title")) > 0


async def test_a_page_of_held_removals_is_shown_in_full(browser: "Browser", world: "World") -> None:
    run_id = await previewed(browser, world, [*some(world), *(removal(world, n) for n in range(150))])
    page = await browser.open(path(run_id))
    held = rows(page, "held-title")
    assert len(held) == 150
    assert held[0].startswith("Contoso P-000 (not on the invoice) 2 10.00 Monthly 20.00")
    assert "150 removals are held until you approve them" in page.text
    assert rows(page, "removed-title") == ["Fabrikam MS-365-BP (0 on the invoice) 3 20.00 Yearly 60.00"]
    money = rows(page, "money-title")[0]
    assert "378.00 if the held removals are approved" in money
    order = [heading.get_text() for heading in page.soup.select("h3")]
    assert order[0] == "1 licence would be deleted"


async def test_removals_are_sorted_by_their_columns(browser: "Browser", world: "World") -> None:
    items = [
        world.item(
            (quantity, price, MONTHLY, True),
            action="delete",
            outcome=outcome,
            reason="delete_guard" if outcome == "held" else None,
            product_code=None,
            licence_name=f"{outcome}-{quantity}",
            customer_ids=[],
            customer_name=f"Customer {quantity}",
            halo_client_id=quantity,
            halo_licence_id=quantity,
        )
        for outcome in ("held", "pending")
        for quantity, price in ((1, "30"), (3, "10"), (2, "20"))
    ]
    # Two licences of one customer need not stand side by side: each row says whose it is.
    items[1] |= {"customer_name": "Customer 10", "halo_client_id": 1}
    items[0] |= {"customer_name": "Customer 10"}
    run_id = await previewed(browser, world, items)

    async def names(title: str, query: str) -> list[str]:
        page = await browser.open(f"{path(run_id)}?{query}")
        return [row.split()[2] for row in rows(page, title)]

    assert await names("held-title", "held_sort=quantity") == ["held-1", "held-2", "held-3"]
    assert await names("held-title", "held_sort=-quantity") == ["held-3", "held-2", "held-1"]
    assert await names("held-title", "held_sort=cost") == ["held-1", "held-3", "held-2"]
    assert await names("held-title", "held_sort=-cost") == ["held-2", "held-1", "held-3"]
    assert await names("held-title", "held_sort=customer") == ["held-2", "held-1", "held-3"]
    assert await names("removed-title", "removed_sort=price") == ["pending-3", "pending-2", "pending-1"]
    assert await names("removed-title", "held_sort=-quantity") == ["pending-1", "pending-3", "pending-2"]
    page = await browser.open(f"{path(run_id)}?held_sort=-quantity&removed_sort=price")
    links = [str(link["href"]) for link in page.soup.select("table.removals thead a")]
    assert len(links) == 12
    assert all("held_sort=" in link and "removed_sort=" in link for link in links), "one keeps the other's order"


@pytest.mark.parametrize("mode", ["preview", "apply"])
async def test_thousands_of_held_removals_are_paged_and_the_file_has_them_all(
    browser: "Browser", world: "World", mode: str
) -> None:
    run_id = await previewed(browser, world, [removal(world, n) for n in range(1_001)], mode=mode)
    where = path(run_id, "preview" if mode == "preview" else "removals")
    page = await browser.open(where)
    assert len(rows(page, "held-title")) == 150
    assert "I have looked at all 1,001 held removals, page by page or in the file." in page.text
    assert "There are 1,001, on 7 pages; this page shows 150 of them." in page.text
    file = await browser.client.get(str(page.one("#orders a[download]")["href"]))
    assert len(file.text.splitlines()) == 1 + 1_001
    page = await browser.open(where + "?held=7")
    assert [row.split()[1] for row in rows(page, "held-title")] == [f"P-{n}" for n in range(900, 1_001)]
    assert "Page 7 of 7" in page.text


async def test_an_old_preview_says_so(browser: "Browser", world: "World") -> None:
    run_id = await previewed(browser, world, some(world))
    newer = await world.run(await world.pool.fetchval("SELECT invoice_pk FROM invoice"), state="queued")
    await world.finish(newer, "succeeded")
    page = await browser.open(path(run_id))
    assert "This preview is old. Another preview or Sync was made since" in page.text
    await world.invoice("INV-2", [world.line(1)], issued_at=world.issued.replace(month=12), period="2026-12")
    page = await browser.open(path(run_id))
    assert "A newer invoice, or a newer revision of it, has come since" in page.text
    assert page.texts("#orders button") == ["Preview the newest invoice"]


async def test_while_a_run_goes_on_nothing_is_started_from_a_preview(browser: "Browser", world: "World") -> None:
    run_id = await previewed(browser, world, [removal(world, 1)])
    await world.run(await world.pool.fetchval("SELECT invoice_pk FROM invoice"), state="reading", removal=None)
    page = await browser.open(path(run_id))
    buttons = page.soup.select("#orders button")
    assert len(buttons) == 3
    assert all(button.has_attr("disabled") for button in buttons)


async def test_a_preview_that_is_being_made_shows_how_far_it_is(browser: "Browser", world: "World") -> None:
    await world.connect()
    run_id = await world.run(await world.invoice(lines=[world.line(1)]), mode="preview", state="reading")
    await browser.sign_in()
    page = await browser.open(path(run_id))
    assert "A preview is being made" in page.text
    assert "Reading your Halo" in page.text


async def test_names_from_halo_and_invoice_stay_text(browser: "Browser", world: "World") -> None:
    bad = "<script>alert(1)</script>"
    items = [
        removal(world, 1, licence_name=bad, customer_name=bad),
        world.item(None, (1, "1", bad, True), customer_name=bad),
    ]
    run_id = await previewed(browser, world, items)
    page = await browser.open(path(run_id))
    assert not [script for script in page.soup.select("script") if script.get_text()]
    assert page.text.count(bad) >= 3


async def test_other_pages_and_partners(browser: "Browser", world: "World") -> None:
    run_id = await previewed(browser, world, some(world))
    assert (await browser.open(path(run_id, "removals"))).url.path == path(run_id)
    applied = await world.run(await world.pool.fetchval("SELECT invoice_pk FROM invoice"))
    assert (await browser.open(path(applied))).url.path == f"/portal/acme-msp/runs/{applied}"
    assert (await browser.open(path(applied, "removals"))).title == "0 held removals"
    await world.connect("rival-msp")
    other = await world.run(await world.invoice(partner="rival-msp"), partner="rival-msp", mode="preview")
    for page in ("preview", "removals"):
        await browser.open(path(other, page), status=404)
        await browser.open(f"/portal/acme-msp/runs/none/{page}", status=404)


async def test_a_notice_outlives_the_page_that_loads_itself_again(browser: "Browser", world: "World") -> None:
    """A preview may be made before anybody has read what the page before it had to say."""
    run_id = await previewed(browser, world, some(world))
    await world.pool.execute("""UPDATE portal_session SET notices = '[{"kind": "good", "text": "Saved."}]'""")
    await world.pool.execute("UPDATE run SET state = 'reading', finished_at = NULL")
    assert "✓ Done: Saved." in (await browser.open(path(run_id))).texts(".notice")
    await world.pool.execute("UPDATE run SET state = 'previewed', finished_at = now()")
    assert "✓ Done: Saved." in (await browser.open(path(run_id))).texts(".notice")
    assert "✓ Done: Saved." not in (await browser.open(path(run_id))).texts(".notice")
