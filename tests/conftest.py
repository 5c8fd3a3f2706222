"""Real servers and partners for every test that asks for them; see `devstack.fixtures`."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from devstack.stack import Stack

from tests.partner import Partner, new_partner

pytest_plugins = ["devstack.fixtures", "tests.habits"]


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
