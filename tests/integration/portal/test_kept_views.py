"""Who sends a form of a list comes back to the same rows, in the same order, of the same size."""

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest
from devstack.fields import Fields
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.roles import Role

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

PORTAL = "/portal/acme-msp"
SHAPE = (5, "10.00", "Monthly", True)


def here(browser: "Browser") -> tuple[str, dict[str, str]]:
    """Return where the browser is, and how the list there is looked at."""
    assert browser.page is not None
    url = browser.page.url
    return url.path, dict(parse_qsl(url.query.decode()))


async def unmatched(world: "World") -> None:
    lines = [
        world.line(n, customer_id=f"C-{n}", customer_name=f"Shop {n}", product_code=f"P-{n}") for n in range(1, 61)
    ]
    await world.invoice(lines=lines)
    await world.connect()
    await world.halo({number: f"Shop {number} Ltd" for number in range(1, 61)})


async def test_the_desk_keeps_pages_and_orders_of_both_tables(world: "World", browser: "Browser") -> None:
    await unmatched(world)
    await browser.sign_in()
    view = {"page": "2", "sort": "-name", "products": "2", "products_sort": "lines"}
    address = f"{PORTAL}/customers/unmatched"
    await browser.open(f"{address}?page=2&sort=-name&products=2&products_sort=lines")
    await browser.submit(f"{PORTAL}/customers/ticked", row="1")
    assert here(browser) == (address, view)
    await browser.submit(f"{PORTAL}/customers/undo")
    assert here(browser) == (address, view)
    await browser.submit(f"{PORTAL}/customers/ticked")
    assert here(browser) == (address, view), "nothing was ticked"
    form: Fields = {"back": "page=x&sort=--name&products=-1&products_sort=y&other=1", "from_unmatched": "yes"}
    csrf = (await browser.open(address)).soup.select("input[name=csrf]")[0]["value"]
    browser._shown(await browser.client.post(f"{PORTAL}/customers/ticked", data=form | {"csrf": csrf}), 200)
    assert here(browser) == (address, {}), "what no page of ours sends is left out"


async def test_a_client_that_is_searched_from_the_desk_leads_back_to_it(world: "World", browser: "Browser") -> None:
    await unmatched(world)
    await browser.sign_in()
    page = await browser.open(f"{PORTAL}/customers/unmatched?page=2&sort=name")
    search = str(page.soup.select("td.actions a")[0]["href"])
    page = await browser.open(search)
    assert page.texts(".crumbs a") == ["Not matched"]
    number = str(page.soup.select("input[name=halo_client_id]")[0]["value"])
    await browser.submit(f"{PORTAL}/customers/link", halo_client_id=number)
    assert here(browser) == (f"{PORTAL}/customers/unmatched", {"page": "2", "sort": "name"})


async def test_keeping_a_licence_leads_back_to_the_same_held_changes(world: "World", browser: "Browser") -> None:
    await world.connect()
    await world.halo({7: "Contoso"}, [f"OLD {number}" for number in range(60)])
    held = {"outcome": "held", "reason": "delete_guard", "action": "delete"}
    items = [
        world.item(SHAPE, None, halo_licence_id=n, licence_name=f"OLD {n}", product_code=None, **held)
        for n in range(60)
    ]
    run_id = await world.run(await world.invoice(), items)
    await world.finish(run_id, "partial")
    await browser.sign_in()
    page = "held"
    for view in ({"sort": "-product", "rows": "200"}, {"sort": "product", "page": "2"}):
        shown = await browser.open(f"{PORTAL}/runs/{run_id}/{page}?" + "&".join(f"{a}={b}" for a, b in view.items()))
        form = {str(each["name"]): str(each["value"]) for each in shown.soup.select("main form input[type=hidden]")}
        keep = str(shown.soup.select("button[formaction]")[0]["formaction"])
        browser._shown(await browser.client.post(keep, data=form), 200)
        assert here(browser) == (f"{PORTAL}/runs/{run_id}/{page}", view)
        await browser.submit(keep)  # undone from the notice
        assert here(browser) == (f"{PORTAL}/runs/{run_id}/{page}", view)
    shown = await browser.open(f"{PORTAL}/runs/{run_id}/removals?held_sort=-product")
    keep = str(shown.soup.select("button[formaction]")[0]["formaction"])
    form = {str(each["name"]): str(each["value"]) for each in shown.soup.select("main form input[type=hidden]")}
    browser._shown(await browser.client.post(keep, data=form), 200)
    assert here(browser) == (f"{PORTAL}/runs/{run_id}/removals", {"held_sort": "-product"})


async def test_people_and_keys_keep_their_order_when_one_is_removed(world: "World", browser: "Browser") -> None:
    for number in range(3):
        await world.ports.people.put("acme-msp", f"b{number}@x.example", Role.VIEWER, by=COMMAND_LINE)
        await world.ports.keys.create("acme-msp", f"key {number}", role=Role.VIEWER, by=COMMAND_LINE)
    await browser.sign_in()
    for name, link in (("people", "b1@x.example"), ("keys", "key 1")):
        page = await browser.open(f"{PORTAL}/{name}?sort=role")
        (act,) = [str(a["href"]) for a in page.soup.select("td.actions a") if link in a.get_text()]
        asked = await browser.open(act)
        assert asked.one("main form a.button")["href"] == f"{PORTAL}/{name}?sort=role"
        await browser.submit(act.partition("?")[0])
        assert here(browser) == (f"{PORTAL}/{name}", {"sort": "role"})


