"""Whether the keyboard reaches everything on a page, and whether one sees where it is."""

import asyncio
from collections.abc import Iterator

from playwright.async_api import Page

# Numbers everything that the tab key should reach, keeps how each looks without focus, and notes from now on where the
# focus comes to. Then the focus goes to a stone at the beginning of the page, which is taken away: the next tab goes to
# the first element.
_PREPARE = """() => {
  const look = element => [element, ...(element.labels || [])].map(one => {
    const style = getComputedStyle(one);
    const outline = style.outlineStyle === 'none' || style.outlineWidth === '0px'
      ? 'none' : `${style.outlineStyle} ${style.outlineWidth} ${style.outlineColor}`;
    return `${outline} | ${style.boxShadow}`;
  }).join(' || ');
  document.activeElement?.blur();
  const wanted = 'a[href], button, input, select, textarea, summary, [tabindex]';
  const elements = [...document.querySelectorAll(wanted)].filter(element =>
    element.tabIndex >= 0 && !element.matches(':disabled') && element.checkVisibility({visibilityProperty: true}));
  const radios = new Set();
  const reachable = elements.filter(element => {
    if (element.type !== 'radio') return true;
    const group = `${element.form?.id}/${element.name}`;  // the tab key stops once in a group
    const stop = element.checked || (!radios.has(group)
      && !elements.some(other => other.type === 'radio' && other.name === element.name && other.checked));
    if (stop) radios.add(group);
    return stop;
  });
  const before = reachable.map(look);
  const seen = window.__seen = {};  // place among the reachable → whether one sees the focus there
  window.__note = event => {
    const place = reachable.indexOf(event.target);
    if (place >= 0) seen[place] ??= look(reachable[place]) !== before[place];
  };
  const stone = document.createElement('span');
  stone.tabIndex = -1;
  document.body.prepend(stone);
  stone.focus();
  stone.remove();
  document.addEventListener('focusin', window.__note, true);
  window.__reachable = reachable;
  return reachable.map(element => element.outerHTML.slice(0, 150));
}"""

_FOCUS_EACH = "() => window.__reachable.forEach(element => element.focus())"

_SEEN = """() => {
  document.removeEventListener('focusin', window.__note, true);
  return window.__seen;
}"""


async def without_visible_focus(page: Page) -> list[str]:
    """Press the tab key through the page; say what it does not reach, and where one does not see the focus.

    Seen means that the outline or the shadow of the element, or of its label, differs from how it is without focus.
    """
    elements: list[str] = await page.evaluate(_PREPARE)
    dates = sum('type="date"' in element for element in elements)
    # A field for a date has four stops: day, month, year, calendar. A few more, for what can be focused unasked.
    await _press_tab(page, len(elements) + 3 * dates + 3)
    seen = await _seen(page)
    return [
        *_not_seen(elements, seen),
        *(f"the tab key does not reach {what}" for place, what in enumerate(elements) if place not in seen),
    ]


async def _press_tab(page: Page, times: int) -> None:
    """Press the tab key so often, one press after the other, without waiting between them for the page to be drawn."""
    keys = await page.context.new_cdp_session(page)
    tab = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
    events = [{**tab, "type": kind} for _ in range(times) for kind in ("rawKeyDown", "keyUp")]
    await asyncio.gather(*(keys.send("Input.dispatchKeyEvent", event) for event in events))
    await keys.detach()


async def focus_not_seen(page: Page) -> list[str]:
    """Say where one does not see the focus, on a page through which the tab key was pressed before."""
    elements: list[str] = await page.evaluate(_PREPARE)
    await page.evaluate(_FOCUS_EACH)
    return list(_not_seen(elements, await _seen(page)))


async def _seen(page: Page) -> dict[int, bool]:
    noted: dict[str, bool] = await page.evaluate(_SEEN)
    return {int(place): one_sees_it for place, one_sees_it in noted.items()}


def _not_seen(elements: list[str], seen: dict[int, bool]) -> Iterator[str]:
    return (f"the focus is not seen on {elements[place]}" for place, one_sees_it in seen.items() if not one_sees_it)
