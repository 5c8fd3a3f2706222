"""Halo's redirect in the browsers of an attacker, of the attacked, and of those who may (spec section 10)."""

from typing import TYPE_CHECKING

import pytest
from halosync.contracts.connection import (
    BeginConnection,
    CompleteConnection,
    ConnectionBegun,
    ConnectionCompleted,
    RequestRefused,
)
from halosync.domain.acts import Actor
from halosync.ports.connections import ConnectAttempt, hash_state
from halosync.store.connections import ConnectionStore

from tests.integration.portal.attack import everything
from tests.integration.portal.conftest import new_browser

if TYPE_CHECKING:
    from halosync.contracts.message import Message

    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

ACME, RIVAL = "acme-msp", "rival-msp"
HERE = f"/portal/{ACME}/halo-psa"
BACK = "/accounts/?state=state-of-acme&code=c0de&iss=https://acme.halopsa.com"
CONFIRM = "/accounts/confirm"


async def begun(world: "World", partner: str = ACME, session: bytes | None = None, tenant: str = "acme") -> None:
    """An open attempt of a partner, by the API unless a session is given."""
    attempt = ConnectAttempt(
        hash_state("state-of-acme"), partner, tenant, "client-1", b"v", Actor("A program"), session
    )
    assert await ConnectionStore(world.pool).add_attempt(attempt, names=[tenant], lifetime_s=600)  # auth does it


def completed(world: "World") -> list[CompleteConnection]:
    return [asked for asked in world.auth.asked if isinstance(asked, CompleteConnection)]


async def began_in_the_portal(browser: "Browser", world: "World") -> None:
    """Press Connect as a browser does; auth stores the attempt with the session that it was told."""

    def reply(request: "Message") -> "Message":
        if isinstance(request, BeginConnection):
            return ConnectionBegun(authorize_url="https://acme.halopsa.com/auth/authorize?x=1")
        return ConnectionCompleted(partner_id=ACME, tenant="acme")

    world.auth.reply = reply
    await browser.open(HERE)
    await browser.submit(f"{HERE}/connect", tenant="acme", client_id="client-1")
    (asked,) = [asked for asked in world.auth.asked if isinstance(asked, BeginConnection)]
    assert asked.session is not None
    await begun(world, session=bytes.fromhex(asked.session))


async def nothing_happens(browser: "Browser", world: "World", words: str, status: int = 409) -> None:
    """Halo's redirect opened in this browser connects nothing, and the page says so."""
    page = await browser.open(BACK, status)
    assert words in page.text
    assert not completed(world)


async def test_the_browser_that_began_it_completes_it_and_sees_whose_it_is(browser: "Browser", world: "World") -> None:
    await browser.sign_in()
    await began_in_the_portal(browser, world)
    await world.pool.execute("UPDATE connection SET state = 'connected', tenant = 'acme', client_id = 'client-1'")
    page = await browser.open(BACK)
    assert page.url.path == HERE
    assert f"The Halo acme belongs to {ACME} now." in page.text
    (asked,) = completed(world)
    assert asked.code is not None
    assert (asked.partner_id, asked.confirmed, asked.state) == (ACME, False, "state-of-acme")
    assert (asked.code.get_secret_value(), asked.iss) == ("c0de", "https://acme.halopsa.com")
    assert asked.requested_by is not None
    assert asked.requested_by.name == f"key of {ACME}"
    assert await world.pool.fetchval("SELECT count(*) FROM halo_refresh") == 1  # Halo is read by itself


async def test_a_link_opened_without_a_session_connects_nothing(browser: "Browser", world: "World") -> None:
    """The attack: a partner begins a log-in and sends its address to an administrator of somebody else's Halo."""
    attacker = new_browser(world)
    await attacker.sign_in(ACME)
    await began_in_the_portal(attacker, world)
    before = await everything(world)
    page = await browser.open(BACK)
    assert page.url.path == "/sign-in"
    assert ACME not in page.text
    assert not completed(world)
    assert await everything(world) == before
    # Signed in as whoever they are: not theirs.
    await browser.submit("/sign-in", status=409, api_key=world.keys[RIVAL])
    assert browser.page is not None
    assert "begun for another partner" in browser.page.text
    assert ACME not in browser.page.text
    assert not completed(world)


@pytest.mark.parametrize(("who", "words"), [(RIVAL, "begun for another partner"), (ACME, "not begun here")])
async def test_a_link_opened_in_another_session_connects_nothing(
    browser: "Browser", world: "World", who: str, words: str
) -> None:
    attacker = new_browser(world)
    await attacker.sign_in(ACME)
    await began_in_the_portal(attacker, world)
    await browser.sign_in(who)
    await nothing_happens(browser, world, words)


async def test_an_operator_who_has_picked_no_partner_connects_nothing(browser: "Browser", world: "World") -> None:
    await begun(world)
    await browser.sign_in(None)
    await nothing_happens(browser, world, "Act for", status=200)
    assert browser.page is not None
    assert browser.page.url.path == "/partners"
    page = await browser.submit("/partners", partner=ACME)
    assert page.title == "Connect this Halo?"
    assert not completed(world)


async def test_an_operator_who_acts_for_another_partner_connects_nothing(browser: "Browser", world: "World") -> None:
    await begun(world)
    await browser.sign_in(None)
    await browser.submit("/partners", partner=RIVAL)
    await nothing_happens(browser, world, "Act for", status=200)


