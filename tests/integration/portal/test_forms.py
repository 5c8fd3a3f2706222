"""Forms of strangers (CSRF), and forged ones: what no page of ours has sent is refused, whatever it changes."""

from typing import TYPE_CHECKING

import pytest
from devstack.fields import Fields

from tests.integration.portal.attack import ACME, FORMS, SHOWN, Address, belongings, everything
from tests.integration.portal.conftest import new_browser

if TYPE_CHECKING:
    import httpx

    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

SIGN_IN = next(address for address in FORMS if address.template == "/sign-in")
EVIL, OWN = "https://evil.example", "https://converge.example"


async def token_of(browser: "Browser", address: Address) -> str:
    """Return the token that a form to this address carries: the session's, or before the sign-in that of the form."""
    page = await browser.open("/sign-in" if address.template == "/sign-in" else f"/portal/{ACME}/halo-psa")
    return str(page.soup.select("input[name=csrf]")[0]["value"])


async def send(
    browser: "Browser", address: Address, ids: dict[str, str], fields: Fields, **headers: str
) -> "httpx.Response":
    filled = {"api_key": browser.world.keys[ACME], **ids, **fields}
    return await browser.client.request(
        address.method, address.filled(ids), data=filled, headers=headers, follow_redirects=False
    )


async def test_a_form_without_the_sessions_token_is_refused_and_does_nothing(
    browser: "Browser", world: "World"
) -> None:
    ids = await belongings(world, ACME)
    other = new_browser(world)
    visits = {who: await token_of(who, SIGN_IN) for who in (browser, other)}
    before_sign_in = await everything(world)
    await refused_everywhere(browser, [SIGN_IN], ids, own=visits[browser], foreign=visits[other])
    assert await everything(world) == before_sign_in
    await browser.sign_in()
    await other.sign_in()
    rest = [address for address in FORMS if address.template != "/sign-in"]
    own, foreign = [await token_of(who, rest[0]) for who in (browser, other)]
    before = await everything(world)
    await refused_everywhere(browser, rest, ids, own=own, foreign=foreign)
    assert await everything(world) == before
    assert not world.auth.asked


async def refused_everywhere(
    browser: "Browser", forms: list[Address], ids: dict[str, str], *, own: str, foreign: str
) -> None:
    cookies = dict(browser.client.cookies)
    secret = cookies.get("__Host-halosync-session", cookies["__Host-halosync-visit"])
    wrong = ("", foreign, own.upper(), own[:-1], "ø" * 64, secret)
    for address in forms:
        for fields in ({}, *({"csrf": token} for token in wrong)):
            refused = await send(browser, address, ids, fields)
            assert refused.status_code == 403, (address, fields)
            assert "Nothing was done" in refused.text, address
        for headers in (
            {"Origin": EVIL},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},  # a sibling domain is a stranger too
        ):
            assert (await send(browser, address, ids, {"csrf": own}, **headers)).status_code == 403, (address, headers)


async def test_what_is_no_form_is_refused_and_does_nothing(browser: "Browser", world: "World") -> None:
    ids = await belongings(world, ACME)
    visit = await token_of(browser, SIGN_IN)
    await browser.sign_in()
    session = await token_of(browser, FORMS[-1])
    before = await everything(world)
    for address in FORMS:
        own, path = visit if address.template == "/sign-in" else session, address.filled(ids)
        for kind, body in (("application/json", f'{{"csrf": "{own}"}}'), ("text/plain", f"csrf={own}"), ("", "")):
            refused = await browser.client.post(path, content=body, headers={"Content-Type": kind})
            assert refused.status_code == 415, (address, kind)
        # The token of the address bar, of a file and of a broken upload count for nothing.
        in_query = await browser.client.post(path, params={"csrf": own}, data={"a": "b"})
        as_file = await browser.client.post(path, files={"csrf": ("csrf", own.encode())})
        broken = await browser.client.post(path, content=b"--x\r\n", headers={"Content-Type": "multipart/form-data"})
        assert [in_query.status_code, as_file.status_code, broken.status_code] == [403, 403, 400], address
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


async def test_looking_changes_nothing(browser: "Browser", world: "World") -> None:
    """A link, a picture or a prefetch comes without a form's token, so it must not do anything."""
    ids = await belongings(world, ACME)
    world.ports.closing.set()  # live events end at once
    await browser.sign_in()
    before = await everything(world)
    for address in SHOWN:
        if address.template != "/accounts/":  # Halo's redirect does; the state that it brings is its token
            await browser.client.get(address.filled(ids))
            assert await everything(world) == before, address


@pytest.mark.parametrize(("path", "note"), [("accept", {}), ("accept", {"note": "On paper."}), ("close", {})])
async def test_a_text_that_postgres_cannot_have_is_refused(browser: "Browser", path: str, note: dict[str, str]) -> None:
    await browser.sign_in()
    csrf = (await browser.open("/portal/acme-msp/settings")).soup.select("input[name=csrf]")[0]["value"]
    form = {"csrf": csrf, "period": "\0", "item_key": "x", "seen": "0", **note}
    assert (await browser.client.post(f"/portal/acme-msp/month/{path}", data=form)).status_code == 422
