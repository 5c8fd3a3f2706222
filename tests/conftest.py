"""Real servers and partners for every test that asks for them; see `devstack.fixtures`."""

import gc
import ssl
import sys
from collections.abc import AsyncIterator, Generator, Iterator
from functools import cache
from importlib.util import find_spec
from typing import Any

import pytest
import pytest_asyncio
import structlog
from devstack.stack import Stack
from hypothesis import HealthCheck, settings
from xdist.remote import Producer

from tests import scheduler
from tests.partner import Partner, new_partner

pytest_plugins = ["devstack.fixtures"]

# The machine is shared: a slow example is no failure. As in tests/unit/domain, whose tests also run without this file.
settings.register_profile("shared", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


def pytest_configure() -> None:
    """Let the clients of HTTP share what takes longer than most tests, or some of each.

    They read the authorities of the web once, and do not look through the disk for sniffio at each request of an
    application in this process: it is not installed.
    """
    patch = pytest.MonkeyPatch()
    patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
    if find_spec("sniffio") is None:
        patch.setitem(sys.modules, "sniffio", None)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the collector of garbage from looking through all tests and modules again and again: they stay."""
    gc.disable()
    collected = yield
    gc.freeze()
    gc.enable()
    return collected


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Any:
    """Divide the tests among workers (`-n`)."""
    return scheduler.scheduler(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    scheduler.sort(items)


@pytest.fixture(autouse=True)
def log_settings() -> Iterator[None]:
    """Leave the settings of the log as they were: another test may read it."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack(stack: Stack) -> Stack:
    """The shared stack, with partners of the seed's literal behaviour."""
    await stack.review_nothing()
    return stack


@pytest.fixture
async def partner(stack: Stack) -> AsyncIterator[Partner]:
    """A partner with a tenant of its own on the shared stack, not connected yet."""
    async with new_partner(stack) as made:
        yield made
