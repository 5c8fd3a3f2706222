"""Fixtures that several tests of report-api share."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest_asyncio
from halosync.runtime.webhook_sender import HttpWebhookSender

from tests.integration.receiver import receiver

from .month_parts import parts_are_the_whole
from .webhook_told import Told

if TYPE_CHECKING:
    from tests.integration.conftest import World


@pytest_asyncio.fixture(loop_scope="session")
async def told(world: "World") -> AsyncIterator[Told]:
    """Auth has published its key, and a receiver listens."""
    await world.sealing_key()
    sender = HttpWebhookSender(private=True)
    async with receiver() as host:
        yield Told(world, host, sender)
    await sender.close()


@pytest_asyncio.fixture(loop_scope="session")
async def parts_compared(world: "World") -> AsyncIterator[None]:
    """Whatever a test makes of months, the rows of each customer and each reason are those of the whole month."""
    yield
    await parts_are_the_whole(world)
