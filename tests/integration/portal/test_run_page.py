"""The page of a run: how it ended and what to do, the money, and its items with the licence before and after."""

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

MONTHLY, YEARLY = "Monthly", "Yearly"


def path(run_id: UUID, partner: str = "acme-msp") -> str:
    return f"/portal/{partner}/runs/{run_id}"


async def test_counters_add_up_and_money_is_told_by_billing_cycle(browser: "Browser", world: "World") -> None:
    items = [
        world.item((10, "31.50", MONTHLY, True), (12, "31.50", MONTHLY, True), action="update"),
        world.item((3, "20", YEARLY, True), None, action="delete"),
        world.item(outcome="failed", reason="negative_quantity", detail="Line 3 bills a negative quantity."),
        world.item((1, "5", MONTHLY, True), None, outcome="held", action="delete", reason="delete_guard"),
    ]
    run_id = await world.run(await world.invoice(), items, approve_removals=3)
    await world.pool.execute("UPDATE item SET outcome = 'synced', action_state = 'applied' WHERE outcome = 'pending'")
    await world.finish(run_id, "partial")
    await browser.sign_in()
    page = await browser.open(path(run_id))
    assert page.title == "Sync of November 2026"
    assert page.texts(".title-row .badge") == ["Partly done"]
    assert page.texts(".stat") == ["1 Failed", "1 Held", "0 Skipped", "2 Synced", "4 In all"]
    assert "0 were created, 1 updated, 1 removed, and 0 needed no change" in page.text
    assert "Removals approved up to 3" in page.text
    money = page.soup.select("section[aria-labelledby=money-title] tbody tr")
    assert [" ".join(row.get_text(" ").split()) for row in money] == [
        "Monthly 320.00 383.00 +63.00",
        "Yearly 60.00 0.00 −60.00",
    ]


async def test_items_show_what_changes_and_why_not(browser: "Browser", world: "World") -> None:
    await world.connect()
    items = [
        world.item((10, "31.50", MONTHLY, True), (12, "31.50", YEARLY, True), outcome="synced", action="update"),
        world.item(None, (5, "7", MONTHLY, True), outcome="synced", action="create"),
        world.item(
            outcome="skipped",
            action="none",
            customer_name="<b>Fabrikam</b>",
            reason="customer_not_found",
            detail="No client in Halo is called so.",
        ),
    ]
    run_id = await world.run(await world.invoice(), items, state="succeeded")
    await browser.sign_in()
    page = await browser.open(path(run_id))
    rows = page.soup.select("table.items tbody tr:not(.customer)")
    cells = [[" ".join(cell.get_text(" ").split()) for cell in row.select("td")] for row in rows]
    assert page.texts("table.items tbody th[scope=row]") == ["MS-365-BP"] * 2 + ["<b>Fabrikam</b> MS-365-BP"]
    assert cells[0] == [
        "Update",
        "10 → 12",
        "31.50",
        "Monthly → Yearly",
        "Synced",
    ]
    assert cells[1][1:3] == ["5", "7.00"]  # what is new comes from nothing
    assert page.texts("table.items .customer th a") == ["Contoso"], "one item has its customer in its own row"
    assert "No active client of that name in Halo" in cells[2][-1]
    assert page.one("table.items tr:not(.customer) td:last-child a")["href"] == "/portal/acme-msp/customers?q=C-1"


