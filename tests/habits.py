"""Habits of every test: the settings of Hypothesis, how work is divided, what a test leaves as it was.

`tests/conftest.py` loads it beside the servers. `make test-unit` loads it alone: it needs no server, and to import what
starts them takes longer than most of its tests.
"""

import gc
import ssl
from collections.abc import Generator, Iterator
from functools import cache

import pytest
import structlog
from halosync.runtime.garbage import NEW_VALUES
from hypothesis import HealthCheck, Phase, settings
from xdist.remote import Producer

from tests import scheduler

# The machine is shared: a slow example is no failure.
settings.register_profile("halosync", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("halosync")
settings.register_profile(  # the same examples each time; that one fails is enough, nobody reads which
    "mutants", derandomize=True, report_multiple_bugs=False, phases=(Phase.explicit, Phase.generate)
)


def pytest_configure() -> None:
    """Let the clients of HTTP share what takes longer than most tests: they read the authorities of the web once."""
    patch = pytest.MonkeyPatch()
    patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the collector of garbage from looking through all tests and modules again and again, as in production."""
    gc.disable()
    collected = yield
    gc.freeze()
    gc.set_threshold(NEW_VALUES, *gc.get_threshold()[1:])
    gc.enable()
    return collected


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> object:
    """Divide the tests among workers (`-n`)."""
    return scheduler.scheduler(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put them in an order that ends early."""
    scheduler.sort(items)


@pytest.fixture(autouse=True)
def log_settings() -> Iterator[None]:
    """Leave the settings of the log as they were: another test may read it."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
