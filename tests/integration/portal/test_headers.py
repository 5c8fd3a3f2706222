"""What browsers are told with every answer, and bodies that are too large."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from report_api.web.middleware import MOST_BODY_BYTES, MOST_FILE_BYTES

from tests.integration.portal.attack import ACME, FORMS, SHOWN, belongings, everything

if TYPE_CHECKING:
    import httpx

    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

TAKES_FILES = [f"/portal/{{partner}}/{tab}/import{end}" for tab in ("customers", "licences") for end in ("", "/apply")]


def judge(address: object, answer: "httpx.Response") -> None:
    """Assert what holds for every answer, and what for pages."""
    headers = answer.headers
    policy = {part.split()[0]: part.split()[1:] for part in headers["content-security-policy"].split(";")}
    assert policy["default-src"] == ["'none'"], address
    assert policy["frame-ancestors"] == ["'none'"], address  # clickjacking
    allowed = {word for part in policy.values() for word in part}
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "data:", "https:"} & allowed, address
    assert headers["x-content-type-options"] == "nosniff", address
    assert headers["referrer-policy"] in {"no-referrer", "same-origin"}, address
    assert headers["cache-control"] == "no-store", address
    assert "access-control-allow-origin" not in headers, address
    assert "server" not in headers, address
    assert headers["strict-transport-security"].startswith("max-age="), address
    if headers.get("content-type", "").startswith("text/html"):
        assert headers["content-type"] == "text/html; charset=utf-8", address
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == ["'self'"], address
        assert policy["base-uri"] == ["'none'"], address
        assert headers["cross-origin-opener-policy"] == "same-origin", address


async def test_every_page_has_its_headers(browser: "Browser", world: "World") -> None:
    ids = await belongings(world, ACME)
    world.ports.closing.set()  # live events end at once
    for signed_in in (False, True):
        if signed_in:
            await browser.sign_in()
        for address in SHOWN:
            for accept in ("text/html", "*/*"):
                path, headers = address.filled(ids), {"Accept": accept}
                judge(address, await browser.client.get(path, headers=headers, follow_redirects=False))
            wrong = await browser.client.request("PATCH", address.filled(ids))
            assert wrong.status_code == 405, address
            judge(address, wrong)


@pytest.mark.parametrize("path", ["/portal/acme-msp/nowhere", "/portal/rival-msp/halo-psa", "/nowhere", "/portal/%00"])
async def test_error_pages_have_their_headers(browser: "Browser", path: str) -> None:
    await browser.sign_in()
    answer = await browser.client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    judge(answer.request.url, answer)


async def test_a_page_that_breaks_has_its_headers_and_tells_nothing(
    browser: "Browser", world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret of ours")

    await browser.sign_in()
    monkeypatch.setattr(world.ports.connections, "view", broken)
    answer = await browser.client.get(f"/portal/{ACME}/halo-psa")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "ZeroDivision" not in answer.text
    judge(answer.request.url, answer)


@pytest.mark.parametrize(("path", "kind"), [("portal.css", "text/css"), ("portal.js", "text/javascript")])
async def test_static_files_are_what_they_say(browser: "Browser", path: str, kind: str) -> None:
    answer = await browser.client.get(f"/static/{path}")
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["../rendering.py", "..%2frendering.py", "%2e%2e/rendering.py", "/etc/passwd", "%00", "nothing.js"]
)
async def test_static_files_are_only_those_of_the_folder(browser: "Browser", path: str) -> None:
    answer = await browser.client.get(f"/static/{path}")
    assert answer.status_code in {404, 405}
    judge(answer.request.url, answer)


async def in_chunks(size: int) -> AsyncIterator[bytes]:
    yield b"csrf=x&padding="
    for _ in range(size // 1024):
        yield b"x" * 1024


async def test_a_body_that_is_too_large_is_refused_as_a_page(browser: "Browser", world: "World") -> None:
    ids = await belongings(world, ACME)
    await browser.sign_in()
    before = await everything(world)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    many = "&".join(f"f{number}=" for number in range(5000)).encode()
    for address in FORMS:
        most = MOST_FILE_BYTES if address.template in TAKES_FILES else MOST_BODY_BYTES
        # One says how long it is, the other does not: in a large one, its field may be too long first. The third has
        # too many fields.
        for content, statuses in ((b"x" * (most + 1), {413}), (in_chunks(most + 1), {413, 400}), (many, {400})):
            answer = await browser.client.post(address.filled(ids), content=content, headers=kind)
            assert answer.status_code in statuses, (address, answer.text)
            assert answer.headers["content-type"].startswith("text/html"), address
            judge(address, answer)
    assert await everything(world) == before