async def test_items_are_filtered_and_paged(browser: "Browser", world: "World") -> None:
    items = [
        world.item(
            outcome="failed" if number % 2 else "synced",
            action="create",
            customer_name=f"Customer {number:03}",
        )
        for number in range(120)
    ]
    run_id = await world.run(await world.invoice(), items, state="partial")
    await browser.sign_in()
    page = await browser.open(path(run_id))
    assert page.texts("#outcome option") == ["Any outcome", "Failed (60)", "Synced (60)"]
    assert "1 to 50 of 120 items" in page.text
    page = await browser.open(str(page.one("a[rel=next]")["href"]))
    assert "51 to 100 of 120 items" in page.text

    page = await browser.submit(f"{path(run_id)}#items-title", outcome="failed", q="customer 00")
    assert page.texts("table.items tbody th > a") == [f"Customer 00{number}" for number in (1, 3, 5, 7, 9)]
    assert "1 to 5 of 5 items found" in page.text
    assert page.texts("#outcome option[selected]") == ["Failed (5)"]

    page = await browser.open(f"{path(run_id)}?q=nobody")
    assert page.texts(".empty-title") == ["No item found"]


async def test_items_are_sorted_by_their_columns_and_a_reason_is_said_once(browser: "Browser", world: "World") -> None:
    why = {"outcome": "failed", "reason": "negative_quantity", "detail": "Ask for a corrected invoice."}
    found = {"licence_name": None, "product_code": "P-7"}
    items = [world.item(None, (n, "1", MONTHLY, True), **{**found, "product_code": f"P-{n}"}, **why) for n in (2, 9, 4)]
    other = {"customer_name": "Fabrikam", "customer_ids": ["C-2"], "halo_client_id": 8}
    items += [world.item(None, (7, "1", MONTHLY, True), **found, **other, outcome="synced")]
    run_id = await world.run(await world.invoice(), items, state="partial")
    await browser.sign_in()
    page = await browser.open(path(run_id))
    assert page.texts("table.items tbody th[scope=row]") == ["P-2", "P-9", "P-4", "Fabrikam P-7"]
    assert page.text.count("Ask for a corrected invoice.") == 1
    assert page.text.count("Negative quantity") == 1, "the customer's rows have it at the customer"
    page = await browser.open(str(page.one("table.items thead th:nth-child(3) a")["href"]))
    assert page.texts("table.items tbody th[scope=row]") == ["P-9", "P-4", "P-2", "Fabrikam P-7"]
    assert page.one("table.items thead th[aria-sort]")["aria-sort"] == "descending"
    page = await browser.open(str(page.one("table.items thead th:nth-child(3) a")["href"]))
    assert page.texts("table.items tbody th[scope=row]") == ["P-2", "P-4", "P-9", "Fabrikam P-7"]
    page = await browser.open(f"{path(run_id)}/held?sort=-product")
    assert page.texts("h1") == ["0 held changes"]
    assert (await browser.client.get(f"{path(run_id)}?sort=customer_id")).status_code == 422


async def test_a_row_names_which_of_its_customers_reasons_is_its_own(browser: "Browser", world: "World") -> None:
    reasons = ("negative_quantity", "negative_price") * 2
    items = [world.item(outcome="failed", reason=reason, detail=f"Of {reason}.") for reason in (*reasons, "kept")]
    run_id = await world.run(await world.invoice(), items, state="partial")
    await browser.sign_in()
    page = await browser.open(path(run_id))
    assert [page.text.count(f"Of {reason}.") for reason in ("negative_quantity", "negative_price", "kept")] == [1, 1, 1]
    named = ("Negative quantity", "Negative price") * 2
    own = page.texts("table.items tbody td:last-child")
    assert own == [*(f"Failed {name}" for name in named), "Failed You keep this licence Of kept."]


async def test_a_preview_since_has_done_nothing_of_what_was_left(browser: "Browser", world: "World") -> None:
    invoice_pk = await world.invoice()
    held = world.item(outcome="held", action="delete", reason="delete_guard", detail="Too many.")
    run_id = await world.run(invoice_pk, [held], state="partial", created_at=world.issued)
    await world.run(invoice_pk, mode="preview", state="previewed", created_at=world.issued + timedelta(days=9))
    await browser.sign_in()
    page = await browser.open(path(run_id))
    (notice,) = page.texts(".notice-warn")
    assert "1 change was held . Another run or preview was made since." in notice
    assert page.one(".notice-warn a[href*='/month?']").get_text() == "The month"


