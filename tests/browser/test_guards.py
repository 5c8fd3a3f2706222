"""The checks of the browser tests themselves: each sees what it is there for, and nothing on a page that is fine."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.browser import site
from tests.browser.accessibility import COLOURS, accessible, accessible_in_both_colours
from tests.browser.looks import DESKTOP, PHONE, SCREENS, Look
from tests.browser.visiting import Visitors, visiting

pytestmark = pytest.mark.browser

FINE = "<label>Name <input name=name></label> <button>Save</button> <a href='/other'>Other</a>"
RADIOS = """<fieldset><legend>Which</legend>
<label><input type=radio name=which value=1>One</label> <label><input type=radio name=which value=2>Two</label>
</fieldset>"""


@pytest.fixture
def look_at(browser: Browser, tmp_path: Path) -> "Looking":
    return Looking(browser, tmp_path)


class Looking:
    """Opens pages of the site instead of the portal: nothing here needs the stack."""

    def __init__(self, browser: Browser, pictures: Path) -> None:
        self.browser, self.pictures = browser, pictures

    def __call__(self) -> AbstractAsyncContextManager[Visitors]:
        return visiting(self.browser, site.URL, pictures=self.pictures, failed=lambda: False)

    async def page(self, visitors: Visitors, body: str, look: Look = DESKTOP, **parts: str) -> Page:
        page = await visitors.page(look)
        await site.show(page, body, **parts)
        return page


@pytest.mark.parametrize("look", SCREENS, ids=str)
async def test_a_page_that_is_fine_is_accessible_in_every_look(look_at: Looking, look: Look) -> None:
    async with look_at() as visitors:
        page = await look_at.page(visitors, f"{FINE} {RADIOS}", look)
        await accessible_in_both_colours(page, "fine")
        assert await page.evaluate("innerWidth") == look.width


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_a_look_has_its_colours(look_at: Looking, dark: bool) -> None:
    async with look_at() as visitors:
        page = await look_at.page(visitors, FINE, Look(375, 812, dark=dark))
        assert await page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is dark


@pytest.mark.parametrize("colours", COLOURS)
@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("p { color: #888; background: #999 }", "color-contrast"),
        ("button:focus-visible { outline: none }", "the focus is not seen on <button>Save"),
    ],
)
async def test_what_is_hard_to_see_in_some_colours_only_is_said(
    look_at: Looking, colours: str, rule: str, said: str
) -> None:
    style = f"@media (prefers-color-scheme: {colours}) {{ {rule} }}"
    async with look_at() as visitors:
        page = await look_at.page(visitors, f"<p>Hard to read</p>{FINE}", style=style)
        with pytest.raises(AssertionError, match=said):
            await accessible_in_both_colours(page, "pale")


@pytest.mark.parametrize(
    ("body", "style", "said"),
    [
        ("<input name=name>", "", "label (critical)"),
        ("<p class=pale>Hard to read</p>", ".pale { color: #bbb }", "color-contrast (serious)"),
        ("<h3>Too deep</h3>", "", "heading-order"),
        ("<p id=one>1</p><p id=one>2</p>", "", "the id 'one' is there twice"),
        ("<button>Save</button>", "button:focus-visible { outline: none }", "the focus is not seen on <button>Save"),
        ("<a href='/other'>Other</a>", "a { outline: 2px solid red }", "the focus is not seen on <a href"),
        ("<p class=wide>Wide</p>", ".wide { width: 900px }", "the page is 9"),
        ("<p tabindex=5>First?</p>", "", "tabindex"),
    ],
)
async def test_what_shuts_somebody_out_is_said(look_at: Looking, body: str, style: str, said: str) -> None:
    async with look_at() as visitors:
        page = await look_at.page(visitors, body, PHONE, style=style)
        with pytest.raises(AssertionError, match="is not accessible") as raised:
            await accessible(page)
        assert said in str(raised.value)


async def test_a_wide_table_may_scroll_within_its_own_box(look_at: Looking) -> None:
    async with look_at() as visitors:
        style = ".box { overflow-x: auto } .wide { width: 900px }"
        body = "<div class=box tabindex=0 role=group aria-label=Lines><div class=wide>Wide</div></div>"
        await accessible(await look_at.page(visitors, body, PHONE, style=style))


async def test_a_focus_that_cannot_move_on_is_said(look_at: Looking) -> None:
    script = "document.querySelector('input').addEventListener('keydown', event => event.preventDefault());"
    async with look_at() as visitors:
        page = await look_at.page(visitors, FINE, script=script)
        with pytest.raises(AssertionError, match="the tab key does not reach <button>Save"):
            await accessible(page)


@pytest.mark.parametrize(
    ("body", "script", "said"),
    [
        ("", "console.error('oh no')", "error on the console: oh no"),
        ("", "console.warn('careful')", "warning on the console: careful"),
        ("", "setTimeout(() => nothing.there, 0)", "a script failed: "),
        ("", "fetch('/missing')", "answered 404: GET http"),
        ("<img src='/missing' alt=''>", "", "answered 404: GET http"),
        ("", "fetch('http://127.0.0.2:9/', {mode: 'no-cors'}).catch(() => {})", "a request to a stranger: GET http"),
        ("<button onclick='alert(1)'>Inline</button>", "", "error on the console: Executing inline event handler"),
        ("<p style='color: red'>Inline</p>", "", "error on the console: Applying inline style"),
        ("<script>document.title = 'stored'</script>", "", "error on the console: Executing inline script"),
    ],
)
async def test_what_goes_wrong_without_being_seen_is_said_with_a_picture(
    look_at: Looking, tmp_path: Path, body: str, script: str, said: str
) -> None:
    async def look() -> None:
        async with look_at() as visitors:
            page = await look_at.page(visitors, body, script=script)
            await page.wait_for_load_state("networkidle")

    with pytest.raises(AssertionError, match="Went wrong in the browser") as raised:
        await look()
    assert said in str(raised.value)
    assert (tmp_path / "page-0.png").stat().st_size > 0


async def test_what_a_test_expects_is_no_problem(look_at: Looking) -> None:
    async with look_at() as visitors:
        visitors.watch.expect(404, "/missing")
        page = await look_at.page(visitors, "<img src='/missing' alt=''>", script="console.error('oh no')")
        await page.wait_for_load_state("networkidle")
        visitors.watch.expect_said("oh no")


async def test_what_a_test_expects_must_come(look_at: Looking) -> None:
    async def look() -> None:
        async with look_at() as visitors:
            visitors.watch.expect(404, "/missing")
            await look_at.page(visitors, FINE)

    with pytest.raises(AssertionError, match="expected 404 from /missing, and it never came"):
        await look()


async def test_visitors_do_not_share_cookies_and_scripts_can_be_off(look_at: Looking) -> None:
    async with look_at() as visitors:
        one = await look_at.page(visitors, FINE, script="document.cookie = 'seen=1'")
        other = await visitors.page(javascript=False)
        await site.show(other, FINE, script="document.cookie = 'seen=1'")
        assert [cookie["name"] for cookie in await one.context.cookies()] == ["seen"]
        assert await other.context.cookies() == []
