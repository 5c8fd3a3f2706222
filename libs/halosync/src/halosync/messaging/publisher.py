"""Publishing that is bounded in time, confirmed, persistent and mandatory (messaging-facts section 1.1)."""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, DeliveryError
from faststream.rabbit import Channel, RabbitBroker, RabbitExchange

from halosync.domain.accounts import Account, ProcessUser
from halosync.messaging.connection import connect_options, connection_now, given_up, user_of
from halosync.messaging.faststream_private import publishing_channel
from halosync.messaging.topology import OPTIONAL_LISTENERS, delay_exchange
from halosync.observability.tracing import carried

PUBLISH_TIMEOUT_S = 5.0

REOPEN_S = 1.0
"""How long a message waits for a channel that somebody else's message has closed."""


class NotPublishedError(Exception):
    """The broker did not confirm a message; it may or may not have it."""


class NotAnsweredError(NotPublishedError):
    """The broker did not even say no in time: it is away, frozen, or takes nothing."""


class Publisher:
    """Publishes on a connection of its own.

    RabbitMQ stops reading a publishing connection when it raises an alarm; acknowledgements on the same connection
    would stall with it (messaging-facts section 1.1).
    """

    def __init__(self, amqp_url: str, account: Account = Account.OPERATOR) -> None:
        self.signed_in = ProcessUser(account, user_of(amqp_url))
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
        headers: Mapping[str, object] | None = None,
        persist: bool = True,
        reply_to: str | None = None,
        correlation_id: str | None = None,
        vouched: bool = False,
    ) -> None:
        """Publish and wait for the confirmation.

        With `vouched` the message says whose it is, and the broker takes it only if that is true. What others ask to be
        published (the outbox) is never vouched for.

        The `message_id` is left to the library: a return is matched by it, so two messages in flight must never
        share one (messaging-facts section 1.1).

        Raises:
            NotPublishedError: no queue takes the message, or the broker refuses it.
            NotAnsweredError: no confirmation within `PUBLISH_TIMEOUT_S`.
        """
        name = exchange if isinstance(exchange, str) else exchange.name
        try:
            with given_up():
                async with asyncio.timeout(PUBLISH_TIMEOUT_S):
                    await self._until_taken()
                    await self._once_open(
                        body,
                        # Not robust: the library would look for it as it opens its channel again, and an exchange
                        # that is gone would keep that closed for good, for every message to anywhere.
                        exchange=RabbitExchange(name, declare=False, robust=False) if name else None,
                        routing_key=routing_key,
                        message_type=message_type,
                        headers=carried() | dict(headers or {}),
                        content_type="application/json",
                        persist=persist,
                        mandatory=name not in OPTIONAL_LISTENERS,
                        reply_to=reply_to,
                        correlation_id=correlation_id,
                        user_id=self.signed_in.user if vouched else None,
                    )
        except TimeoutError as error:
            raise NotAnsweredError(f"{message_type} to {name or 'a queue'}: no confirmation in time") from error
        except (DeliveryError, ChannelInvalidStateError, AMQPError, OSError, RuntimeError) as error:
            raise NotPublishedError(f"{message_type} to {name or 'a queue'}: {type(error).__name__} {error}") from error

    async def blocked(self) -> bool:
        """Tell, without waiting, whether the broker has said that it takes nothing: it is short of memory or disk.

        It says so to a connection that publishes, so the first message of an alarm is sent before anybody knows.
        False while there is no connection.
        """
        try:
            async with asyncio.timeout(0):
                await self._until_taken()
        except TimeoutError:
            return True
        return False

    async def _until_taken(self) -> None:
        """Wait while the broker takes nothing. What is sent all the same is delivered after the alarm, given up or not.

        While there is no connection, nothing is waited for: publishing says so itself.
        """
        try:
            connection = connection_now(self.broker)
        except ConnectionError:
            return
        await connection.ready()

    async def _once_open(self, body: bytes, **how: Any) -> None:
        """Publish. A message to an exchange that is gone closes the channel, which the library opens again at once.

        Nothing is sent before that is done: if the channel is closed again meanwhile, the library gives it up for good.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + REOPEN_S
        while True:
            try:
                async with asyncio.timeout_at(until):
                    await (await publishing_channel(self.broker)).ready()
            except TimeoutError:
                raise ChannelInvalidStateError("the channel is not open") from None
            try:
                await self.broker.publish(body, **how)
            except ChannelInvalidStateError:  # nothing was sent; the library may not have noticed yet
                if clock() >= until:
                    raise
                await asyncio.sleep(REOPEN_S / 50)
            else:
                return

    async def publish_later(
        self, body: bytes, *, delay_s: float, queue: str, message_type: str, headers: Mapping[str, object]
    ) -> None:
        """Publish into the delay tier of `delay_s` seconds, from which it goes to `queue`.

        Raises:
            NotPublishedError: as `publish`.
        """
        await self.publish(
            body, exchange=delay_exchange(delay_s), routing_key=queue, message_type=message_type, headers=headers
        )
