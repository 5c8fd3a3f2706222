"""Forms of strangers (CSRF): every address that changes something refuses what does not come from a page of ours."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.portal.attack import ACME, FORMS, SHOWN, Address, belongings, everything
from tests.integration.portal.conftest import new_browser

if TYPE_CHECKING:
    import httpx

    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

EVIL, OWN = "https://evil.example", "https://converge.example"


async def token_of(browser: "Browser", address: Address) -> str:
    """Return the token that a form to this address carries: the session's, or before the sign-in that of the form."""
    page = await browser.open("/sign-in" if address.template == "/sign-in" else f"/portal/{ACME}/halo-psa")
    return str(page.soup.select("input[name=csrf]")[0]["value"])


async def send(
    browser: "Browser", address: Address, ids: dict[str, str], fields: dict[str, Any], **headers: str
) -> "httpx.Response":
    filled = {"api_key": browser.world.keys[ACME], **ids, **fields}
    return await browser.client.request(
        address.method, address.filled(ids), data=filled, headers=headers, follow_redirects=False
    )


@pytest.mark.parametrize("address", FORMS, ids=str)
async def test_a_form_without_the_sessions_token_is_refused_and_does_nothing(
    browser: "Browser", world: "World", address: Address
) -> None:
    ids = await belongings(world, ACME)
    other = new_browser(world)
    if address.template != "/sign-in":
        await browser.sign_in()
        await other.sign_in()
    right, foreign = await token_of(browser, address), await token_of(other, address)
    cookies = dict(browser.client.cookies)
    before = await everything(world)
    wrong: list[dict[str, Any]] = [
        {},
        {"csrf": ""},
        {"csrf": foreign},
        {"csrf": right.upper()},
        {"csrf": right[:-1]},
        {"csrf": "ø" * 64},
        {"csrf": cookies.get("__Host-halosync-session", cookies["__Host-halosync-visit"])},
    ]
    for fields in wrong:
        refused = await send(browser, address, ids, fields)
        assert refused.status_code == 403, fields
        assert "Nothing was done" in refused.text
    for headers in (
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none;"},
    ):
        assert (await send(browser, address, ids, {"csrf": right}, **headers)).status_code == 403, headers
    assert await everything(world) == before
    assert not world.auth.asked


@pytest.mark.parametrize("address", FORMS, ids=str)
async def test_what_is_no_form_is_refused_and_does_nothing(
    browser: "Browser", world: "World", address: Address
) -> None:
    ids = await belongings(world, ACME)
    if address.template != "/sign-in":
        await browser.sign_in()
    right = await token_of(browser, address)
    before = await everything(world)
    for kind, body in (("application/json", f'{{"csrf": "{right}"}}'), ("text/plain", f"csrf={right}"), ("", "")):
        refused = await browser.client.request(
            address.method, address.filled(ids), content=body, headers={"Content-Type": kind}, follow_redirects=False
        )
        assert refused.status_code == 415, kind
    # The token of the address bar, of a file and of a broken upload count for nothing.
    in_query = await browser.client.post(address.filled(ids), params={"csrf": right}, data={"a": "b"})
    as_file = await browser.client.post(address.filled(ids), files={"csrf": ("csrf", right.encode())})
    broken = await browser.client.post(
        address.filled(ids), content=b"--x\r\n", headers={"Content-Type": "multipart/form-data"}
    )
    assert [in_query.status_code, as_file.status_code, broken.status_code] == [403, 403, 400]
    assert await everything(world) == before
    assert not world.auth.asked


@pytest.mark.parametrize("address", FORMS, ids=str)
async def test_a_form_of_ours_gets_past_the_guard(browser: "Browser", world: "World", address: Address) -> None:
    """Otherwise the tests above would be content with a guard that refuses everything."""
    ids = await belongings(world, ACME)
    if address.template != "/sign-in":
        await browser.sign_in()
    right = await token_of(browser, address)
    for headers in ({}, {"Origin": OWN, "Sec-Fetch-Site": "same-origin"}):
        passed = await send(browser, address, ids, {"csrf": right}, **headers)
        if address.template in {"/sign-in", "/sign-out"}:
            assert passed.status_code == 303
            return
        assert passed.status_code not in {403, 415}, passed.text


@pytest.mark.parametrize("address", SHOWN, ids=str)
async def test_looking_changes_nothing(browser: "Browser", world: "World", address: Address) -> None:
    """A link, a picture or a prefetch comes without a form's token, so it must not do anything."""
    if address.template == "/accounts/":
        return  # Halo's redirect does; the state that it brings is its token (`test_auth_requests.py`)
    ids = await belongings(world, ACME)
    await browser.sign_in()
    before = await everything(world)
    await browser.client.get(address.filled(ids))
    assert await everything(world) == before
