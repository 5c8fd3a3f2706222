"""Somebody without a mouse: only keys are pressed, and the focus is moved by the tab key alone."""

from playwright.async_api import Page, expect

MOST_TABS = 150
_FOCUSED = """words => {
  const element = document.activeElement;
  const label = element.labels?.[0]?.innerText || element.getAttribute('aria-label') || element.innerText || '';
  return label.trim().startsWith(words);
}"""


async def tab_to(page: Page, words: str) -> None:
    """Press the tab key until something with these words has the focus; not before the page's scripts have run."""
    await page.wait_for_load_state()
    for _ in range(MOST_TABS):
        await page.keyboard.press("Tab")
        if await page.evaluate(_FOCUSED, words):
            return
    raise AssertionError(f"the tab key never comes to {words!r}")


async def choose(page: Page, words: str, key: str = "Enter") -> None:
    """Go with the tab key to what begins with these words, and press a key on it."""
    await tab_to(page, words)
    await page.keyboard.press(key)


async def sign_in_by_keyboard(page: Page, api_key: str, path: str = "/") -> None:
    """Open a page, and sign in on the way to it."""
    await page.goto(path)
    await tab_to(page, "API key")
    await page.keyboard.type(api_key)
    await page.keyboard.press("Enter")


async def search(page: Page, words: str) -> None:
    """Find something from any page: `/` goes to the field, once the page's script listens."""
    await page.wait_for_load_state()
    await page.keyboard.press("/")
    await expect(page.locator(".search input")).to_be_focused()
    await page.keyboard.type(words)
    await page.keyboard.press("Enter")
