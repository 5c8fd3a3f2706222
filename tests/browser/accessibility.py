"""Whether a page can be used by everybody: axe-core's rules, and checks of our own for what it does not look at."""

from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT
from devstack.fields import Fields
from playwright.async_api import Page

from tests.browser.keyboard import focus_not_seen, without_visible_focus
from tests.browser.looks import picture

COLOURS: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_ALL = {"type": "tag", "values": _TAGS}
_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
_RUN = "runOnly => axe.run({runOnly, resultTypes: ['violations']}).then(found => found.violations)"

_TWICE = """() => {
  const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
  return [...new Set(ids.filter((id, place) => ids.indexOf(id) !== place))];
}"""

# What sticks out to the right, but not within something that scrolls or cuts by itself, such as a wide table's box.
_TOO_WIDE = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const held = element => {
    for (let above = element.parentElement; above && above !== document.body; above = above.parentElement)
      if (getComputedStyle(above).overflowX !== 'visible') return true;
    return false;
  };
  const out = [...document.body.querySelectorAll('*')]
    .filter(element => element.getBoundingClientRect().right > root.clientWidth + 0.5 && !held(element))
    .map(element => `${element.outerHTML.slice(0, 120)} ends at ${element.getBoundingClientRect().right}`);
  return [`the page is ${root.scrollWidth} wide on a screen of ${root.clientWidth}`, ...out.slice(0, 5)];
}"""


# The box of a table cuts off what sticks out, unless it scrolls by itself.
_CUT_OFF = """() => [...document.querySelectorAll('.table-box')]
  .filter(box => getComputedStyle(box).overflowX !== 'auto' && box.scrollWidth > box.clientWidth + 1)
  .map(box => `a table of ${box.scrollWidth} is cut off at ${box.clientWidth}: ${box.innerText.slice(0, 80)}`)"""


async def accessible_in_both_colours(page: Page, name: str) -> None:
    """Assert that the page is accessible in light and in dark colours, without loading it again; light at the end.

    In dark, only what depends on colours is looked at again: our styles change nothing else there, as a unit test says.
    Pictures of both are kept as `name` with the width and the colours, see `picture`.
    """
    width = await page.evaluate("innerWidth")
    for colours in COLOURS:
        await page.emulate_media(color_scheme=colours)
        await picture(page, f"{name}-{width}-{colours}")
        await (accessible(page) if colours == "light" else _accessible_colours(page))
    await page.emulate_media(color_scheme="light")


async def too_wide(page: Page) -> list[str]:
    """Return what makes the page scroll sideways, and the tables of which something is cut off."""
    found: list[str] = await page.evaluate(_TOO_WIDE)
    cut_off: list[str] = await page.evaluate(_CUT_OFF)
    return found + cut_off


async def accessible(page: Page) -> None:
    """Assert that axe and our own checks find nothing on the page as it is now.

    The focus is moved over the whole page, and is at its end afterwards.
    """
    _nothing(
        page,
        *await _axe_violations(page, _ALL),
        *[f"the id {twice!r} is there twice" for twice in await page.evaluate(_TWICE)],
        *[f"scrolls sideways: {what}" for what in await page.evaluate(_TOO_WIDE)],
        *await without_visible_focus(page),
    )


async def _accessible_colours(page: Page) -> None:
    _nothing(page, *await _axe_violations(page, _COLOURS), *await focus_not_seen(page))


def _nothing(page: Page, *found: str) -> None:
    assert not found, "\n".join([f"{page.url} is not accessible:", *found])


async def _axe_violations(page: Page, rules: Fields) -> list[str]:
    """Return what axe-core finds by some rules, a readable line or more for each rule and element."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}\n    {_where(node)}"
        for rule in await page.evaluate(_RUN, rules)
        for node in rule["nodes"]
    ]


def _where(node: Fields) -> str:
    reasons = [check["message"] for kind in ("any", "all", "none") for check in node[kind]]
    return "\n    ".join([f"{node['target']}: {node['html'][:200]}", *reasons])
