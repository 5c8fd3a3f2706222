"""Another partner's things: every page of the portal, asked for with ids that are not one's own, shows nothing."""

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from report_api.access.api_guard import OperatorRoute, PartnerRoute
from report_api.access.page_guard import PartnerPageRoute, SignedInPageRoute

from tests.integration.portal.attack import (
    ACME,
    ADDRESSES,
    NOBODY,
    OF_PARTNERS,
    PAGES,
    RIVAL,
    Address,
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
    "GET /sign-in/openid",  # leads to the sign-in service
    "GET /sign-in/openid/return",  # and back; the cookie says who was sent
    "GET /accounts/",  # Halo's redirect; it completes only what the same session began (spec section 10)
    "GET /accounts/halo-psa",
}
"""What is answered without a session or a key. A new one is a decision: write its reason here."""


def test_every_address_is_behind_a_guard_or_known_to_be_open() -> None:
    guards: dict[str, type] = {
        "/v1/partners/{partner}": PartnerRoute,
        "/v1/": OperatorRoute,
        "/portal/{partner}": PartnerPageRoute,
    }
    for address in ADDRESSES:
        below = next((guard for start, guard in guards.items() if address.template.startswith(start)), None)
        if below is not None:
            assert isinstance(address.route, below), address
        elif str(address) not in OPEN_TO_ANYBODY:
            assert isinstance(address.route, SignedInPageRoute), address


async def ask(browser: "Browser", address: Address, ids: dict[str, str]) -> "httpx.Response":
    """Ask as the page's own form would: with the token of the session, so that nothing but the ids is wrong."""
    page = await browser.open(f"/portal/{ACME}/halo-psa")
    token = page.soup.select("input[name=csrf]")[0]["value"]
    sent = {"csrf": token, **ids} if address.changes else None
    return await browser.client.request(address.method, address.filled(ids), data=sent, follow_redirects=False)


async def test_another_partners_pages_look_like_nothing(browser: "Browser", world: "World") -> None:
    theirs = await belongings(world, RIVAL)
    await browser.sign_in()
    before = await everything(world)
    for address in OF_PARTNERS:
        hidden = await ask(browser, address, theirs)
        absent = await ask(browser, address, theirs | {"partner": NOBODY})
        assert hidden.status_code == 404, address
        assert hidden.text.replace(RIVAL, NOBODY) == absent.text, address
        assert hidden.headers.multi_items() == absent.headers.multi_items(), address
    assert await everything(world) == before
    assert not world.auth.asked


async def test_another_partners_id_below_ones_own_address_is_not_found(browser: "Browser", world: "World") -> None:
    theirs = await belongings(world, RIVAL)
    await world.connect(ACME)
    await browser.sign_in()
    before = await everything(world)
    for address in (address for address in OF_PARTNERS if address.template.count("{") > 1):
        for ids in (
            theirs,
            {name: str(uuid4()) for name in theirs},
            dict.fromkeys(theirs, "not-an-id"),
        ):
            assert (await ask(browser, address, {**ids, "partner": ACME})).status_code == 404, (address, ids)
    assert await everything(world) == before


async def test_without_a_session_a_page_leads_to_the_sign_in_and_nothing_is_done(
    browser: "Browser", world: "World"
) -> None:
    ids = await belongings(world, ACME)
    before = await everything(world)
    planted = {"Cookie": "__Host-halosync-session=planted"}
    for address in (address for address in PAGES if str(address) not in OPEN_TO_ANYBODY):
        # A key is for programs: with it a page would be open to every script that has one, without its forms' tokens.
        for given in ({}, planted, {"Cookie": b"__Host-halosync-session=\xff"}, world.key()):
            person: Any = {"Accept": "text/html", **given}
            answer = await browser.client.request(
                address.method, address.filled(ids), headers=person, follow_redirects=False
            )
            assert answer.status_code == 303, (address, given)
            assert answer.headers["location"].startswith("/sign-in?next=%2F"), (address, given)
            program: Any = {"Accept": "*/*", **given}
            answer = await browser.client.request(address.method, address.filled(ids), headers=program)
            assert answer.status_code == 401, (address, given)
    assert await everything(world) == before
    assert not world.auth.asked
