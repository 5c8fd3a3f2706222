"""API keys: shown once, revoked with a question before, and only the partner's own."""

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.roles import Role
from halosync.store.keys import KeyStore

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

ACME, RIVAL = "acme-msp", "rival-msp"
HERE = f"/portal/{ACME}/keys"


async def test_a_key_is_shown_once_and_works(browser: "Browser", world: "World") -> None:
    await browser.sign_in()
    await browser.open(HERE)
    page = await browser.submit(HERE, name="  <i>Accounting</i> ")
    assert page.title == "Your new API key"
    assert page.response.headers["cache-control"] == "no-store"
    api_key = page.one(".copyable code").get_text()
    assert page.one("[data-copy]")["data-copy"] == api_key
    assert api_key not in str(page.url)
    principal = await world.ports.keys.authenticate(api_key)
    assert principal is not None
    assert (principal.access, principal.name) == ({ACME: Role.ADMIN}, "<i>Accounting</i>")
    page = await browser.open(HERE)
    assert api_key not in page.response.text
    assert "<i>Accounting</i>" in page.text
    (entry, *_) = await world.ports.audit.page(ACME)
    assert (entry.act, entry.actor.name) == ("key.created", "key of acme-msp")


async def test_a_page_that_is_loaded_again_makes_no_second_key(browser: "Browser", world: "World") -> None:
    await browser.sign_in()
    page = await browser.open(HERE)
    form = {
        str(field["name"]): str(field.get("value", "")) for field in page.soup.select(f'form[action="{HERE}"] input')
    }
    form["name"] = "Accounting"
    first = await browser.client.post(HERE, data=form)
    again = await browser.client.post(HERE, data=form)
    assert "Your new API key" in first.text
    assert "was created already" in again.text
    assert "hs_" not in again.text
    assert len(await world.ports.keys.page(ACME)) == 2


async def test_the_id_of_another_key_gives_nothing_away(browser: "Browser", world: "World") -> None:
    (other,) = await world.ports.keys.page(RIVAL)
    await browser.sign_in()
    await browser.open(HERE)
    page = await browser.submit(HERE, name="mine", status=200)
    form = {"csrf": str(page.soup.select("[name=csrf]")[0]["value"]), "name": "mine", "key_id": str(other.key_id)}
    answer = await browser.client.post(HERE, data=form)
    assert "hs_" not in answer.text
    assert [key.name for key in await world.ports.keys.page(RIVAL)] == [other.name]


@pytest.mark.parametrize("name", ["", "  ", "x" * 501])
async def test_a_key_needs_a_name(browser: "Browser", world: "World", name: str) -> None:
    await browser.sign_in()
    await browser.open(HERE)
    page = await browser.submit(HERE, status=422, name=name)
    assert "Enter what the key is for" in page.one("#name-error").get_text()
    assert page.one("#name")["value"] == name
    assert len(await world.ports.keys.page(ACME)) == 1


async def test_revoking_asks_first_and_ends_the_key(browser: "Browser", world: "World") -> None:
    created = await world.ports.keys.create(ACME, "Old script", by=COMMAND_LINE)
    await browser.sign_in()
    page = await browser.open(f"{HERE}/{created.key_id}/revoke")
    assert "You are signed in with this key" not in page.text
    page = await browser.submit(f"{HERE}/{created.key_id}/revoke")
    assert page.texts(".notice") == ["✓ Done: Revoked: Old script. It stopped working at once."]
    assert await world.ports.keys.authenticate(created.api_key) is None
    assert "Revoked" in page.one("tbody tr:last-child").get_text()
    await browser.open(f"{HERE}/{created.key_id}/revoke", status=404)


async def test_revoking_ones_own_key_says_so_and_signs_out(browser: "Browser", world: "World") -> None:
    (own,) = await world.ports.keys.page(ACME)
    await browser.sign_in()
    page = await browser.open(HERE)
    assert "You are signed in with it" in page.one("tbody th").get_text()
    page = await browser.open(f"{HERE}/{own.key_id}/revoke")
    assert "You are signed in with this key" in page.text
    assert "It is your last key" in page.text
    page = await browser.submit(f"{HERE}/{own.key_id}/revoke")
    assert page.title == "Your key is revoked"
    assert not page.soup.select("form")
    assert (await browser.open(HERE)).title == "Sign in"


