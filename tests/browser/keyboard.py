"""Whether the keyboard reaches everything on a page, and whether one sees where it is."""

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
  return reachable.map(element => element.outerHTML.slice(0, 150));
}"""

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
    for _ in range(len(elements) + 3 * dates + 3):
        await page.keyboard.press("Tab")
    noted: dict[str, bool] = await page.evaluate(_SEEN)
    visible = {int(place): one_sees_it for place, one_sees_it in noted.items()}
    return [
        *(f"the focus is not seen on {elements[place]}" for place, seen in visible.items() if not seen),
        *(f"the tab key does not reach {what}" for place, what in enumerate(elements) if place not in visible),
    ]
