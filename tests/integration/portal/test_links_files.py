"""Links of customers by a file, and by ticks: all that is shown holds, or it is told."""

from typing import TYPE_CHECKING

import pytest
from devstack.fields import Fields

from .customer_links import ACME, HERE, accept, links, pairs, prepared, upload

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration


async def test_accepting_in_bulk_links_what_was_ticked(world: "World", browser: "Browser") -> None:
    page = await prepared(world, browser)
    ticked = [pairs(page, "C-3")[0], pairs(page, "C-2")[1]]
    page = await accept(browser, ticked)
    assert "2 customers linked" in page.text
    assert await links(world) == {"C-3": (4, False), "C-2": (3, False)}


async def test_rows_that_no_longer_hold_stay_and_the_others_are_linked(world: "World", browser: "Browser") -> None:
    page = await prepared(world, browser)
    ticked = [pairs(page, "C-2")[0], pairs(page, "C-3")[0]]
    await world.pool.execute("DELETE FROM halo_client WHERE halo_client_id = 4")
    page = await accept(browser, ticked)
    assert "1 customer linked" in page.text
    assert '"Northwind" was not linked: the last read of Halo has no client #4' in page.text
    page = await browser.open(HERE)
    page = await accept(browser, [ticked[0]])
    assert '"Fabrikam" was not changed, because somebody else changed it' in page.text
    assert await links(world) == {"C-2": (2, False)}


async def test_nothing_ticked_and_made_up_ticks(world: "World", browser: "Browser") -> None:
    await prepared(world, browser)
    assert "No suggestion was ticked" in (await accept(browser, [])).text
    await browser.open(HERE)
    for made_up in ("rubbish", "\0:1:x", "%00:1:x"):
        await browser.open(HERE)
        await accept(browser, [made_up], status=400)
    assert await links(world) == {}


async def test_a_file_out_and_in_changes_nothing(world: "World", browser: "Browser") -> None:
    await prepared(world, browser)
    await world.pool.execute("INSERT INTO customer_link VALUES ($1, 'C-3', 4, true), ($1, '=C', 99, false)", ACME)
    response = await browser.client.get(f"{HERE}/customers.csv")
    assert response.headers["content-disposition"] == 'attachment; filename="customers.csv"'
    lines = response.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "customer_id,customer_name,halo_client_id,halo_client_name,excluded,matched_by"
    assert "'=C,<b>Formula</b>,99,,false,customer_not_found" in lines
    assert "C-1,Contoso & Søns,1,contoso  & SØNS,false,name" in lines
    assert "C-3,Northwind,4,Northwind Traders,true,link" in lines
    page = await upload(browser, response.content)
    assert "The file changes nothing" in page.text


async def test_a_file_shows_what_it_would_change_and_then_does_exactly_that(world: "World", browser: "Browser") -> None:
    await prepared(world, browser)
    page = await upload(browser, "customer_id;halo_client_id;excluded\nC-3;4;\nC-1;;yes\nC-2;2;\n'=C;5;\n")
    assert "4 customers would be changed" in page.text
    told = {
        cells[0].split()[0]: cells[1:]
        for cells in ([c.get_text(" ", strip=True) for c in tr.select("th, td")] for tr in page.soup.select("tbody tr"))
    }
    assert told["Northwind"] == ["no client", "Northwind Traders #4 (linked)"]
    assert told["Contoso"] == ["contoso & SØNS #1 (same name)".replace(" & ", "  & "), "excluded"]
    assert await links(world) == {}
    page = await browser.submit(f"{HERE}/import/apply")
    assert "4 customers changed" in page.text
    assert await links(world) == {"C-3": (4, False), "C-1": (None, True), "C-2": (2, False), "=C": (5, False)}


async def test_what_no_longer_holds_keeps_the_whole_file_back(world: "World", browser: "Browser") -> None:
    await prepared(world, browser)
    await upload(browser, "customer_id,halo_client_id\nC-3,4\nC-2,2\n")
    await world.pool.execute("INSERT INTO customer_link VALUES ($1, 'C-3', 1, false)", ACME)
    page = await browser.submit(f"{HERE}/import/apply", status=409)
    assert page.title == "Nothing was changed"
    assert '"Northwind" was not changed, because somebody else changed it' in page.text
    assert await links(world) == {"C-3": (1, False)}


async def test_errors_of_a_file_are_listed(world: "World", browser: "Browser") -> None:
    await prepared(world, browser)
    page = await upload(browser, "customer_id,halo_client_id\nC-9,1\nC-1,<i>\n", status=422)
    assert "Line 2, column customer_id: there is no customer" in page.text
    assert 'Line 3, column halo_client_id: "<i>" is no client' in page.text
    page = await upload(browser, b"", status=422)
    assert "the file is empty" in page.text
    csrf = page.one(f'form[action="{HERE}/import"] input[name=csrf]')["value"]
    response = await browser.client.post(f"{HERE}/import", data={"csrf": csrf})
    assert "Choose a file first" in browser._shown(response, 422).text
    response = await browser.client.post(f"{HERE}/import/apply", data={"csrf": csrf, "changes": "[[1]]"})
    assert response.status_code == 400


async def test_files_may_be_large_and_nothing_else(world: "World", browser: "Browser") -> None:
    await prepared(world, browser)
    padding = "x" * 100
    large = "customer_id,halo_client_id,note\n" + "".join(f"C-{n},1,{padding}\n" for n in range(10, 20000))
    page = await upload(browser, large, status=422)
    assert "And 19,940 more." in page.text
    await upload(browser, large * 2, status=413)
    big: Fields = {"csrf": "x", "q": "x" * 70000}
    assert (await browser.client.post(f"{HERE}/link", data=big)).status_code == 413
