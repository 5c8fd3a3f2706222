"""Where Chromium comes from on this machine, and how it is started: for tests that look at pages as a person does.

Nothing is downloaded from a browser's maker: the machine's own is used, or the package of Debian.
"""

import os
from collections.abc import Callable
from pathlib import Path

from devstack.errors import NotInstalledError
from devstack.programs import ProgramSource, silent

CHROMIUM_VARIABLE = "HALOSYNC_DEVSTACK_CHROMIUM"
"""Names the program, when it is not to be looked for."""

# Of several lists of features the last counts, so that this one replaces Playwright's; what we need of it stands here.
_FEATURES_NOT_WANTED = (
    # Pages of Chromium's own address bar, loaded with each window: more than half of what opening a page of ours costs.
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup", "WebUIOmniboxSimplification"),
    # What asks its maker, and what turns an address of http into one of https.
    *("AimEnabled", "MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints", "PreconnectToSearch"),
    *("HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable"),
    # What makes tests see a page late or not at all: the picture of the page before, and closing without asking it.
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "PaintHolding"),
)
FLAGS = (
    "--no-sandbox",  # root, and many a container, cannot have Chromium's own sandbox; only our own pages are opened
    "--disable-gpu",
    "--disable-quic",
    # A browser that talks to its maker by itself would not be told apart from a page that talks to strangers.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    f"--disable-features={','.join(_FEATURES_NOT_WANTED)}",
)
"""How it is started for tests."""

# Chromium without windows: a third less work, and a smaller package. Pages are the same.
_SHELL = "chromium-headless-shell"
_PACKAGE = _SHELL
_PROGRAMS = (_SHELL, "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_HOW_TO_GET_IT = f"""\
Chromium is needed and was not found. Do one of these:
  - install it: `apt-get install {_PACKAGE}` (Debian), `dnf install chromium` (Fedora), `brew install --cask chromium`
    (macOS);
  - name the program of an installed Chromium or Chrome: {CHROMIUM_VARIABLE}=/path/to/chromium"""


async def chromium(
    given: str | None = None, *, source: ProgramSource | None = None, progress: Callable[[str], None] = silent
) -> Path:
    """Return the program of a Chromium: the given or installed one, or Debian's package, installed now.

    Args:
        given: path of a program to use; by default what `HALOSYNC_DEVSTACK_CHROMIUM` says.
        source: what the machine has to offer.
        progress: is told before something takes long.

    Raises:
        NotInstalledError: there is none, and it cannot be had by itself; the message says what to do.
        CommandFailedError: the package could not be installed; the message has what apt-get said.
    """
    source = source or ProgramSource()
    named = given or os.environ.get(CHROMIUM_VARIABLE)
    if named:
        if source.program(named) is None:
            raise NotInstalledError(f"{CHROMIUM_VARIABLE}={named} is no program; name one, or unset it.")
        return Path(named)
    found = await source.program_of(_PACKAGE, _PROGRAMS, progress)
    if found is None:
        raise NotInstalledError(_HOW_TO_GET_IT)
    return found
