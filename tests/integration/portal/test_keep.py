"""The button that keeps a licence: on its page, and where its removal is held."""

from typing import TYPE_CHECKING

import pytest
from devstack.fields import Fields

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

PORTAL = "/portal/acme-msp"


async def test_a_licence_is_kept_and_let_go_on_its_page(world: "World", browser: "Browser") -> None:
    await world.connect()
    await world.halo({7: "Contoso"}, ["OLD"])
    await browser.sign_in()
    await browser.open(f"{PORTAL}/licence/0")
    page = await browser.submit(f"{PORTAL}/licence/0/keep")
    assert "no run removes it" in page.text
    assert await world.pool.fetchval("SELECT count(*) FROM kept_licence") == 1
    assert len(page.soup.select(f"form.inline[action='{PORTAL}/licence/0/keep'] button:-soup-contains('Undo')")) == 1
    page = await browser.submit(f"{PORTAL}/licence/0/keep")  # the notice's, which comes first
    assert "is not kept any more" in page.text
    assert await world.pool.fetchval("SELECT count(*) FROM kept_licence") == 0
    acts = await world.pool.fetch("SELECT act FROM audit_entry WHERE subject = '0'")
    assert len(acts) == 2


async def test_a_licence_whose_removal_is_held_is_kept_there(world: "World", browser: "Browser") -> None:
    await world.connect()
    await world.halo({7: "Contoso"}, ["OLD"])
    held = world.item(
        before=(5, "10.00", "Monthly", True),
        action="delete",
        outcome="held",
        reason="delete_guard",
        halo_licence_id=0,
        halo_client_id=7,
        licence_name="OLD",
        product_code=None,
    )
    run_id = await world.run(await world.invoice(), [held])
    await world.finish(run_id, "partial")
    await browser.sign_in()
    await browser.open(f"{PORTAL}/runs/{run_id}/removals")
    page = await browser.submit(f"{PORTAL}/licence/0/keep")
    assert "is kept from now on. Preview again" in page.text
    assert page.title.startswith("1 held removal")
    assert await world.pool.fetchval("SELECT count(*) FROM kept_licence") == 1

    page = await browser.open(f"{PORTAL}/runs/{run_id}/held")
    assert page.texts("table.items .badge") == ["Kept"]
    assert page.soup.select("input[name=item]") == [], "nobody approves the removal of what is kept"


async def test_among_the_held_changes_a_removal_is_kept_beside_its_tick(world: "World", browser: "Browser") -> None:
    await world.connect()
    await world.halo({7: "Contoso"}, ["OLD"])
    shape = (5, "10.00", "Monthly", True)
    held = {"outcome": "held", "reason": "first_review", "halo_licence_id": 0, "licence_name": "OLD"}
    items = [
        world.item(shape, None, action="delete", **held),
        world.item(shape, (6, *shape[1:]), action="update", **held),
    ]
    run_id = await world.run(await world.invoice(), items)
    await world.finish(run_id, "partial")
    await browser.sign_in()
    page = await browser.open(f"{PORTAL}/runs/{run_id}/held")
    [button] = page.soup.select("tr button[formaction]")
    assert button.find_parent("tr") == page.soup.select("table.items tbody tr")[1], "an update removes nothing"
    form = {str(each["name"]): str(each["value"]) for each in page.soup.select("main form input[type=hidden]")}
    answer = await browser.client.post(str(button["formaction"]), data=form)
    assert str(answer.url).endswith(f"/runs/{run_id}/held")
    assert "is kept from now on" in answer.text
    assert await world.pool.fetchval("SELECT count(*) FROM kept_licence") == 1
    page = await browser.open(f"{PORTAL}/runs/{run_id}/held")
    assert len(page.soup.select("input[name=item]")) == 1, "to keep a licence is to remove it never; it may be updated"
    assert page.texts("table.items .badge") == ["Kept"]


async def test_who_hears_a_page_alone_tells_its_ticks_and_buttons_apart(world: "World", browser: "Browser") -> None:
    await world.connect()
    held: Fields = {"outcome": "held", "reason": "delete_guard", "action": "delete", "product_code": "P-1"}
    rows = [("C-1", "Contoso", "P-1"), ("C-1", "Contoso", "P-2"), ("C-2", "Fabrikam", "P-1"), ("C-3", "Zeta", "P-1")]
    items = [
        world.item(
            (5, "10.00", "Monthly", True),
            **{**held, "product_code": code, "licence_name": code, "customer_ids": [number], "customer_name": name},
            halo_licence_id=place,
        )
        for place, (number, name, code) in enumerate(rows)
    ]
    run_id = await world.run(await world.invoice(), items)
    await world.finish(run_id, "partial")
    await browser.sign_in()
    for where in ("held", "removals"):
        page = await browser.open(f"{PORTAL}/runs/{run_id}/{where}")
        assert [button["aria-label"] for button in page.soup.select("tr button")] == [f"Keep #{n}" for n in range(4)]
    page = await browser.open(f"{PORTAL}/runs/{run_id}/held")
    ticks = [str(tick["aria-labelledby"]).split() for tick in page.soup.select("input[name=item]")]
    called = [" ".join(page.one(f"#{part}").get_text(" ", strip=True) for part in parts) for parts in ticks]
    assert called == ["Contoso P-1", "Contoso P-2", "Fabrikam P-1", "Zeta P-1"]
