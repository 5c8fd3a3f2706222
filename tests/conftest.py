"""Real servers and partners for every test that asks for them; see `devstack.fixtures`."""

from collections.abc import AsyncIterator

import pytest
from devstack.stack import Stack

from tests.partner import Partner, new_partner

pytest_plugins = ["devstack.fixtures"]


@pytest.fixture
async def partner(stack: Stack) -> AsyncIterator[Partner]:
    """A partner with a tenant of its own on the shared stack, not connected yet."""
    async with new_partner(stack) as made:
        yield made
