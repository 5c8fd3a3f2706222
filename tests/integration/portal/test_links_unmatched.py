"""All that is unmatched in one place: by money, with its lines, and linked or left out by ticks."""

from typing import TYPE_CHECKING

import pytest
from devstack.fields import Fields

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser, Page

pytestmark = pytest.mark.integration

ACME = "acme-msp"
HERE = f"/portal/{ACME}/customers/unmatched"


def bills(world: "World", number: int, name: str, code: str = "P-1", **more: object) -> tuple[object, ...]:
    return world.line(number, customer_id=f"C-{name[0]}", customer_name=name, product_code=code, **more)


async def prepared(world: "World", browser: "Browser") -> "Page":
    lines = [
        bills(world, 1, "Small", quantity="1", unit_price="1.005"),
        bills(world, 2, "Large Pty Ltd", quantity="3", unit_price="400"),
        bills(world, 3, "Large Pty Ltd", "P-0", quantity="0", unit_price="5"),
        bills(world, 4, "Matched", "P-2", quantity="1", unit_price="5"),
        bills(world, 5, "Matched", "P-2", quantity="1", unit_price="6"),
        bills(world, 6, "Matched", "P-3", quantity="1", unit_price="2"),
        bills(world, 7, "Matched", "P-3", quantity="1", unit_price="3"),
        bills(world, 8, "Small", "P-3", quantity="1", unit_price="3"),
    ]
    await world.invoice(lines=lines)
    await world.connect()
    await world.halo({1: "Matched", 2: "Large"})
    await browser.sign_in()
    return await browser.open(HERE)


def cells(page: "Page", title: str) -> list[list[str]]:
    rows = page.soup.select(f"table[aria-labelledby={title}] tbody tr")
    return [[" ".join(cell.get_text(" ").split()) for cell in row.select("th, th ~ td")] for row in rows]


async def links(world: "World") -> dict[str, tuple[int | None, bool]]:
    rows = await world.pool.fetch("SELECT customer_id, halo_client_id, excluded FROM customer_link")
    return {row["customer_id"]: (row["halo_client_id"], row["excluded"]) for row in rows}


async def test_what_is_unmatched_is_sorted_by_money_and_says_what_a_sync_makes_of_it(
    world: "World", browser: "Browser"
) -> None:
    page = await prepared(world, browser)
    assert [row[:3] for row in cells(page, "customers-title")] == [
        ["Large Pty Ltd C-L", "1,200.00", "2"],
        ["Small C-S", "4.01", "2"],
    ]
    assert "2 customers without a client, AUD 1,204.01" in " ".join(page.text.split())
    told = {row[0].split()[0]: (row[1], row[2], row[3]) for row in cells(page, "products-title")}
    assert told == {
        "P-1": ("1,201.01", "2", "Creates it"),
        "P-2": ("11.00", "2", "Nothing: its lines cannot be synchronised"),
        "P-3": ("8.00", "3", "Creates it, but not for customers whose lines cannot be synchronised"),
        "P-0": ("0.00", "1", "Nothing: its quantity is 0"),
    }
    page = await browser.open(f"/portal/{ACME}/licences")
    assert page.text.count("Will be created as") == 1


async def test_ticked_rows_are_linked_or_left_out_and_set_back(world: "World", browser: "Browser") -> None:
    page = await prepared(world, browser)
    large, small = (f"/portal/{ACME}/customers/{act}" for act in ("ticked", "exclude-ticked"))
    await browser.submit(large, row="1")
    assert await links(world) == {"C-L": (2, False)}
    assert browser.page is not None
    assert browser.page.url.path == HERE
    await browser.submit(f"/portal/{ACME}/customers/undo")
    assert (await links(world), browser.page.url.path) == ({}, HERE)
    unchosen: Fields = {"row": "2", "pair-1": ""}
    await browser.submit(large, **unchosen)
    assert "Choose a suggestion in every ticked row" in browser.page.text
    inputs = browser.page.soup.select("form[data-ticks] input[name]")
    values: Fields = {str(element["name"]): str(element["value"]) for element in inputs}
    answer = await browser.client.post(small, data=values | {"row": ["1", "2"]})
    assert "2 customers are excluded" in " ".join(answer.text.split())
    assert await links(world) == {"C-L": (None, True), "C-S": (None, True)}
    assert cells(browser._shown(answer, 200), "customers-title") == []
    del page


@pytest.mark.parametrize(
    ("called", "difference"),
    [("O\u2019Brien", "another kind of apostrophe"), ("O'Bri\u00aden", "soft hyphen"), ("O'Brien\u200b", "invisible")],
)
async def test_a_client_that_only_looks_like_the_customer_is_named_and_linked_by_one_button(
    world: "World", browser: "Browser", called: str, difference: str
) -> None:
    await world.invoice(lines=[world.line(1, customer_id="C-1", customer_name="O'Brien")])
    await world.connect()
    await world.halo({30: called, 31: "Other"})
    await browser.sign_in()
    page = await browser.open("/portal/acme-msp/customers")
    assert difference in page.text
    [button] = [one for one in page.soup.select("button.button-primary") if one.get_text().startswith("Link to")]
    assert "#30" in button.get_text()
    await browser.submit("/portal/acme-msp/customers/link")
    assert await world.pool.fetchval("SELECT halo_client_id FROM customer_link WHERE customer_id = 'C-1'") == 30


async def test_where_no_product_can_be_ticked_nothing_offers_it_and_each_has_its_way_on(
    world: "World", browser: "Browser"
) -> None:
    page = await prepared(world, browser)
    products = page.one("section[aria-labelledby=products-title]")
    assert not products.select("form, [data-tick-bar], thead th:empty")
    ways = [str(each["href"]) for each in products.select("td.actions a")]
    assert ways[0] == f"/portal/{ACME}/licences?q=P-1&back=&from_unmatched=yes", "it leads back to here"
    page = await browser.open(ways[0])
    assert "Link to another name" in page.text
