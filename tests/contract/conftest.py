"""One sandbox for the tests of a module; a test has a tenant of its own in it."""

from collections.abc import AsyncIterator

import pytest
from halo_sandbox.testing import RunningSandbox, running_sandbox


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with running_sandbox() as running:
        yield running
