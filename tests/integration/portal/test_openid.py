"""Signing in as a person, with a real OpenID Connect provider in a process of its own (spec section 10)."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
from devstack.ports import free_port
from devstack.wait import until
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.roles import Role
from halosync.store.partners import PartnerStore
from report_api.openid import OpenId

from tests.integration.portal.conftest import new_browser

if TYPE_CHECKING:
    from report_api.app import Api

    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser, Page

pytestmark = pytest.mark.integration

ACME, RIVAL = "acme-msp", "rival-msp"
ANNA, UNVERIFIED, UNSAID = "Anna@Acme.example", "eve@acme.example", "una@acme.example"


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def provider() -> AsyncIterator[str]:
    """A provider that knows three people; of one it has verified the address, of one it does not say."""
    port = free_port()
    people: list[dict[str, object]] = [
        {"sub": email, "email": email, "email_verified": email == ANNA} for email in (ANNA, UNVERIFIED)
    ]
    people.append({"sub": UNSAID, "email": UNSAID})
    options = [option for person in people for option in ("--user-claims", json.dumps(person))]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true", *options),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    issuer = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient() as client:

            async def answers() -> bool:
                try:
                    return (await client.get(f"{issuer}/.well-known/openid-configuration")).status_code == 200
                except httpx.TransportError:
                    return False

            await until(answers, what="the provider", timeout_s=60)
        yield issuer
    finally:
        process.kill()
        await process.wait()


@pytest.fixture
def with_provider(world: "World", application: "Api", provider: str) -> "World":
    """The portal with the provider, and Anna among its people."""
    world.ports = replace(world.ports, sign_in_service=OpenId(provider, "halosync", "s3cret"))
    application.state.ports = world.ports
    return world


async def at_provider(browser: "Browser", email: str, following: str = "/portal/") -> str:
    """Begin to sign in, prove at the provider to be somebody, and return the address that it leads back to."""
    begun = await browser.client.get("/sign-in/openid", params={"next": following}, follow_redirects=False)
    assert begun.status_code == 303
    async with httpx.AsyncClient() as elsewhere:
        answer = await elsewhere.post(begun.headers["location"], data={"sub": email})
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


async def signed_in(browser: "Browser", email: str = ANNA, status: int = 200) -> "Page":
    return await browser.open(await at_provider(browser, email), status)


async def test_a_person_signs_in_and_what_they_do_is_done_in_their_name(
    browser: "Browser", with_provider: "World"
) -> None:
    await with_provider.ports.people.put(ACME, ANNA.lower(), Role.ADMIN, by=COMMAND_LINE)
    page = await browser.open(f"/portal/{ACME}/keys")
    assert page.title == "Sign in"
    link = str(page.one('a[href^="/sign-in/openid"]')["href"])
    assert parse_qs(urlsplit(link).query)["next"] == [f"/portal/{ACME}/keys"]
    asked = await browser.client.get(link, follow_redirects=False)
    query = parse_qs(urlsplit(asked.headers["location"]).query)
    assert (query["response_type"], query["code_challenge_method"]) == (["code"], ["S256"])
    assert query["nonce"]
    assert query["redirect_uri"] == ["https://converge.example/sign-in/openid/return"]

    page = await browser.open(await at_provider(browser, ANNA, f"/portal/{ACME}/keys"))
    assert page.title == "API keys"
    assert ANNA.lower() in page.text
    await browser.submit(f"/portal/{ACME}/keys", name="Accounting")
    told = [(entry.act, entry.actor.name, entry.actor.key_id) for entry in await with_provider.ports.audit.page(ACME)]
    assert told[:2] == [("key.created", ANNA.lower(), None), ("session.signed_in", ANNA.lower(), None)]


async def test_a_lower_role_and_a_removal_count_at_once(browser: "Browser", with_provider: "World") -> None:
    people = with_provider.ports.people
    await people.put(ACME, ANNA.lower(), Role.ADMIN, by=COMMAND_LINE)
    await signed_in(browser)
    await browser.open(f"/portal/{ACME}/people")
    await people.put(ACME, ANNA.lower(), Role.VIEWER, by=COMMAND_LINE)
    page = await browser.open(f"/portal/{ACME}/people", status=403)
    assert page.texts("main .button") == ["To the start"], "trying again does not help"
    assert page.title == "You may not open this page"
    assert "This needs the role admin; you have the role viewer" in page.text
    await browser.open(f"/portal/{ACME}/settings")
    await people.remove(ACME, ANNA.lower(), by=COMMAND_LINE)
    assert (await browser.open(f"/portal/{ACME}/settings")).title == "Sign in"


async def test_a_person_of_several_partners_picks_one(browser: "Browser", with_provider: "World") -> None:
    await with_provider.ports.people.put(ACME, ANNA.lower(), Role.VIEWER, by=COMMAND_LINE)
    await with_provider.ports.people.put(RIVAL, ANNA.lower(), Role.BILLER, by=COMMAND_LINE)
    await PartnerStore(with_provider.pool).add("third-msp", "Third")
    page = await signed_in(browser)
    assert page.title == "Partners"
    assert ACME in page.text
    assert RIVAL in page.text
    assert "third-msp" not in page.text
    page = await browser.submit("/partners", partner=RIVAL)
    assert page.url.path == f"/portal/{RIVAL}/halo-psa"
    await browser.open("/portal/third-msp/settings", status=404)
    page = await browser.open(f"/portal/{ACME}/settings")
    assert page.title == f"Act for {ACME}?"


@pytest.mark.parametrize(
    ("email", "words"),
    [(UNVERIFIED, "does not confirm your e-mail address"), (ANNA, "nobody has given this address access")],
    ids=["not verified", "unknown"],
)
async def test_who_is_not_vouched_for_or_not_known_stays_out(
    browser: "Browser", with_provider: "World", email: str, words: str
) -> None:
    await with_provider.ports.people.put(ACME, UNVERIFIED, Role.ADMIN, by=COMMAND_LINE)
    page = await signed_in(browser, email, status=403)
    assert words in page.text
    assert (await browser.open(f"/portal/{ACME}/keys")).title == "Sign in"


async def test_a_sign_in_counts_once_and_in_the_browser_that_began_it(
    browser: "Browser", with_provider: "World"
) -> None:
    await with_provider.ports.people.put(ACME, ANNA.lower(), Role.ADMIN, by=COMMAND_LINE)
    back = await at_provider(browser, ANNA)
    other = new_browser(with_provider)
    assert "was not begun in this browser" in (await other.open(back, status=400)).text
    # The code of somebody else, put into a sign-in that this browser began: the verifier and the nonce do not fit.
    own = parse_qs(urlsplit(await at_provider(other, ANNA)).query)["state"][0]
    code = parse_qs(urlsplit(back).query)["code"][0]
    page = await other.open(f"/sign-in/openid/return?code={code}&state={own}", status=403)
    assert "could not be confirmed" in page.text
    assert (await other.open(f"/portal/{ACME}/keys")).title == "Sign in"
    await other.client.aclose()
    await browser.open("/sign-in/openid/return?code=made-up&state=made-up", status=400)
    await browser.open("/sign-in/openid/return?error=access_denied&state=x", status=400)


async def test_who_says_that_another_provider_sent_them_stays_out(
    browser: "Browser", with_provider: "World", provider: str
) -> None:
    await with_provider.ports.people.put(ACME, ANNA.lower(), Role.ADMIN, by=COMMAND_LINE)
    page = await browser.open(f"{await at_provider(browser, ANNA)}&iss=https://evil.example", status=403)
    assert "could not be confirmed" in page.text
    assert (await browser.open(f"/portal/{ACME}/keys")).title == "Sign in"
    back = await at_provider(browser, ANNA)
    assert (await browser.open(f"{back}&iss={provider}")).title == "Halo PSA"


async def test_a_provider_that_does_not_say_whether_the_address_is_verified_is_told_what_to_send(
    browser: "Browser", with_provider: "World"
) -> None:
    await with_provider.ports.people.put(ACME, UNSAID, Role.ADMIN, by=COMMAND_LINE)
    page = await signed_in(browser, UNSAID, status=403)
    assert "the claim email_verified" in page.text
    assert (await browser.open(f"/portal/{ACME}/keys")).title == "Sign in"


async def test_a_provider_that_is_away_is_told_and_keys_still_sign_in(
    browser: "Browser", with_provider: "World", application: "Api"
) -> None:
    away = OpenId(f"http://127.0.0.1:{free_port()}", "halosync", "s3cret")
    application.state.ports = replace(with_provider.ports, sign_in_service=away)
    page = await browser.open("/sign-in/openid", status=503)
    assert page.soup.select('main a[href^="/sign-in/openid"]'), "it may be back"
    assert "does not answer as it should" in page.text
    assert (await browser.sign_in()).title == "Halo PSA"


async def test_without_a_provider_nothing_is_offered(browser: "Browser") -> None:
    page = await browser.open("/sign-in")
    assert not page.soup.select('a[href^="/sign-in/openid"]')
    await browser.open("/sign-in/openid", status=404)
    await browser.open("/sign-in/openid/return?code=c&state=s", status=404)


async def test_the_page_of_people_adds_changes_and_removes(browser: "Browser", world: "World") -> None:
    here = f"/portal/{ACME}/people"
    await browser.sign_in()
    page = await browser.open(here)
    assert "cannot sign in with their e-mail address yet" in page.text
    assert "Enter one e-mail address" in (await browser.submit(here, status=422, email="anna", role="viewer")).text
    await browser.open(here)
    page = await browser.submit(here, email=" Anna@Acme.example", role="biller")
    assert page.texts("tbody tr")[0].startswith("anna@acme.example Biller")
    page = await browser.submit(here, email="anna@acme.example", role="admin")
    assert page.texts("tbody tr")[0].startswith("anna@acme.example Admin")
    page = await browser.open(f"{here}/anna%40acme.example/remove")
    assert page.title == "Remove this person?"
    page = await browser.submit(f"{here}/anna%40acme.example/remove")
    assert "There is nobody yet" in page.text
    acts = [entry.sentence for entry in await world.ports.audit.page(ACME, most=3)]
    assert acts == [
        "Removed anna@acme.example: this person cannot sign in any more.",
        "Changed the role of anna@acme.example from biller to admin.",
        "Allowed anna@acme.example to sign in, with the role biller.",
    ]
