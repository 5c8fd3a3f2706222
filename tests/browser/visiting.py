"""People at browsers: each with cookies of its own, all watched."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from tests.browser.looks import DESKTOP, Look, picture
from tests.browser.watching import Watch, origin
from tests.partner import Partner

PATIENCE_MS = 15_000
"""How long a page may take for what a test waits for; the machine may be busy with other tests."""

_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')

expect.set_options(timeout=PATIENCE_MS)


class Visitors:
    """Opens pages for one test.

    Attributes:
        watch: sees all that goes wrong on them.
    """

    def __init__(self, browser: Browser, home: str, others: frozenset[str], exits: AsyncExitStack) -> None:
        self._browser, self._home, self._exits = browser, home, exits
        self.watch = Watch(origins=frozenset({origin(home), *map(origin, others)}))

    async def page(self, look: Look = DESKTOP, *, javascript: bool = True) -> Page:
        """Open a page for somebody new; paths given to `goto` begin at the portal."""
        context = await self._browser.new_context(
            base_url=self._home,
            viewport={"width": look.width, "height": look.height},
            color_scheme="dark" if look.dark else "light",
            # What moves would be looked at half-way; that it stands still for who asks so is tested by this too.
            reduced_motion="reduce",
            java_script_enabled=javascript,
            locale="en-AU",
        )
        self._exits.push_async_callback(context.close)
        context.set_default_timeout(PATIENCE_MS)
        self.watch.attach(context)
        return await context.new_page()


@asynccontextmanager
async def visiting(
    browser: Browser, home: str, *, pictures: Path, others: frozenset[str] = frozenset(), failed: Callable[[], bool]
) -> AsyncIterator[Visitors]:
    """Give visitors; at the end, assert that nothing went wrong on their pages, and keep pictures if anything did.

    Args:
        browser: runs for all tests.
        home: where the portal is.
        pictures: folder for pictures of the pages of a test that failed.
        others: whom pages may talk to besides, such as Halo.
        failed: tells, after the body, whether the test failed already.
    """
    async with AsyncExitStack() as exits:
        visitors = Visitors(browser, home, others, exits)
        yield visitors
        said = visitors.watch.everything_said()
        kept = []
        if said or failed():
            open_pages = [page for page in visitors.watch.pages if not page.is_closed()]
            kept = [await picture(page, f"page-{number}", pictures) for number, page in enumerate(open_pages)]
            print("Pictures of the pages:", *kept)  # noqa: T201 - shown with the failure
        assert not said, "\n".join(["Went wrong in the browser:", *said, f"pictures: {kept}"])


async def sign_in(page: Page, api_key: str) -> None:
    """Sign in as a person does, from the page that asks for it."""
    await page.goto("/sign-in")
    await page.get_by_label("API key").fill(api_key)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page).not_to_have_url("**/sign-in", timeout=PATIENCE_MS)


async def let_in(page: Page, api_key: str) -> None:
    """Sign in without a look at the pages on the way: to load them in Chromium takes many times as long.

    The form of the sign-in is sent beside the page, which has the cookies. How a person signs in is what
    `test_signing_in.py` and the journeys look at.
    """
    browser = page.context.request
    form = await (await browser.get("/sign-in")).text()
    fields = dict(_HIDDEN.findall(form))
    sent = await browser.post("/sign-in", form={**fields, "api_key": api_key}, max_redirects=0)
    assert sent.status == 303, await sent.text()


async def enter(page: Page, api_key: str, path: str) -> None:
    """Open an address as somebody who is signed in."""
    await let_in(page, api_key)
    await page.goto(path)


async def report(page: Page, partner: Partner) -> None:
    """Open the report as somebody who is signed in."""
    await enter(page, partner.api_key, f"/portal/{partner.name}/report")


async def slow_down(partner: Partner, times: int | None = 1, delay_s: float = 3.0) -> None:
    """Let writes take long enough for people to see them."""
    await partner.halo.add_fault(
        partner.tenant, times=times, match={"method": "POST", "path": "SoftwareLicence"}, delay_s=delay_s
    )
