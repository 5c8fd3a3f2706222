"""The page of a problem: the navigation stays, what happened is said once, and one button says what to do."""

from typing import TYPE_CHECKING, Any

import pytest
from halosync.store.months import MonthStore
from report_api.web.middleware import MOST_BODY_BYTES
from report_api.web.problems import Problem, too_many_requests

from tests.integration.portal.attack import ACME
from tests.integration.portal.conftest import Page

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

HERE = f"/portal/{ACME}"
SETTINGS = f"{HERE}/settings"
KIND = {"Content-Type": "application/x-www-form-urlencoded"}


def judge(page: Page, title: str, says: str, button: str, leads: str) -> None:
    """See that the page says this, offers this one button, and keeps the navigation."""
    assert page.title == title
    assert page.texts("main p")[0].startswith(says)
    assert [(link.get_text(), link["href"]) for link in page.soup.select("main a, main button")] == [(button, leads)]
    assert page.soup.select("nav.tabs a[href$='/history']"), "the navigation stays"
    assert page.soup.select("form[action='/sign-out']")


@pytest.mark.parametrize(
    ("path", "status", "title", "says"),
    [
        ("/nothing", 404, "There is nothing here", "Nothing has this address, or you may not see it. Check"),
        (
            "/month?sort=height&rows_page=x",
            422,
            "This address does not work",
            "The address has a part that this page does not take: sort, rows_page. Open the page anew",
        ),
        ("/month/accept", 405, "There is nothing to show here", "This address takes a form, and shows nothing. Open"),
    ],
)
async def test_an_address_that_shows_nothing(
    *, browser: "Browser", world: "World", path: str, status: int, title: str, says: str
) -> None:
    await world.invoice(lines=[world.line(1)])
    await browser.sign_in()
    page = await browser.open(f"{HERE}{path}", status=status)
    judge(page, title, says, "To the start", "/portal/")


async def test_a_page_that_cannot_be_made_does_not_say_that_its_address_is_wrong(
    browser: "Browser", world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    async def too_large(*_: object) -> None:
        raise Problem(422, "too_large", "This certificate is too large for a PDF; take the CSV.")

    await world.invoice(lines=[world.line(1)])
    await browser.sign_in()
    monkeypatch.setattr(MonthStore, "month", too_large)
    page = await browser.open(f"{HERE}/month", status=422)
    judge(
        page,
        "This cannot be shown",
        "This certificate is too large for a PDF; take the CSV.",
        "To the start",
        "/portal/",
    )


async def sent(browser: "Browser", content: bytes, path: str = SETTINGS) -> Page:
    """Send a form as a browser does, from the page that has it."""
    headers = {**KIND, "Referer": f"{browser.client.base_url.copy_with(path=SETTINGS)}"}
    return Page(await browser.client.post(path, content=content, headers=headers))


async def test_a_form_that_is_not_taken_leads_back_to_its_page(browser: "Browser", world: "World") -> None:
    await world.connect()
    await browser.sign_in()
    csrf = str((await browser.open(SETTINGS)).soup.select("input[name=csrf]")[0]["value"]).encode()
    again = ("Open the page again", SETTINGS)
    page = await sent(browser, b"csrf=x")
    judge(page, "This was not done", "This form was not made for your session. Nothing was done. Open the page", *again)
    page = await sent(browser, b"x" * (MOST_BODY_BYTES + 1))
    judge(page, "This is too large", "What was sent is larger than 64 kB, so nothing was done. Send less", *again)
    page = await sent(browser, b"&".join(b"f%d=" % number for number in range(5000)))
    judge(page, "This was not done", "The form could not be read, so nothing was done. Open the page", *again)
    page = await sent(browser, b"mode=x&csrf=" + csrf, f"{HERE}/sync")
    judge(page, "This was not done", "The form was not filled in as the page makes it. Nothing was done.", *again)
    page = await sent(browser, b"csrf=" + csrf, f"{HERE}/history")
    judge(page, "This address takes no form", "This address shows a page and takes no form, so nothing was", *again)
    for elsewhere in (f"https://evil.example{SETTINGS}", "http://[::1", "http://[", "//[x]/portal/"):
        foreign = await browser.client.post(SETTINGS, content=b"", headers={**KIND, "Referer": elsewhere})
        judge(Page(foreign), "This was not done", "This form was not made", "To the start", "/portal/")
    known = {"Host": "inside.example", "Referer": f"{world.ports.public_url}{SETTINGS}"}
    foreign = await browser.client.post(SETTINGS, content=b"", headers={**KIND, **known})
    judge(Page(foreign), "This was not done", "This form was not made", *again)


@pytest.mark.parametrize(
    ("error", "status", "looked", "filled_in"),
    [
        (
            RuntimeError("secret inside"),
            500,
            "It has been recorded. Try again. If it happens again, ask your distributor.",
            "It has been recorded. It is not known whether your change was made: open the page again and look.",
        ),
        (
            too_many_requests("At most 8 requests at once are answered. Wait, then try again.", 1),
            429,
            "At most 8 requests at once are answered. Wait, then try again.",
            "At most 8 requests at once are answered. Wait, then try again.",
        ),
        (
            OSError("secret inside"),
            503,
            "A part of the service is not available. Try again in a few seconds.",
            "A part of the service is not available. Try again in a few seconds.",
        ),
    ],
)
async def test_a_failure_of_ours_can_be_tried_again(
    *,
    browser: "Browser",
    world: "World",
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
    looked: str,
    filled_in: str,
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise error

    await world.invoice(lines=[world.line(1)])
    await browser.sign_in()
    csrf = str((await browser.open(SETTINGS)).soup.select("input[name=csrf]")[0]["value"]).encode()
    monkeypatch.setattr(MonthStore, "month", fail)
    monkeypatch.setattr(MonthStore, "withdraw", fail)
    title = {429: "Too many requests", 500: "Something went wrong on our side", 503: "Not available at the moment"}[
        status
    ]
    month = f"{HERE}/month?period=2026-11"
    judge(await browser.open(month, status=status), title, looked, "Try again", "")  # the same address
    page = await sent(browser, b"csrf=" + csrf, f"{HERE}/month/accept")
    judge(page, title, filled_in, "Open the page again", SETTINGS)
    assert "secret" not in page.text
