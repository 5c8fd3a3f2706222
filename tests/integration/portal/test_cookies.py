"""The session's cookie: what it looks like, that nobody can plant one, and what ends it."""

import hashlib
from dataclasses import replace
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from halosync.domain.acts import COMMAND_LINE
from halosync.ports.sessions import Notice
from report_api.app import build

from tests.integration.portal.attack import ACME, RIVAL
from tests.integration.portal.conftest import Browser, new_browser

if TYPE_CHECKING:
    from http.cookies import Morsel

    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

SESSION, VISIT = "__Host-halosync-session", "__Host-halosync-visit"
HERE = f"/portal/{ACME}/halo-psa"


def set_cookies(response: httpx.Response) -> "dict[str, Morsel[str]]":
    """Return the cookies that an answer sets, with their attributes."""
    jar: SimpleCookie = SimpleCookie()
    for header in response.headers.get_list("set-cookie"):
        jar.load(header)
    return dict(jar)


async def signed_in(browser: Browser, **more: str) -> httpx.Response:
    """Send the sign-in form and return the answer itself, before its redirect is followed."""
    page = await browser.open("/sign-in")
    csrf = str(page.one("input[name=csrf]")["value"])
    fields = {"csrf": csrf, "api_key": browser.world.keys[ACME], **more}
    return await browser.client.post("/sign-in", data=fields, follow_redirects=False)


@pytest.mark.parametrize("public_url", ["https://converge.example", "http://127.0.0.1:8080"])
async def test_the_cookie_is_for_us_alone(world: "World", public_url: str) -> None:
    https = public_url.startswith("https")
    app = build(replace(world.ports, public_url=public_url))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=public_url) as client:
        browser = Browser(client, world)
        set_by = {**set_cookies((await browser.open("/sign-in")).response), **set_cookies(await signed_in(browser))}
        assert set(set_by) == ({SESSION, VISIT} if https else {"halosync-session", "halosync-visit"})
        for cookie in set_by.values():
            assert cookie["httponly"] is True
            assert cookie["samesite"].lower() == "lax"
            assert cookie["path"] == "/"
            assert bool(cookie["secure"]) is https
            # `__Host-` demands that there is no domain: no other host of the domain gets it.
            assert cookie["domain"] == ""
            assert len(cookie.value) >= 43  # 256 bits
        gone = set_cookies(await client.post("/sign-out", data={"csrf": await _token(browser)}))
        (ended,) = gone.values()
        assert (ended.value, ended["max-age"], ended["httponly"], bool(ended["secure"])) == ("", "0", True, https)


async def _token(browser: Browser) -> str:
    return str((await browser.open(HERE)).soup.select("input[name=csrf]")[0]["value"])


@pytest.mark.parametrize("planted", ["attackers-choice", ""])
async def test_a_cookie_from_before_the_sign_in_is_never_adopted(world: "World", planted: str) -> None:
    """Session fixation: an attacker plants a cookie, the victim signs in, the attacker's cookie must be nothing."""
    browser = new_browser(world)
    browser.client.cookies.set(SESSION, planted, domain="converge.example")
    answer = await signed_in(browser)
    token = set_cookies(answer)[SESSION].value
    assert token != planted
    attacker = new_browser(world)
    attacker.client.cookies.set(SESSION, planted, domain="converge.example")
    assert (await attacker.open(HERE)).title == "Sign in"


async def test_the_token_of_the_sign_in_form_is_no_session_and_the_session_is_another_each_time(
    world: "World",
) -> None:
    browser = new_browser(world)
    first = set_cookies(await signed_in(browser))[SESSION].value
    visit = browser.client.cookies[VISIT]
    browser.client.cookies.clear()
    second = set_cookies(await signed_in(browser))[SESSION].value
    assert len({first, second, visit}) == 3
    attacker = new_browser(world)
    attacker.client.cookies.set(SESSION, visit, domain="converge.example")
    assert (await attacker.open(HERE)).title == "Sign in"


async def test_a_live_session_that_is_planted_is_left_by_signing_in(world: "World") -> None:
    """The attacker plants a session of its own, so that the victim works in the attacker's account."""
    attacker = new_browser(world)
    await attacker.sign_in(RIVAL)
    victim = new_browser(world)
    page = await victim.open("/sign-in")
    csrf = str(page.one("input[name=csrf]")["value"])
    victim.client.cookies.update(attacker.client.cookies)
    victim.client.cookies.set(VISIT, page.response.cookies[VISIT], domain="converge.example")
    fields = {"csrf": csrf, "api_key": world.keys[ACME]}
    answer = await victim.client.post("/sign-in", data=fields, follow_redirects=False)
    assert set_cookies(answer)[SESSION].value != attacker.client.cookies[SESSION]
    assert (await attacker.open(f"/portal/{RIVAL}/halo-psa")).title == "Halo PSA"


async def test_the_database_holds_no_token_and_no_page_shows_it(world: "World") -> None:
    browser = new_browser(world)
    page = await browser.sign_in()
    token = browser.client.cookies[SESSION]
    rows = await world.pool.fetch("SELECT t::text AS row, token_hash FROM portal_session t")
    assert all(token not in row["row"] for row in rows)
    assert [row["token_hash"] for row in rows] == [hashlib.sha256(token.encode()).digest()]
    assert token not in page.response.text
    assert world.keys[ACME] not in page.response.text


async def test_revoking_a_key_ends_its_sessions_and_no_others(world: "World") -> None:
    created = await world.ports.keys.create(ACME, "lost", by=COMMAND_LINE)
    world.keys["lost"] = created.api_key
    thief, owner = new_browser(world), new_browser(world)
    await thief.sign_in("lost")
    await owner.sign_in(ACME)
    revoked = await world.call("DELETE", f"/keys/{created.key_id}")
    assert revoked.status_code == 204
    assert (await thief.open(HERE)).title == "Sign in"
    assert (await owner.open(HERE)).title == "Halo PSA"


async def test_a_form_of_a_session_that_ended_does_nothing(world: "World") -> None:
    browser = new_browser(world)
    await world.connect()
    await browser.sign_in()
    await browser.open(f"{HERE}/disconnect")
    await world.pool.execute("UPDATE portal_session SET expires_at = now()")
    page: Any = await browser.submit(f"{HERE}/disconnect")
    assert page.title == "Sign in"
    assert "nothing was done" in page.text
    assert not world.auth.asked


async def test_signing_out_leaves_the_sessions_of_other_browsers(world: "World") -> None:
    here, there = new_browser(world), new_browser(world)
    await here.sign_in()
    await there.sign_in()
    await here.submit("/sign-out")
    assert (await here.open(HERE)).title == "Sign in"
    assert (await there.open(HERE)).title == "Halo PSA"


async def test_a_notice_may_quote_what_postgres_cannot_hold(world: "World") -> None:
    principal = await world.ports.keys.authenticate(world.keys["acme-msp"])
    assert principal is not None
    token = await world.ports.sessions.open(principal)
    await world.ports.sessions.add_notice(token, Notice("bad", "a\0b"))
    session = await world.ports.sessions.find(token)
    assert session is not None
    assert session.notices == [Notice("bad", "a\ufffdb")]
