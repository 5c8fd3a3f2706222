"""How a page is looked at: the sizes and colours of the issue, and where pictures of it go."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page

PICTURES_VARIABLE = "HALOSYNC_DEVSTACK_PICTURES"
"""Names a folder that keeps the pictures which `picture` takes; without it none are taken."""


@dataclass(frozen=True)
class Look:
    """A screen, in CSS pixels, and the colours that its owner prefers."""

    width: int
    height: int
    dark: bool = False

    def __str__(self) -> str:
        """Return a name for tests and files, such as `375-dark`."""
        return f"{self.width}-{'dark' if self.dark else 'light'}"


PHONE = Look(375, 812)
DESKTOP = Look(1280, 900)
DESKTOP_DARK = Look(1280, 900, dark=True)
SCREENS = (PHONE, DESKTOP)
"""What a page is looked at on; `accessible_in_both_colours` does the rest of every look."""


async def picture(page: Page, name: str, folder: Path | None = None) -> Path | None:
    """Keep a picture of the whole page in `folder`, or in the folder that `HALOSYNC_DEVSTACK_PICTURES` names.

    Returns:
        Where it is, or None without a folder.
    """
    named = folder or os.environ.get(PICTURES_VARIABLE)
    if not named:
        return None
    file = Path(named, f"{re.sub(r'[^a-z0-9-]+', '-', name.lower()).strip('-')}.png")
    await page.screenshot(path=file, full_page=True)
    return file
