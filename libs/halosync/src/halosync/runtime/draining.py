"""How a process stops taking messages (spec section 5.8)."""

import asyncio
from collections.abc import Awaitable

import structlog
from aio_pika.exceptions import AMQPError
from faststream.rabbit import RabbitBroker

from halosync.messaging.connection import DRAIN_S, given_up
from halosync.messaging.consumers import cancel_consumers

log = structlog.get_logger(__name__)

CANCEL_S = 2.0
"""How long a stopping process waits for the broker to confirm that it no longer consumes."""


async def drain(broker: RabbitBroker) -> None:
    """Stop taking messages and let the handlers finish; delivery counts stay (messaging-facts section 1.4).

    The consumers are cancelled before anything else; otherwise messages that are delivered during the drain would be
    returned as failed.
    """
    await _attempt(cancel_consumers(broker), CANCEL_S)
    await _attempt(broker.stop(), DRAIN_S + CANCEL_S)


async def _attempt(step: Awaitable[object], seconds: float) -> None:
    """Take a step of the drain; if it fails or takes too long, the next one is taken all the same."""
    try:
        with given_up():
            async with asyncio.timeout(seconds):
                await step
    except (TimeoutError, ConnectionError, AMQPError) as error:
        log.warning("the broker is away; it keeps what was not acknowledged", error=f"{type(error).__name__}: {error}")
