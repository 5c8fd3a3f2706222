"""The portal in Chromium on the real stack. Every page that a test opens is watched; see `watching.py`."""

from collections.abc import AsyncIterator, Generator
from pathlib import Path

import pytest
import pytest_asyncio
from devstack.chromium import FLAGS, chromium
from devstack.stack import Stack
from playwright.async_api import Browser, Page, async_playwright

from tests.browser.looks import DESKTOP
from tests.browser.visiting import Visitors, visiting

_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let fixtures know whether their test failed."""
    report = yield
    if call.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A Chromium for all tests of this process; installed first where it is missing and may be."""
    program = await chromium(progress=print)
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="session")
async def visitors(
    browser: Browser, stack: Stack, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Visitors]:
    """People who look at the portal; Halo's log-in is the only other place that they come to."""
    halo = frozenset({stack.sandbox_url} if stack.sandbox_url else ())
    failed = request.node.stash.get
    async with visiting(
        browser, stack.http_url, pictures=tmp_path, others=halo, failed=lambda: failed(_FAILED, default=False)
    ) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def page(visitors: Visitors, request: pytest.FixtureRequest) -> Page:
    """A page at 1280 pixels in light colours, or as the test says.

    `@pytest.mark.parametrize("page", SCREENS, indirect=True, ids=str)` opens it on a phone and on a desktop.
    """
    return await visitors.page(getattr(request, "param", DESKTOP))
