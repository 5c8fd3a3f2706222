"""The Customers tab: what is matched, links by hand, bulk acceptance, files; all without a script."""

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from .customer_links import ACME, CLIENTS, HERE, RIVAL, links, prepared, row

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser
from .client_choice import choice

pytestmark = pytest.mark.integration


async def test_what_needs_a_person_comes_first(world: "World", browser: "Browser") -> None:
    page = await prepared(world, browser)
    assert page.title == "Customers"
    names = page.texts("tbody th .row-name")
    assert names == ["<b>Formula</b>", "Fabrikam", "Nobody", "Northwind", "Contoso & Søns"]
    assert "Several clients" in row(page, "C-2")
    assert "Not found" in row(page, "C-3")
    assert "Northwind Traders" in row(page, "C-3")  # suggested
    assert "% alike" in row(page, "C-3")
    assert "Same name" in row(page, "C-1")
    # Northwind is only a part of a name; Fabrikam has two that fit equally well.
    assert page.soup.select("[data-best]") == []
    assert page.texts(".filter-links a") == ["All 5", "Not matched 4", "Same name 1", "Linked 0", "Excluded 0"]
    assert "Last read" in page.text
    assert "5 clients" in page.text
    assert not page.soup.select("main script, main b:not(.badge)")


async def test_filter_search_and_paging(world: "World", browser: "Browser") -> None:
    await prepared(world, browser)
    await world.invoice("INV-2", [world.line(n, customer_id=f"M-{n}", customer_name=f"Many {n:02}") for n in range(60)])
    page = await browser.open(f"{HERE}?show=name")
    assert page.texts("tbody th .row-name") == ["Contoso & Søns"]
    page = await browser.open(f"{HERE}?q=CONTOSO")
    assert page.texts("tbody th .row-name") == ["Contoso & Søns"]
    page = await browser.open(f"{HERE}?q=many&show=unmatched&page=2")
    assert (len(page.texts("tbody tr")), page.texts(".pager-where")) == (25, ["Page 2 of 3"])
    assert parse_qs(str(page.one(".pager a[rel=next]")["href"])[1:]) == {
        "show": ["unmatched"],
        "q": ["many"],
        "page": ["3"],
    }
    assert len((await browser.open(f"{HERE}?q=many&page=99")).texts("tbody tr")) == 10
    for wild in ("?page=x&show=y&q=%00", "?page=-1", "?page=999999999999"):
        await browser.open(HERE + wild)
    page = await browser.open(f"{HERE}?q=zzz")
    assert "Nothing found" in page.text


async def test_linking_without_a_script(world: "World", browser: "Browser") -> None:
    await prepared(world, browser, f"{HERE}?q=nobody")
    page = await browser.submit(f"{HERE}/link", customer_id="C/4", q="northw")
    assert page.title == "Halo client of Nobody"
    assert page.texts("fieldset label")[0] == "Northwind Traders #4"
    page = await browser.submit(f"{HERE}/link", halo_client_id=choice(page, "Northwind Traders #4"))
    assert page.url.query == b"q=nobody"
    assert '"Nobody" is linked to "Northwind Traders".' in page.text
    assert "Press Sync" in page.text
    assert page.one(".next-step a")["href"] == f"/portal/{ACME}/month#sync-title"
    assert "Linked" in row(page, "C/4")
    assert await links(world) == {"C/4": (4, False)}
    acts = await world.pool.fetch("SELECT act, actor FROM audit_entry WHERE partner_id = $1 ORDER BY audit_id", ACME)
    assert acts[-1]["act"] == "customer.linked"
    page = await browser.submit(f"{HERE}/unlink", customer_id="C/4")
    assert "The link is removed" in page.text
    assert await links(world) == {}


