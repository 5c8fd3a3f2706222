"""One sandbox for the tests of a module; a test has a tenant of its own in it."""

from collections.abc import AsyncIterator

import pytest
from halo_sandbox.testing import RunningSandbox, RunningTenant, running_sandbox


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with running_sandbox() as running:
        yield running


@pytest.fixture
async def halo(sandbox: RunningSandbox) -> AsyncIterator[RunningTenant]:
    """A tenant with one client; a module whose tests need more has its own."""
    async with sandbox.tenant(clients=[{"name": "Contoso"}]) as tenant:
        yield tenant
