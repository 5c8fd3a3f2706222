"""A page that is out of date links nobody: another Halo, another client, an exclusion since."""

from typing import TYPE_CHECKING

import pytest

from .customer_links import ACME, CLIENTS, HERE, accept, links, pairs, prepared, upload

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser
from .client_choice import choice

pytestmark = pytest.mark.integration


async def switched(world: "World", clients: dict[int, str]) -> None:
    """Connect another Halo, and read it."""
    await world.pool.execute("UPDATE connection SET tenant = 'other'")
    await world.pool.execute("DELETE FROM halo_snapshot")
    await world.pool.execute("DELETE FROM halo_client")
    await world.halo(clients)
    await world.pool.execute("UPDATE halo_snapshot SET tenant = 'other'")


async def test_an_id_of_another_halo_is_not_linked_by_a_page_that_showed_the_first(
    world: "World", browser: "Browser"
) -> None:
    page = await prepared(world, browser)
    listed, northwind = browser.page, pairs(page, "C-3")[0]
    chooser = await browser.submit(f"{HERE}/link", customer_id="C/4", q="northw")
    chosen = choice(chooser, "Northwind Traders #4")
    await upload(browser, "customer_id,halo_client_id\nC-3,4\n")
    imported = browser.page
    await switched(world, CLIENTS | {4: "Tailspin"})
    words = 'Halo has changed since you opened the page: #4 is now called "Tailspin"'
    browser.page = chooser
    assert words in (await browser.submit(f"{HERE}/link", halo_client_id=chosen)).text
    browser.page = listed
    assert words in (await accept(browser, [northwind])).text
    browser.page = imported
    assert words in (await browser.submit(f"{HERE}/import/apply", status=409)).text
    assert await links(world) == {}


async def test_a_client_of_the_same_name_in_another_halo_is_another_client(world: "World", browser: "Browser") -> None:
    page = await prepared(world, browser)
    ticked = pairs(page, "C-3")[0]
    await switched(world, CLIENTS)
    assert "Halo has changed since you opened the page" in (await accept(browser, [ticked])).text
    assert await links(world) == {}


async def test_a_stale_page_does_not_include_whom_somebody_excluded(world: "World", browser: "Browser") -> None:
    await prepared(world, browser)
    await world.pool.execute("INSERT INTO customer_link VALUES ($1, 'C-3', 4, false)", ACME)
    stale = await browser.open(HERE)
    await browser.submit(f"{HERE}/exclude", customer_id="C-3", excluded="yes")
    browser.page = stale
    page = await browser.submit(f"{HERE}/unlink", customer_id="C-3")
    assert (
        '"Northwind" was not changed, because somebody else changed it while your page was open. Now it is excluded.'
        in page.text
    )
    assert await links(world) == {"C-3": (4, True)}