async def test_a_client_that_serves_others_is_told_before_and_after(world: "World", browser: "Browser") -> None:
    await prepared(world, browser)
    page = await browser.submit(f"{HERE}/link", customer_id="C/4", q="contoso")
    hint = "Already serves Contoso & Søns; then their products are taken together."
    assert hint in page.text
    answer = await browser.client.get(f"{HERE}/clients.json", params={"customer_id": "C/4", "q": "contoso"})
    told = {"value": choice(page, f"{CLIENTS[1]} #1"), "name": CLIENTS[1], "note": "#1", "hint": hint}
    assert answer.json()["items"][0] == told
    own = await browser.client.get(f"{HERE}/clients.json", params={"customer_id": "C-1", "q": "contoso"})
    assert own.json()["items"][0]["hint"] == ""
    page = await browser.submit(f"{HERE}/link", halo_client_id=choice(page, f"{CLIENTS[1]} #1"))
    assert "Their products are taken together: it serves Contoso & Søns as well." in page.text
    assert "Also serves Nobody" in row(page, "C-1")


async def test_what_cannot_be_linked_is_explained(world: "World", browser: "Browser") -> None:
    page = await prepared(world, browser)
    csrf = str(page.soup.select("input[name=csrf]")[0]["value"])
    for fields, words in (
        ({"customer_id": "C-1", "halo_client_id": "99:", "before": "[null,false]"}, "has no client #99"),
        ({"customer_id": "gone", "halo_client_id": "1:", "before": "[null,false]"}, "no longer in the invoice"),
    ):
        response = await browser.client.post(f"{HERE}/link", data={"csrf": csrf, **fields})
        assert words in browser._shown(response, 200).text
    response = await browser.client.get(f"{HERE}/client", params={"customer_id": "gone"})
    assert response.status_code == 404
    for path in ("link", "unlink", "exclude"):
        fields = {"csrf": csrf, "customer_id": "C-1", "halo_client_id": "1:", "before": "no link"}
        assert (await browser.client.post(f"{HERE}/{path}", data=fields)).status_code == 400
    assert await links(world) == {}


async def test_unlinking_keeps_an_exclusion(world: "World", browser: "Browser") -> None:
    page = await prepared(world, browser)
    await world.pool.execute("INSERT INTO customer_link VALUES ($1, 'C-3', 4, true)", ACME)
    csrf = page.soup.select("input[name=csrf]")[0]["value"]
    fields = {"csrf": csrf, "customer_id": "C-3", "before": "[4,true]"}
    browser._shown(await browser.client.post(f"{HERE}/unlink", data=fields), 200)
    assert await links(world) == {"C-3": (None, True)}


async def test_a_link_to_a_client_that_is_gone_is_unmatched(world: "World", browser: "Browser") -> None:
    await prepared(world, browser)
    await world.pool.execute("INSERT INTO customer_link VALUES ($1, 'C-1', 99, false)", ACME)
    page = await browser.open(f"{HERE}?show=unmatched")
    assert "Client is gone" in row(page, "C-1")
    assert "#99 is no longer in Halo" in row(page, "C-1")


async def test_excluding_and_including(world: "World", browser: "Browser") -> None:
    await prepared(world, browser)
    page = await browser.submit(f"{HERE}/exclude", customer_id="C-1", excluded="yes")
    assert "Excluded" in row(page, "C-1")
    assert await links(world) == {"C-1": (None, True)}
    page = await browser.submit(f"{HERE}/exclude", customer_id="C-1", excluded="no")
    assert "Same name" in row(page, "C-1")
    assert await links(world) == {}


async def test_reading_halo_again(world: "World", browser: "Browser") -> None:
    await prepared(world, browser)
    page = await browser.submit(f"/portal/{ACME}/halo-psa/read", tab="customers")
    assert "Halo is being read" in page.text
    assert await world.pool.fetchval("SELECT count(*) FROM outbox WHERE routing_key = 'halo.refresh.requested.v1'") == 1
    waiting = page.one("[data-reading]")
    answer = await browser.client.get(str(waiting["data-read-url"]))
    assert answer.json() == {"read_at": waiting["data-reading"]}
    await world.pool.execute("UPDATE halo_snapshot SET read_at = now()")
    page = await browser.open(str(page.url))
    assert "Halo has been read again" in page.text


async def test_empty_states(world: "World", browser: "Browser") -> None:
    await world.connect()
    await browser.sign_in()
    page = await browser.open(HERE)
    assert "No customers yet" in page.text
    assert "Halo has not been read yet" in page.text
    await world.invoice(lines=[world.line(1)])
    page = await browser.open(HERE)
    assert "Not known yet" in page.text
    await world.pool.execute("UPDATE connection SET state = 'disconnected'")
    page = await browser.submit(f"/portal/{ACME}/halo-psa/read", tab="customers")
    assert "Halo is not connected" in page.text