async def test_the_file_has_every_item_that_fits(browser: "Browser", world: "World") -> None:
    items = [
        world.item(outcome="failed" if number < 60 else "synced", customer_name="=1+1" if number == 0 else "Contoso")
        for number in range(80)
    ]
    run_id = await world.run(await world.invoice(), items, state="partial")
    await browser.sign_in()
    page = await browser.open(f"{path(run_id)}?outcome=failed")
    link = str(page.one("a[download]")["href"])
    response = await browser.client.get(link)
    assert response.headers["content-type"].startswith("text/csv")
    assert f'filename="run-{run_id}.csv"' in response.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(response.text.removeprefix("\ufeff"))))
    assert len(rows) == 60
    assert rows[0]["customer_name"] == "'=1+1"
    assert {"before_quantity", "after_price", "reason", "detail"} <= set(rows[0])


@pytest.mark.parametrize(
    ("code", "heading", "button"),
    [
        ("connection_broken", "The connection to Halo is broken.", "Reconnect Halo"),
        ("read_shrunk", "Halo showed much less than before.", None),
        ("moon_too_low", "Moon too low.", None),
    ],
)
async def test_a_failed_run_says_why_and_what_to_do(
    browser: "Browser", world: "World", code: str, heading: str, button: str | None
) -> None:
    run_id = await world.run(await world.invoice(), state="failed", error_code=code, error="Do this and that.")
    await browser.sign_in()
    page = await browser.open(path(run_id))
    told = page.one(".notice-bad")
    assert f"{heading} Do this and that." in " ".join(told.get_text(" ").split())
    assert [link.get_text() for link in told.select("a")] == ([button] if button else [])


async def test_a_preview_says_that_nothing_was_written(browser: "Browser", world: "World") -> None:
    items = [world.item(None, (5, "7", MONTHLY, True), action="create", outcome="pending")]
    run_id = await world.run(await world.invoice(), items, mode="preview")
    await world.finish(run_id, "previewed")
    await browser.sign_in()
    page = await browser.open(path(run_id))
    assert page.title == "Preview of November 2026"
    assert "Nothing was written" in page.text
    assert "1 Would be done" in page.texts(".stat")
    assert page.one(f'a[href="{path(run_id)}/preview"]')


async def test_a_run_that_goes_on_says_so(browser: "Browser", world: "World") -> None:
    run_id = await world.run(await world.invoice(), [world.item()])
    await browser.sign_in()
    page = await browser.open(path(run_id))
    assert page.texts(".title-row .badge") == ["Writing to Halo"]
    assert "1 Not yet done" in page.texts(".stat")


async def test_a_run_that_ends_while_its_page_is_made_is_watched_still(
    browser: "Browser", world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    """The panel is asked for first, so it may know less than what stands beside it; what it watches tells the rest."""
    held = world.item(outcome="held", action="delete", reason="delete_guard", detail="Too many.")
    run_id = await world.run(await world.invoice(), [held])
    going_on = await world.ports.run_views.newest("acme-msp")
    await world.finish(run_id, "partial")

    async def before(_: str) -> object:
        return going_on

    monkeypatch.setattr(world.ports.run_views, "newest", before)
    await browser.sign_in()
    page = await browser.open(path(run_id))
    assert page.one("#sync-panel")["data-sync-events"]
    assert "was made since" not in page.text


async def test_runs_of_others_and_of_nobody_are_not_found(browser: "Browser", world: "World") -> None:
    foreign = await world.run(await world.invoice(partner="rival-msp"), [world.item()], partner="rival-msp")
    await browser.sign_in()
    for run_id in (foreign, UUID(int=1), "no-uuid"):
        await browser.open(f"/portal/acme-msp/runs/{run_id}", status=404)
        await browser.open(f"/portal/acme-msp/runs/{run_id}/items.csv", status=404)
    await browser.open(path(foreign, "rival-msp"), status=404)