async def test_keys_of_others_are_neither_shown_nor_revoked(browser: "Browser", world: "World") -> None:
    others = [key for key in await KeyStore(world.pool).list() if key.partner_id != ACME]
    await browser.sign_in()
    page = await browser.open(HERE)
    form = {"csrf": str(page.soup.select("[name=csrf]")[0]["value"])}
    for key in others:
        assert key.name not in page.text
        await browser.open(f"{HERE}/{key.key_id}/revoke", status=404)
        assert (await browser.client.post(f"{HERE}/{key.key_id}/revoke", data=form)).status_code == 404
    for absent in (uuid4(), "nonsense"):
        await browser.open(f"{HERE}/{absent}/revoke", status=404)
    assert all(key.revoked_at is None for key in await KeyStore(world.pool).list())


async def test_an_operator_makes_keys_for_the_partner_it_acts_for(browser: "Browser", world: "World") -> None:
    await browser.sign_in(None)
    await browser.submit("/partners", partner=ACME)
    await browser.open(HERE)
    page = await browser.submit(HERE, name="From Converge")
    principal = await world.ports.keys.authenticate(page.one(".copyable code").get_text())
    assert principal is not None
    assert principal.access == {ACME: Role.ADMIN}
    (entry, *_) = await world.ports.audit.page(ACME)
    assert (entry.act, entry.actor.is_operator) == ("key.created", True)


async def test_the_last_use_is_noted_now_and_then(browser: "Browser", world: "World") -> None:
    created = await world.ports.keys.create(ACME, "Script", by=COMMAND_LINE)
    await browser.sign_in()
    page = await browser.open(HERE)
    assert any("Script" in row and "Not yet" in row for row in page.texts("tbody tr"))
    world.keys["script"] = created.api_key
    await world.call("GET", "/summary", key="script")
    used = "SELECT last_used_at FROM api_key WHERE name = 'Script'"
    first = await world.pool.fetchval(used)
    await world.call("GET", "/summary", key="script")
    assert first is not None
    assert await world.pool.fetchval(used) == first
    await world.pool.execute("UPDATE api_key SET last_used_at = now() - interval '6 minutes'")
    await world.call("GET", "/summary", key="script")
    assert await world.pool.fetchval(used) >= first


async def test_keys_are_sorted_by_their_columns(browser: "Browser", world: "World") -> None:
    for name, role in (("Script 10", Role.VIEWER), ("Script 9", Role.BILLER)):
        await world.ports.keys.create(ACME, name, by=COMMAND_LINE, role=role)
    await browser.sign_in()

    async def names(sort: str) -> list[str]:
        page = await browser.open(f"{HERE}?sort={sort}")
        assert len(page.soup.select("th[aria-sort]")) == (1 if sort else 0)
        return [name for name in page.texts("tbody th") if name.startswith("Script")]

    assert await names("") == ["Script 9", "Script 10"], "the newest first"
    assert await names("name") == ["Script 9", "Script 10"], "numbers by their value"
    assert await names("-name") == ["Script 10", "Script 9"]
    assert await names("state") == ["Script 9", "Script 10"]
    assert await names("created") == ["Script 10", "Script 9"]
    assert await names("-role") == ["Script 10", "Script 9"]
    page = await browser.open(f"{HERE}?sort=-used")
    assert "You are signed in with it" in page.texts("tbody th")[0]
    await browser.open(f"{HERE}?sort=key_hash", status=422)


async def test_keys_are_shown_fifty_at_a_time(browser: "Browser", world: "World") -> None:
    await world.pool.execute(
        "INSERT INTO api_key (partner_id, name, key_hash, revoked_at)"
        " SELECT $1, 'old ' || n, n::text::bytea, now() FROM generate_series(1, 120) n",
        ACME,
    )
    await browser.sign_in()
    page = await browser.open(HERE)
    shown = [len(page.soup.select("tbody tr"))]
    while page.soup.select("a[rel=next]"):
        page = await browser.open(str(page.one("a[rel=next]")["href"]))
        shown.append(len(page.soup.select("tbody tr")))
    assert shown == [50, 50, 21]
