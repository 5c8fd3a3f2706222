"""The pages of a customer, a licence and a line, and the search that finds them."""

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from halosync.domain.item_sentences import customer_not_found

from tests.integration.portal.test_month import difference

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

PORTAL = "/portal/acme-msp"


async def test_a_customer_line_by_line_against_halo(browser: "Browser", world: "World") -> None:
    await difference(world)
    await world.connect()
    await world.halo({7: "Contoso"}, [])
    await world.pool.execute(
        "INSERT INTO halo_licence (partner_id, halo_licence_id, halo_client_id, name, quantity, price, billing_cycle,"
        " is_active) VALUES ('acme-msp', 5, 7, 'P-1', 11, 31.50, 'Monthly', true)"
        " ON CONFLICT (partner_id, halo_licence_id) DO UPDATE SET quantity = 11"
    )
    await browser.sign_in()
    page = await browser.open(f"{PORTAL}/month")
    assert page.one("a[href^='/portal/acme-msp/customer/C-1']").get_text() == "Contoso"
    page = await browser.open(f"{PORTAL}/customer/C-1")
    assert page.title == "Contoso"
    assert "Same name Contoso #7" in page.text
    assert page.one("a[target=_blank]")["href"] == "https://acme.halopsa.com/customers?clientid=7"
    row = page.texts("table.against tbody tr")[0].replace("\N{MULTIPLICATION SIGN}", "x")
    assert "378.00 12 x 31.50 Monthly 346.50 11 x 31.50 Monthly +31.50 Changed in Halo since it was synchronised" in row
    assert page.texts("tfoot tr") == ["Monthly, in all 378.00 346.50 +31.50"]
    links = [str(link["href"]) for link in page.soup.select("table.against tbody a")]
    assert links == [f"{PORTAL}/line?invoice=INV-1&line=1", f"{PORTAL}/licence/5"]
    page = await browser.submit(f"{PORTAL}/month/accept", note="One seat is free of charge.")
    assert page.url.path == f"{PORTAL}/customer/C-1"
    assert "One seat is free of charge." in page.text
    for link in links:
        page = await browser.open(link)
        assert page.texts(".story h3") == ["Created in Halo"]
        assert "12 \N{MULTIPLICATION SIGN} AUD 31.50 Monthly Product · line 1" in page.text
        assert "Sync by test" in page.text


async def test_the_products_of_a_customer_stand_on_pages_of_50_or_200_rows_as_close_as_wanted(
    browser: "Browser", world: "World"
) -> None:
    await world.invoice(lines=[world.line(number, product_code=f"P-{number}") for number in range(1, 62)])
    await browser.sign_in()
    page = await browser.open(f"{PORTAL}/customer/C-1?sort=product")
    assert len(page.texts("table.against .product")) == 50
    assert page.soup.select(".table-tools [data-density]")
    page = await browser.open(str(page.one(".table-tools a[href*='rows=200']")["href"]).partition("#")[0])
    assert page.texts("table.against .product") == [f"P-{number}" for number in range(1, 62)]
    assert page.one(".table-tools a[aria-current]").get_text() == "200 rows a page"


async def test_why_a_customer_has_no_client_is_told_once_and_not_what_the_page_offers(
    browser: "Browser", world: "World"
) -> None:
    await difference(world)
    await world.connect()
    await world.halo({7: "Contoso"}, [])
    said = customer_not_found(["Wide World"])
    await world.pool.execute("UPDATE item SET detail = $1 WHERE reason = 'customer_not_found'", said)
    await browser.sign_in()
    page = await browser.open(f"{PORTAL}/customer/C-2")
    assert page.text.count(said) == 1
    for desk in ("customers", "customers/unmatched"):
        page = await browser.open(f"{PORTAL}/{desk}")
        assert customer_not_found(["Wide World"], linking=True) in page.text
        assert "link this customer to a client" not in page.text


async def test_a_line_that_does_not_recur_is_told_with_its_customer(browser: "Browser", world: "World") -> None:
    invoice_pk = await world.invoice(lines=[world.line(1, kind="credit", unit_price=Decimal(-3))])
    skipped = world.item(outcome="skipped", action="none", reason="not_recurring", product_code="P-1", line_nos=[1])
    await world.finish(await world.run(invoice_pk, [skipped]))
    await browser.sign_in()
    page = await browser.open(f"{PORTAL}/customer/C-1")
    assert "Product · Credit · line 1" in page.text


@pytest.mark.parametrize(
    "path",
    ["customer/C-404", "licence/404", "licence/x", "licence/99999999999999999999", "line?invoice=INV-1&line=404"],
)
async def test_what_is_not_there_is_not_found(browser: "Browser", world: "World", path: str) -> None:
    await difference(world)
    await browser.sign_in()
    await browser.open(f"{PORTAL}/{path}", status=404)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("wide", {"Customers": ["Wide World C-2"]}),
        ("c-1", {"Customers": ["Contoso C-1"]}),
        ("P-2", {"Products": ["P-2 Product"]}),
        ("#5", {"Licences in Halo": ["P-1 #5, quantity 12"]}),
        ("november", {"Invoices": ["INV-1 November 2026, AUD 378.00"]}),
        ("100%", {}),
        ("_", {}),
    ],
)
async def test_the_search_finds_by_a_part_of_a_name(
    browser: "Browser", world: "World", typed: str, found: dict[str, list[str]]
) -> None:
    await difference(world)
    await browser.sign_in()
    page = await browser.submit(f"{PORTAL}/search", q=f" {typed} ")
    lists = {
        str(each["aria-label"]): page.texts(f"[aria-label='{each['aria-label']}'] li")
        for each in page.soup.select(".hits")
    }
    assert lists == found
    assert page.one("#search")["value"] == typed


async def test_the_search_finds_runs_and_nothing_of_another_partner(browser: "Browser", world: "World") -> None:
    await difference(world)
    theirs = await world.invoice("INV-R", [world.line(1)], partner="rival-msp")
    await world.run(theirs, [], partner="rival-msp", requested_by="test")
    run_id = str(await world.pool.fetchval("SELECT run_id FROM run WHERE partner_id = 'acme-msp'"))
    await browser.sign_in()
    for typed in (run_id[:8].upper(), "test"):
        page = await browser.open(f"{PORTAL}/search?q={typed}")
        assert [str(link["href"]) for link in page.soup.select(".hits a")] == [f"{PORTAL}/runs/{run_id}"]
    page = await browser.open(f"{PORTAL}/search?q=INV")
    assert "INV-R" not in page.text
    assert "Type what you look for" in (await browser.open(f"{PORTAL}/search?q=+")).text
