"""What leads from a list to the same list leaves its order, its size, and the way back as they are."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest

from .test_kept_views import PORTAL, here, unmatched

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration


async def shop_month(world: "World") -> str:
    """Store a month of sixty customers without a client, and its run; return the run's id."""
    await unmatched(world)
    missing: dict[str, Any] = {
        "outcome": "skipped",
        "action": "none",
        "reason": "customer_not_found",
        "halo_client_id": None,
    }
    items = [world.item(customer_ids=[f"C-{n}"], product_code=f"P-{n}", line_nos=[n], **missing) for n in range(1, 61)]
    run_id = await world.run(await world.pool.fetchval("SELECT invoice_pk FROM invoice"), items)
    await world.finish(run_id, "partial")
    return str(run_id)


LISTS = {
    "report?rows=200&sort=-total&status=skipped": ("rows", "sort"),
    "month?period=2026-11&rows=200&sort=-billed": ("rows", "sort"),
    "customer/C-7?period=2026-11&sort=-billed": ("sort",),
    "runs/{run}?rows=200&sort=-product&outcome=skipped": ("rows", "sort"),
    "customers?sort=-name&q=Shop&from_unmatched=yes&back=page%3D2%26sort%3Dname": ("sort", "from_unmatched", "back"),
    "licences?sort=-name&q=P-&from_unmatched=yes&back=products_sort%3Dname": ("sort", "from_unmatched", "back"),
    "licences?sort=name&q=nothing-like-it&show=unmatched&from_unmatched=yes": ("sort", "from_unmatched"),
}
"""Lists, and what every link and form on them keeps that leads to the same list."""

_SWITCHES = {"sort": "thead", "rows": "[aria-label='Rows of a page']"}
"""What changes a part of a list's look, and nothing else does."""


@pytest.mark.parametrize("address", LISTS)
async def test_whatever_leads_to_the_same_list_keeps_its_order_its_size_and_the_way_back(
    world: "World", browser: "Browser", address: str
) -> None:
    run_id = await shop_month(world)
    await browser.sign_in()
    page = await browser.open(f"{PORTAL}/{address.format(run=run_id)}")
    asked = dict(parse_qsl(page.url.query.decode()))
    seen = 0
    for name in LISTS[address]:
        # What is about another invoice is another list.
        changing = page.soup.select(f"{_SWITCHES.get(name, '#none')} a, #newer-invoice a")
        for link in page.soup.select("main a[href]:not([href^='#'])"):
            to = urlsplit(urljoin(page.url.path, str(link["href"])))
            if to.path == page.url.path and link not in changing:
                assert dict(parse_qsl(to.query)).get(name) == asked[name], f"{name} by {link}"
                seen += 1
        for form in page.soup.select("main form[method=get]"):
            assert form.select(f"[name={name}]"), f"{name} by {form}"
    assert seen


@pytest.mark.parametrize("look", ["show=unmatched&sort=-name&page=2", "sort=name&from_unmatched=yes&back=sort%3Dname"])
async def test_loading_a_file_leads_back_to_the_list(world: "World", browser: "Browser", look: str) -> None:
    await unmatched(world)
    await browser.sign_in()
    address = f"{PORTAL}/customers?{look}"
    page = await browser.open(address)
    (load,) = [str(a["href"]) for a in page.soup.select("main a") if "Load a CSV" in a.get_text()]
    page = await browser.open(load)
    assert {str(a["href"]) for a in page.soup.select("main a")} == {address}
    form = {str(each["name"]): str(each["value"]) for each in page.soup.select("main form input[type=hidden]")}
    for content, status in (("nonsense", 422), ("customer_id,halo_client_id\nC-60,5\n", 200)):
        response = await browser.client.post(
            f"{PORTAL}/customers/import", data=form, files={"file": ("a.csv", content)}
        )
        page = browser._shown(response, status)
        assert page.one(".crumbs a")["href"] == address
    await browser.submit(f"{PORTAL}/customers/import/apply")
    assert here(browser)[0] == f"{PORTAL}/customers"
    assert here(browser)[1].items() <= dict(parse_qsl(look)).items()
    assert here(browser)[1]["sort"] == dict(parse_qsl(look))["sort"]


async def test_the_products_of_a_customer_are_sorted_by_each_column(world: "World", browser: "Browser") -> None:
    amounts = {"P-10": 3, "P-9": 30, "P-2": 20}
    lines = [
        world.line(n, product_code=code, unit_price=Decimal(each)) for n, (code, each) in enumerate(amounts.items(), 1)
    ]
    await world.invoice(lines=lines)
    await browser.sign_in()
    address = f"{PORTAL}/customer/C-1"
    heads = {a.get_text() for a in (await browser.open(address)).soup.select("table.against th a[href*=sort]")}
    assert heads == {"Product", "Billed (AUD)", "In Halo (AUD)", "Difference"}

    async def products(sort: str) -> list[str]:
        return (await browser.open(f"{address}?sort={sort}")).texts("table.against .product")

    assert await products("") == await products("product") == ["P-2", "P-9", "P-10"]
    assert await products("-product") == ["P-10", "P-9", "P-2"]
    assert await products("-billed") == await products("-difference") == ["P-9", "P-2", "P-10"]
    assert await products("billed") == ["P-10", "P-2", "P-9"]
    await browser.open(f"{address}?sort=other", 422)
