"""Each list is sorted by the heads of its columns, in SQL where it is read page by page."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.roles import Role

from tests.integration.portal.previews import MONTHLY, YEARLY, path, previewed, removal, some
from tests.integration.portal.test_approval import FIRST

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser, Page

pytestmark = pytest.mark.integration

PORTAL = "/portal/acme-msp"
NAMES = ((1, "Small"), (2, "Large"))


def first_cells(page: "Page", table: str) -> list[str]:
    return [text.split(" C-")[0] for text in page.texts(f"{table} tbody th[scope=row]")]


async def sorted_by_all_heads(browser: "Browser", address: str, *heads: str) -> None:
    """Follow the links of all heads of a page; each shows by what its table is sorted then."""
    links = {link.get_text().strip(): str(link["href"]) for link in (await browser.open(address)).soup.select("th a")}
    assert set(heads) <= set(links), f"{address} does not offer to sort by {set(heads) - set(links)}"
    where = address.partition("?")[0]
    for head in heads:
        target = links[head] if links[head].startswith("/") else where + links[head]
        page = await browser.open(target.partition("#")[0])
        (shown,) = page.soup.select("th[aria-sort]")
        assert shown.get_text().strip(" ▲▼") == head
        assert (shown["aria-sort"] == "descending") == ("sort=-" in target)


async def test_lists_of_an_account_are_sorted_by_each_of_their_columns(browser: "Browser", world: "World") -> None:
    await world.webhook()
    for number in (10, 9):
        await world.ports.people.put("acme-msp", f"b{number}@x.example", Role.VIEWER, by=COMMAND_LINE)
    await world.invoice(
        lines=[world.line(number, customer_id=f"C-{name}", customer_name=name) for number, name in NAMES]
    )
    await world.connect()
    await world.halo({1: "Matched"})
    await browser.sign_in()
    await sorted_by_all_heads(browser, f"{PORTAL}/people", "E-mail address", "Role", "Since")
    await sorted_by_all_heads(browser, f"{PORTAL}/webhooks", "Address", "State", "Created")
    await sorted_by_all_heads(browser, f"{PORTAL}/keys", "Name", "Role", "State", "Created", "Last used")
    await sorted_by_all_heads(browser, f"{PORTAL}/customers", "Customer", "State", "Halo client")
    await sorted_by_all_heads(browser, f"{PORTAL}/licences", "Product", "State", "Licence name in Halo")
    await sorted_by_all_heads(browser, f"{PORTAL}/customers/unmatched", "Customer")
    assert first_cells(await browser.open(f"{PORTAL}/people"), "main") == ["b9@x.example", "b10@x.example"]
    desk = await browser.open(f"{PORTAL}/customers/unmatched?sort=name&products_sort=-lines")
    assert first_cells(desk, "table[aria-labelledby=customers-title]") == ["Large", "Small"]
    assert [sort["aria-sort"] for sort in desk.soup.select("th[aria-sort]")] == ["ascending", "descending"]
    await browser.open(f"{PORTAL}/people?sort=nonsense", 422)


async def test_runs_are_sorted_by_each_column_of_the_history(browser: "Browser", world: "World") -> None:
    outcomes = {"INV-9": ("synced", "synced"), "INV-10": ("failed", "synced"), "INV-11": ("held",)}
    for number, (invoice_id, ended) in enumerate(outcomes.items()):
        invoice_pk = await world.invoice(invoice_id)
        run_id = await world.run(
            invoice_pk, [world.item(outcome=each) for each in ended], requested_by=f"key {11 - number}"
        )
        await world.finish(run_id, "succeeded" if "failed" not in ended else "partial")
        began = world.issued + timedelta(hours=number)
        await world.pool.execute(
            "UPDATE run SET created_at = $2, started_at = $2, finished_at = $3 WHERE run_id = $1",
            *(run_id, began, began + timedelta(minutes=30 - 10 * number)),
        )
    await browser.sign_in()
    heads = ("Run", "Invoice", "State", "Synced", "Skipped", "Held", "Failed", "Took", "Started by")
    await sorted_by_all_heads(browser, f"{PORTAL}/history", *heads)

    async def invoices(sort: str) -> list[str]:
        page = await browser.open(f"{PORTAL}/history?sort={sort}")
        return page.texts("table.runs .id")

    newest = ["INV-11", "INV-10", "INV-9"]
    assert await invoices("") == await invoices("-started") == newest
    assert await invoices("invoice") == await invoices("started") == newest[::-1], "numbers by their value"
    assert await invoices("-synced") == ["INV-9", "INV-10", "INV-11"]
    assert await invoices("-skipped") == newest, "what is equal stands newest first"
    assert await invoices("state") == ["INV-10", "INV-11", "INV-9"], "what needs somebody first"
    assert await invoices("took") == await invoices("person") == newest
    assert await invoices("-failed") == ["INV-10", "INV-11", "INV-9"]


async def test_the_customers_of_a_preview_are_sorted_by_each_column(browser: "Browser", world: "World") -> None:
    items = [
        *some(world),
        removal(world, 1, customer_name="Zeta 10", halo_client_id=90),
        *(removal(world, number, customer_name="Zeta 9", halo_client_id=91) for number in (2, 3)),
    ]
    where = path(await previewed(browser, world, items))
    for head in ("Customer", "Created", "Updated", "Removed", "Held", "Unchanged", "Amount now and after a Sync"):
        page = await browser.open(where)
        links = {
            link.get_text(): str(link["href"]) for link in page.soup.select("table[aria-labelledby=list-title] th a")
        }
        shown = (await browser.open(links[head].partition("#")[0])).one("th[aria-sort]")
        assert shown.get_text().strip(" ▲▼") == head

    async def customers(sort: str) -> list[str]:
        page = await browser.open(f"{where}?customers_sort={sort}")
        return page.texts("table[aria-labelledby=list-title] tbody th a")

    by_name = await customers("name")
    assert by_name[-2:] == ["Zeta 9", "Zeta 10"]
    assert await customers("-name") == by_name[::-1]
    assert (await customers("-held"))[:2] == ["Zeta 9", "Zeta 10"]
    assert (await customers("held"))[-1] == "Zeta 9"
    assert (await customers("-cost"))[:3] == ["Contoso", "Fabrikam", "Zeta 9"], "what changes most in money, up or down"
    assert (await customers("cost"))[-2:] == ["Fabrikam", "Contoso"]


@pytest.mark.parametrize(("mode", "tab"), [("preview", "preview"), ("apply", "review")])
async def test_the_examples_of_a_first_review_are_sorted_by_each_column(
    browser: "Browser", world: "World", mode: str, tab: str
) -> None:
    licences = {
        "Zeta 10": (1, "40", "30", MONTHLY),
        "Zeta 9": (2, "20", "26", YEARLY),
        "Contoso": (3, "9", "99", MONTHLY),
    }
    named = {name: {"customer_name": name, "licence_name": f"P {name}", **FIRST} for name in licences}
    items = [
        world.item(
            (count, now, cycle, True), (count, new, cycle, True), action="update", product_code="P", **named[name]
        )
        for name, (count, now, new, cycle) in licences.items()
    ]
    items += [
        removal(world, number, **{**named[name], "licence_name": f"P-{number}"}) for number, name in enumerate(named)
    ]
    run_id = await previewed(browser, world, items, mode=mode)
    where = path(run_id, tab)

    async def customers(table: str, sort: str) -> list[str]:
        page = await browser.open(f"{where}?{table}_sort={sort}")
        return page.texts(f"table[aria-labelledby={table}-title] tbody th")

    assert await customers("prices", "") == ["Contoso", "Zeta 9", "Zeta 10"], "what changes most stands first"
    assert (
        await customers("prices", "customer") == await customers("gone", "customer") == ["Contoso", "Zeta 9", "Zeta 10"]
    )
    assert await customers("gone", "-licence") == ["Contoso", "Zeta 9", "Zeta 10"]
    assert await customers("prices", "licence") == ["Contoso", "Zeta 9", "Zeta 10"]
    assert (
        await customers("prices", "quantity") == await customers("prices", "-price") == ["Zeta 10", "Zeta 9", "Contoso"]
    )
    assert await customers("prices", "new_price") == ["Zeta 9", "Zeta 10", "Contoso"]
    assert (await customers("prices", "-cycle"))[0] == "Zeta 9"
    heads = {
        "prices": ["Customer", "Licence in Halo", "Quantity", "Price now (AUD)", "New price (AUD)", "Billing cycle"],
        "gone": ["Customer", "Licence in Halo", "Quantity", "Price (AUD)", "Billing cycle"],
    }
    page = await browser.open(f"{where}?prices_sort=-price")
    for table, words in heads.items():
        links = page.soup.select(f"table[aria-labelledby={table}-title] th a[href*=sort]")
        assert [link.get_text().strip(" ▲▼") for link in links] == words
    (shown,) = (await browser.open(str(links[0]["href"]).partition("#")[0])).soup.select(
        "#gone-title ~ div th[aria-sort]"
    )
    assert shown.get_text().strip(" ▲▼") == "Customer"
    assert "prices_sort=-price" in str(links[0]["href"]), "the other table stays as it is sorted"
    await browser.open(f"{where}?gone_sort=nonsense", 422)


async def test_deliveries_of_a_webhook_are_sorted_by_each_column(browser: "Browser", world: "World") -> None:
    webhook_id, _ = await world.webhook()
    for number, (kind, state) in enumerate((("run.finished", "failed"), ("month.closed", "pending")), start=1):
        notice = await world.pool.fetchval(
            "INSERT INTO notice (partner_id, type, data, happened_at, spread_at)"
            " VALUES ('acme-msp', $1, '{}'::jsonb, $2, now()) RETURNING notice_id",
            *(kind, datetime.now(UTC) + timedelta(hours=number)),
        )
        await world.pool.execute(
            "INSERT INTO notice_delivery (notice_id, webhook_id, state) VALUES ($1, $2, $3)", notice, webhook_id, state
        )
    await browser.sign_in()
    here = f"{PORTAL}/webhooks/{webhook_id}"
    await sorted_by_all_heads(browser, here, "Notice", "When", "State", "Last answer", "Attempts")

    async def notices(sort: str) -> list[str]:
        return first_cells(await browser.open(f"{here}?sort={sort}"), "main")

    newest = await notices("")
    assert newest[-1] == "A test"
    assert len(newest) == 3
    assert await notices("when") == newest[::-1] == (await notices("-when"))[::-1]
    assert (await notices("-attempts"))[0] == "A test"
    assert await notices("notice") == sorted(newest, key=str.casefold)
    tested, failed, pending = await notices("when")
    assert await notices("state") == [failed, pending, tested] == (await notices("-state"))[::-1], "what failed first"
    assert await notices("answer") == [tested, pending, failed], "what was not sent yet stands newest first"
    await browser.open(f"{here}?sort=-attempts")
    await browser.submit(f"{here}/test")
    assert browser.page is not None
    assert browser.page.url.query == b"sort=-attempts", "a form leads back to the same order"
    await browser.open(f"{here}?sort=nonsense", 422)