@pytest.mark.parametrize("looked", ["partner_id=x", "sort=%00", "parts=x&self=y", "=", "sort=role&sort=email", "%"])
async def test_an_act_is_answered_however_its_list_was_looked_at(
    world: "World", browser: "Browser", looked: str
) -> None:
    await world.ports.people.put("acme-msp", "b@x.example", Role.VIEWER, by=COMMAND_LINE)
    await browser.sign_in()
    csrf = (await browser.open(f"{PORTAL}/people/b@x.example/remove")).soup.select("input[name=csrf]")[0]["value"]
    form = {"csrf": csrf, "view": looked}
    page = browser._shown(await browser.client.post(f"{PORTAL}/people/b@x.example/remove", data=form), 200)
    assert "Removed: b@x.example." in page.text
    assert page.url.path == f"{PORTAL}/people"


async def test_creating_keeps_the_order_of_the_list(world: "World", browser: "Browser") -> None:
    await world.webhook()
    await world.ports.people.put("acme-msp", "b@x.example", Role.VIEWER, by=COMMAND_LINE)
    await browser.sign_in()
    for name, wrong in (("keys", {"name": ""}), ("people", {"email": "x"})):
        await browser.open(f"{PORTAL}/{name}?sort=role")
        page = await browser.submit(f"{PORTAL}/{name}", 422, **wrong)
        assert page.one("th[aria-sort]").get_text().startswith("Role")
    await browser.open(f"{PORTAL}/keys?sort=role")
    page = await browser.submit(f"{PORTAL}/keys", name="Accounting")
    assert page.one("main a.button-primary")["href"] == f"{PORTAL}/keys?sort=role"
    await browser.open(f"{PORTAL}/webhooks?sort=-address")
    page = await browser.submit(f"{PORTAL}/webhooks", 422, url="x")
    assert page.one("th[aria-sort]").get_text().startswith("Address")
    page = await browser.submit(f"{PORTAL}/webhooks", url="https://new.example/hook")
    page = await browser.open(str(page.one("main a.button-primary")["href"]))
    assert page.one(".crumbs a")["href"] == f"{PORTAL}/webhooks?sort=-address"


async def test_a_webhook_leads_back_to_its_list_as_that_was_sorted(world: "World", browser: "Browser") -> None:
    webhook_id, _ = await world.webhook()
    await browser.sign_in()
    here_of_it, there = f"{PORTAL}/webhooks/{webhook_id}", f"{PORTAL}/webhooks?sort=-address"
    page = await browser.open(str((await browser.open(there)).one("tbody th a")["href"]))
    assert page.one(".crumbs a")["href"] == there
    page = await browser.open(str(page.soup.select("th a")[0]["href"]).partition("#")[0])
    assert page.one(".crumbs a")["href"] == there, "also in another order of what was sent"
    await browser.submit(f"{here_of_it}/test")
    assert here(browser) == (here_of_it, {"sort": "notice", "view": "sort=-address"})
    assert browser.page is not None
    page = await browser.open(str(browser.page.one("a.button-danger-quiet")["href"]))
    assert page.one("main form a.button")["href"] == f"{here_of_it}?view=sort%3D-address"
    await browser.submit(f"{here_of_it}/delete")
    assert here(browser) == (f"{PORTAL}/webhooks", {"sort": "-address"})


async def test_a_name_that_is_searched_from_the_desk_leads_back_to_it(world: "World", browser: "Browser") -> None:
    await unmatched(world)
    await browser.sign_in()
    page = await browser.open(f"{PORTAL}/customers/unmatched?products=2&products_sort=-name")
    (search, *_) = [str(link["href"]) for link in page.soup.select("td.actions a") if "Find a name" in link.get_text()]
    page = await browser.open(search)
    desk = f"{PORTAL}/customers/unmatched?products=2&products_sort=-name"
    assert page.one(".crumbs a")["href"] == desk
    page = await browser.submit(f"{PORTAL}/licences", q="P-2")
    assert page.one(".crumbs a")["href"] == desk
    await browser.submit(f"{PORTAL}/licences/link", licence_name="Mail")
    assert here(browser) == (f"{PORTAL}/customers/unmatched", {"products": "2", "products_sort": "-name"})


async def test_accepting_a_difference_leads_back_to_the_same_rows(world: "World", browser: "Browser") -> None:
    lines = [world.line(n, customer_id="C-1", customer_name="Contoso", product_code=f"P-{n}") for n in range(1, 121)]
    missing: Fields = {
        "outcome": "skipped",
        "action": "none",
        "reason": "customer_not_found",
        "halo_client_id": None,
    }
    items = [world.item(product_code=f"P-{n}", line_nos=[n], **missing) for n in range(1, 121)]
    await world.finish(await world.run(await world.invoice("INV-1", lines), items), "succeeded")
    await browser.sign_in()
    view = {
        "period": "2026-11",
        "rows": "200",
        "reason": "customer_not_found",
        "row_sort": "-product",
        "rows_page": "2",
    }
    await browser.open(f"{PORTAL}/month?" + "&".join(f"{a}={b}" for a, b in view.items()))
    await browser.submit(f"{PORTAL}/month/accept", note="Right.")
    assert here(browser) == (f"{PORTAL}/month", view)
    await browser.submit(f"{PORTAL}/month/accept")  # undone
    assert here(browser) == (f"{PORTAL}/month", view)
    view = {"period": "2026-11", "page": "2"}
    await browser.open(f"{PORTAL}/customer/C-1?period=2026-11&page=2")
    await browser.submit(f"{PORTAL}/month/accept", note="Right.")
    assert here(browser) == (f"{PORTAL}/customer/C-1", view)