async def test_what_the_api_began_is_asked_about_with_both_names(browser: "Browser", world: "World") -> None:
    world.auth.reply = lambda _: ConnectionCompleted(partner_id=ACME, tenant="acme")
    await world.pool.execute("UPDATE partner SET name = 'Acme <b>MSP</b>' WHERE partner_id = $1", ACME)
    await begun(world, tenant="their-halo")
    sent = await browser.client.get(BACK, follow_redirects=False)
    kept = sent.headers["set-cookie"]
    assert kept.startswith("__Host-halosync-log-in=")
    for word in ("HttpOnly", "SameSite=lax", "Secure", "Max-Age=600", "Path=/"):
        assert word in kept
    page = await browser.open(BACK)
    assert page.url.path == "/sign-in"
    page = await browser.submit("/sign-in", api_key=world.keys[ACME])
    assert page.title == "Connect this Halo?"
    assert "Acme <b>MSP</b>" in page.text
    assert "their-halo" in page.text
    assert not completed(world), "nothing is exchanged before the person agrees"
    page = await browser.submit(CONFIRM, answer="connect")
    (asked,) = completed(world)
    assert (asked.partner_id, asked.confirmed) == (ACME, True)
    assert page.url.path == HERE
    await browser.open(CONFIRM, 409)  # the cookie is gone


async def test_who_does_not_agree_connects_nothing(browser: "Browser", world: "World") -> None:
    await begun(world)
    await browser.sign_in()
    await browser.open(BACK)
    page = await browser.submit(CONFIRM, answer="no")
    assert page.url.path == HERE
    await browser.open(CONFIRM, 409)
    assert not completed(world)


async def test_what_was_not_shown_cannot_be_agreed_to(browser: "Browser", world: "World") -> None:
    """Another log-in came back in another tab after the page was shown."""
    await begun(world)
    await browser.sign_in()
    await browser.open(BACK)
    attempt = ConnectAttempt(hash_state("state-of-another"), ACME, "their-halo", "client-1", b"v", Actor("A program"))
    await ConnectionStore(world.pool).add_attempt(attempt, names=["their-halo"], lifetime_s=600)
    shown = browser.page
    await browser.open(BACK.replace("state-of-acme", "state-of-another"))
    browser.page = shown
    page = await browser.submit(CONFIRM, answer="connect")
    assert "their-halo" in page.text
    assert page.title == "Connect this Halo?"
    assert not completed(world)


async def test_a_refusal_of_auth_is_told_on_the_partners_page(browser: "Browser", world: "World") -> None:
    world.auth.reply = lambda _: RequestRefused(code="tenant_taken", detail="It is connected for another partner.")
    await begun(world)
    await browser.sign_in()
    await browser.open(BACK)
    page = await browser.submit(CONFIRM, answer="connect")
    assert "another partner already" in page.one(".notice-bad").get_text()


@pytest.mark.parametrize("kept", ["", "!", "e30=", "bm8=", "eyJzdGF0ZSI6InVua25vd24iLCJjb2RlIjoiYyJ9"])
async def test_a_cookie_that_makes_no_sense_is_worth_nothing(browser: "Browser", world: "World", kept: str) -> None:
    await begun(world)
    await browser.sign_in()
    browser.client.cookies.set("__Host-halosync-log-in", kept)
    page = await browser.open(CONFIRM, 409)
    assert "expired or was used already" in page.text
    assert not completed(world)


async def test_a_code_that_no_cookie_can_hold_is_not_kept(browser: "Browser", world: "World") -> None:
    await begun(world)
    sent = await browser.client.get(f"/accounts/?state=state-of-acme&code={'c' * 3900}", follow_redirects=False)
    assert sent.headers["location"].endswith("?problem=other_session")
    assert "set-cookie" not in sent.headers


async def test_a_tenant_of_another_partner_is_told_beside_the_field(browser: "Browser", world: "World") -> None:
    world.auth.reply = lambda _: RequestRefused(code="tenant_taken", detail="It is connected for another partner.")
    await browser.sign_in()
    page = await browser.submit(f"{HERE}/connect", status=422, tenant="acme", client_id="c")
    assert "another partner" in page.one("#tenant-error").get_text()


async def test_an_operator_can_allow_it_where_it_is_refused(browser: "Browser", world: "World") -> None:
    world.auth.reply = lambda _: ConnectionBegun(authorize_url="https://acme.halopsa.com/auth/authorize")
    asked = "SELECT allow_shared_tenant FROM partner WHERE partner_id = 'acme-msp'"
    await browser.sign_in()
    page = await browser.open(HERE)
    assert not page.soup.select("[name=allow_shared_tenant]")
    token = page.soup.select("input[name=csrf]")[0]["value"]
    entered = {"csrf": token, "tenant": "acme", "client_id": "c", "allow_shared_tenant": "on"}
    await browser.client.post(f"{HERE}/connect", data=entered)
    assert not await world.pool.fetchval(asked), "a partner's own form cannot allow it"
    operator = new_browser(world)
    await operator.sign_in(None)
    await operator.submit("/partners", partner=ACME)
    await operator.open(HERE)
    await operator.submit(f"{HERE}/connect", tenant="acme", client_id="c", allow_shared_tenant="on")
    assert await world.pool.fetchval(asked)
