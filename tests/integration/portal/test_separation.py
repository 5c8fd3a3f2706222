"""Another partner's things: every page of the portal, asked for with ids that are not one's own, shows nothing."""

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from report_api.portal.routing import PartnerPage, SignedInPage
from report_api.security import PartnerRoute

from tests.integration.portal.attack import (
    ACME,
    NOBODY,
    OF_PARTNERS,
    PAGES,
    RIVAL,
    Address,
    addresses,
    belongings,
    everything,
)

if TYPE_CHECKING:
    import httpx

    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

OPEN_TO_ANYBODY = {
    "GET /",
    "GET /openapi.json",
    "GET /sign-in",
    "POST /sign-in",
    "GET /accounts/",  # Halo's redirect; its state says whose it is
    "GET /accounts/halo-psa",
}
"""What is answered without a session or a key. A new one is a decision: write its reason here."""


def test_every_address_is_behind_a_guard_or_known_to_be_open() -> None:
    guards = {"/v1/partners/{partner}": PartnerRoute, "/portal/{partner}": PartnerPage}
    for address in addresses():
        below = next((guard for start, guard in guards.items() if address.template.startswith(start)), None)
        if below is not None:
            assert isinstance(address.route, below), address
        elif str(address) not in OPEN_TO_ANYBODY:
            assert isinstance(address.route, SignedInPage), address


async def ask(browser: "Browser", address: Address, ids: dict[str, str]) -> "httpx.Response":
    """Ask as the page's own form would: with the token of the session, so that nothing but the ids is wrong."""
    page = await browser.open(f"/portal/{ACME}/halo-psa")
    token = page.soup.select("input[name=csrf]")[0]["value"]
    sent = {"csrf": token, **ids} if address.changes else None
    return await browser.client.request(address.method, address.filled(ids), data=sent, follow_redirects=False)


@pytest.mark.parametrize("address", OF_PARTNERS, ids=str)
async def test_another_partners_pages_look_like_nothing(browser: "Browser", world: "World", address: Address) -> None:
    theirs = await belongings(world, RIVAL)
    await browser.sign_in()
    before = await everything(world)
    hidden = await ask(browser, address, theirs)
    absent = await ask(browser, address, theirs | {"partner": NOBODY})
    assert hidden.status_code == 404
    assert hidden.text.replace(RIVAL, NOBODY) == absent.text
    assert hidden.headers.multi_items() == absent.headers.multi_items()
    assert await everything(world) == before
    assert not world.auth.asked


BELOW_AN_ID = [address for address in OF_PARTNERS if address.template.count("{") > 1]


@pytest.mark.parametrize("address", BELOW_AN_ID, ids=str)
async def test_another_partners_id_below_ones_own_address_is_not_found(
    browser: "Browser", world: "World", address: Address
) -> None:
    theirs = await belongings(world, RIVAL)
    await world.connect(ACME)
    await browser.sign_in()
    before = await everything(world)
    hidden = await ask(browser, address, theirs | {"partner": ACME})
    assert hidden.status_code == 404
    assert await everything(world) == before
    nonsense = {"partner": ACME, **{name: "not-an-id" for name in theirs if name != "partner"}}
    missing = {"partner": ACME, **{name: str(uuid4()) for name in theirs if name != "partner"}}
    for ids in (nonsense, missing):
        assert (await ask(browser, address, ids)).status_code == 404


@pytest.mark.parametrize("address", PAGES, ids=str)
async def test_without_a_session_a_page_leads_to_the_sign_in_and_nothing_is_done(
    browser: "Browser", world: "World", address: Address
) -> None:
    if str(address) in OPEN_TO_ANYBODY:
        return
    ids = await belongings(world, ACME)
    before = await everything(world)
    for token in (None, "planted", "\xff"):
        browser.client.cookies.clear()
        cookie = {} if token is None else {"Cookie": f"__Host-halosync-session={token}".encode("latin-1")}
        answer = await browser.client.request(
            address.method, address.filled(ids), headers=cookie, follow_redirects=False
        )
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in?next=%2F")
        program = await browser.client.request(address.method, address.filled(ids), headers={"Accept": "*/*", **cookie})
        assert program.status_code == 401
    assert await everything(world) == before


@pytest.mark.parametrize("address", OF_PARTNERS, ids=str)
async def test_an_api_key_is_no_session(browser: "Browser", world: "World", address: Address) -> None:
    ids = await belongings(world, ACME)
    answer = await browser.client.request(
        address.method, address.filled(ids), headers=world.key(), follow_redirects=False
    )
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")