async def test_another_partners_pages_do_not_exist(world: "World", browser: "Browser") -> None:
    page = await prepared(world, browser)
    csrf = page.soup.select("input[name=csrf]")[0]["value"]
    for path in (
        "customers",
        "customers/clients.json",
        "customers/customers.csv",
        "customers/import",
        "halo-psa/read.json",
    ):
        assert (await browser.client.get(f"/portal/{RIVAL}/{path}")).status_code == 404
    for path in ("link", "unlink", "exclude", "accept", "import", "import/apply"):
        response = await browser.client.post(f"/portal/{RIVAL}/customers/{path}", data={"csrf": csrf})
        assert response.status_code == 404
        response = await browser.client.post(f"{HERE}/{path}", data={"customer_id": "C-1"})
        assert response.status_code == 403  # a form that was not made for this session
    assert await links(world) == {}


async def test_a_client_that_only_looks_like_the_customers_is_linked_by_one_button(
    world: "World", browser: "Browser"
) -> None:
    await world.invoice(lines=[world.line(1, customer_id="C-3", customer_name="Northwind-Traders")])
    await world.connect()
    await world.halo({4: "Northwind\u2010Traders"})
    await browser.sign_in()
    page = await browser.open(HERE)
    assert '#4 "Northwind\u2010Traders" (there is a difference: another kind of hyphen)' in page.text
    await browser.submit(f"{HERE}/link", halo_client_id=page.one('input[name=halo_client_id][value^="4:"]')["value"])
    assert await links(world) == {"C-3": (4, False)}


async def test_best_takes_nobody_elses_client_and_no_weak_score(world: "World", browser: "Browser") -> None:
    names = {"C-1": "Contoso", "C-2": "Contoso Ltd", "C-3": "Wingtip Toys", "C-4": "Wingtip Toys."}
    names |= {"C-5": "Northwind", "C-6": "Tailspin Oy", "C-7": "Adventure Works Pty Ltd", "C-8": "Adventure Works"}
    lines = [world.line(number, customer_id=key, customer_name=names[key]) for number, key in enumerate(names)]
    await world.invoice(lines=lines)
    await world.connect()
    clients = ("Contoso", "Wingtip Toys AG", "Northwind Traders", "Tailspin", "adventure  works")
    await world.halo(dict(enumerate(clients, 1)))
    await world.pool.execute(f"INSERT INTO customer_link VALUES ('{ACME}', 'C-8', NULL, true)")
    await browser.sign_in()
    page = await browser.open(HERE)
    best = [str(box["value"]).split(":")[0] for box in page.soup.select("[data-best]")]
    # Contoso serves C-1; two want Wingtip; Northwind is a part of a name; C-8 was left out.
    assert best == ["C-6"]


async def test_an_id_that_is_typed_exactly_is_accepted(world: "World", browser: "Browser") -> None:
    await prepared(world, browser)
    page = await browser.submit(f"{HERE}/link", customer_id="C/4", q=" #4 ")
    assert '"Nobody" is linked to "Northwind Traders".' in page.text
    assert await links(world) == {"C/4": (4, False)}
    page = await browser.submit(f"{HERE}/link", customer_id="C-3", q="99")
    assert page.title == "Halo client of Northwind"  # there is no such client: nothing is linked, a person chooses


async def test_every_act_is_undone_from_its_notice(world: "World", browser: "Browser") -> None:
    await prepared(world, browser)
    await browser.submit(f"{HERE}/link", customer_id="C/4", q="4")
    page = await browser.submit(f"{HERE}/undo")
    assert await links(world) == {}
    assert "1 customer set back" in page.text
    await browser.submit(f"{HERE}/undo")  # which is undone likewise
    assert await links(world) == {"C/4": (4, False)}
    await browser.submit(f"{HERE}/exclude", customer_id="C-1")
    await world.pool.execute("UPDATE customer_link SET halo_client_id = 2 WHERE customer_id = 'C-1'")
    page = await browser.submit(f"{HERE}/undo", status=409)
    assert "was not changed, because somebody else changed it" in page.text
