"""Publishing that is bounded in time, confirmed, persistent and mandatory (messaging-facts 1.1)."""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, DeliveryError
from faststream.rabbit import Channel, RabbitBroker, RabbitExchange

from halosync.messaging.connection import connect_options
from halosync.messaging.topology import OPTIONAL_LISTENERS, delay_exchange

PUBLISH_TIMEOUT_S = 5.0


class NotPublishedError(Exception):
    """The broker did not confirm a message in time; it may or may not have it."""


class Publisher:
    """Publishes on a connection of its own.

    RabbitMQ stops reading a publishing connection when it raises an alarm; acknowledgements on the same connection
    would stall with it (messaging-facts 1.1).
    """

    def __init__(self, amqp_url: str) -> None:
        self.broker = RabbitBroker(
            **connect_options(amqp_url), default_channel=Channel(on_return_raises=True), apply_types=False
        )

    async def __aenter__(self) -> Self:
        await self.broker.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.broker.stop()

    async def publish(
        self,
        body: bytes,
        *,
        exchange: RabbitExchange | str,
        routing_key: str,
        message_type: str,
        headers: Mapping[str, Any] | None = None,
        persist: bool = True,
        reply_to: str | None = None,
        correlation_id: str | None = None,
    ) -> None:
        """Publish and wait for the confirmation.

        The `message_id` is left to the library: a return is matched by it, so two messages in flight must never
        share one (messaging-facts 1.1).

        Raises:
            NotPublishedError: no confirmation within `PUBLISH_TIMEOUT_S`, or no queue takes the message.
        """
        name = exchange if isinstance(exchange, str) else exchange.name
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT_S):
                await self.broker.publish(
                    body,
                    exchange=RabbitExchange(name, declare=False) if name else None,
                    routing_key=routing_key,
                    message_type=message_type,
                    headers=dict(headers or {}),
                    content_type="application/json",
                    persist=persist,
                    mandatory=name not in OPTIONAL_LISTENERS,
                    reply_to=reply_to,
                    correlation_id=correlation_id,
                )
        except (TimeoutError, DeliveryError, ChannelInvalidStateError, AMQPError, OSError, RuntimeError) as error:
            raise NotPublishedError(f"{message_type} to {name or 'a queue'}: {type(error).__name__} {error}") from error

    async def publish_later(
        self, body: bytes, *, delay_s: float, queue: str, message_type: str, headers: Mapping[str, Any]
    ) -> None:
        """Publish into the delay tier of `delay_s` seconds, from which it goes to `queue`.

        Raises:
            NotPublishedError: as `publish`.
        """
        await self.publish(
            body, exchange=delay_exchange(delay_s), routing_key=queue, message_type=message_type, headers=headers
        )
