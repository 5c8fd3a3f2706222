"""What becomes of a delivery: done, again later, or a dead letter (architecture section "When something fails").

A handler that returns has done its work and the message is acknowledged. A handler that raises

* `Later` puts a copy of the message into a delay tier; it costs an attempt only if it says so;
* `Poison`, or anything unforeseen, makes it a dead letter that says why;
* a passing failure (the database is away) is tried again through the tiers, each time charged.

A copy is published and confirmed before the original is acknowledged, so a crash in between doubles a message and
never loses one; handlers are safe to repeat.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import structlog
from fast_depends.exceptions import ValidationError as DependsValidationError
from faststream import BaseMiddleware
from faststream.exceptions import NackMessage
from faststream.rabbit import RabbitMessage
from pydantic import ValidationError

from halosync.domain.retry import delay_tier
from halosync.messaging.publisher import NotPublishedError, Publisher
from halosync.messaging.topology import DEAD
from halosync.observability.metrics import DELIVERIES

log = structlog.get_logger(__name__)

PASSING: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was ended in the middle of a statement
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.CannotConnectNowError,
    asyncpg.ReadOnlySQLTransactionError,
    TimeoutError,
    OSError,
)
"""Failures of our own parts that go away by themselves."""

RETURN_PAUSE_S = 15.0
"""How long a message is kept back before it returns to its queue: the broker counts returns (`DELIVERY_LIMIT`), and an
outage of publishing, such as an alarm that lasts a quarter of an hour, must not use them up."""


class Later(Exception):
    """Deliver this message again in about `wait_s` seconds; `charged` counts it as an attempt."""

    def __init__(self, wait_s: float, *, charged: bool = False) -> None:
        super().__init__(f"again in {wait_s:.1f} s")
        self.wait_s = wait_s
        self.charged = charged


class Poison(Exception):
    """Nobody can process this message; `reason` names what is wrong with it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Deliveries:
    """Decides what becomes of the deliveries of one process."""

    publisher: Publisher
    delays_s: Sequence[float]
    tiers_s: Sequence[float]
    max_attempts: int

    def middleware(self, message: Any, /, *, context: Any) -> "_DeliveryMiddleware":
        """Return the middleware of one delivery, as FastStream asks for it."""
        return _DeliveryMiddleware(message, context=context, deliveries=self)

    async def again(self, message: RabbitMessage, queue: str, wait_s: float, *, charged: bool, why: str = "") -> None:
        """Put a copy into the delay tier that fits, or a dead letter after too many attempts, saying `why`."""
        attempt = _attempts(message) + (1 if charged else 0)
        if attempt >= self.max_attempts:
            await self.dead_letter(message, queue, f"given up after {attempt} attempts" + (f": {why}" if why else ""))
            return
        await self.publisher.publish_later(
            message.body,
            delay_s=delay_tier(wait_s, self.tiers_s),
            queue=queue,
            message_type=message.raw_message.type or "",
            headers={"attempt": attempt},
        )
        DELIVERIES.labels(queue, "later").inc()

    async def dead_letter(self, message: RabbitMessage, queue: str, reason: str) -> None:
        """Publish the message as a dead letter with its reason."""
        headers = {"halosync-queue": queue, "halosync-reason": reason[:2000]}
        await self.publisher.publish(
            message.body, exchange=DEAD, routing_key=queue, message_type=message.raw_message.type or "", headers=headers
        )
        DELIVERIES.labels(queue, "dead").inc()
        log.warning("dead letter", queue=queue, reason=reason)

    def passing_delay(self, message: RabbitMessage) -> float:
        """Return how long to wait after a passing failure, by the attempts the message has had."""
        attempt = _attempts(message)
        return self.delays_s[min(attempt, len(self.delays_s) - 1)]


def _attempts(message: RabbitMessage) -> int:
    """Return how many attempts a message has had; a header of somebody else's making says nothing."""
    value = message.headers.get("attempt")
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


class _DeliveryMiddleware(BaseMiddleware):
    def __init__(self, message: Any, /, *, context: Any, deliveries: Deliveries) -> None:
        super().__init__(message, context=context)
        self.deliveries = deliveries

    async def consume_scope(self, call_next: Callable[[Any], Awaitable[Any]], msg: Any) -> Any:
        queue: str = self.context.get_local("handler_").queue.name
        try:
            result = await call_next(msg)
        except Exception as error:  # noqa: BLE001 - every failure of a handler is decided on here, and nowhere else
            try:
                await self._after(error, msg, queue)
            except NotPublishedError as unpublished:
                # Neither a copy nor a dead letter could be made: the broker keeps the original and delivers it again.
                log.warning("delivery goes back to its queue", queue=queue, error=str(unpublished))
                await asyncio.sleep(RETURN_PAUSE_S)
                raise NackMessage from unpublished
            return None
        DELIVERIES.labels(queue, "done").inc()
        return result

    async def _after(self, error: Exception, msg: RabbitMessage, queue: str) -> None:
        ours = self.deliveries
        match error:
            case Later():
                await ours.again(msg, queue, error.wait_s, charged=error.charged)
            case Poison():
                await ours.dead_letter(msg, queue, error.reason)
            case ValidationError() | DependsValidationError():
                await ours.dead_letter(msg, queue, describe(error))
            case json.JSONDecodeError() | UnicodeDecodeError():
                await ours.dead_letter(msg, queue, f"not JSON: {error}")
            case NotPublishedError():
                raise error
            case _ if isinstance(error, PASSING):
                why = f"{type(error).__name__}: {error}"
                log.warning("passing failure", queue=queue, error=why)
                await ours.again(msg, queue, ours.passing_delay(msg), charged=True, why=why)
            case _:
                log.error("unforeseen failure", queue=queue, exc_info=error)
                await ours.dead_letter(msg, queue, f"{type(error).__name__}: {error}")


def describe(error: Exception) -> str:
    """Say in one line which fields are wrong and why, without the values (they could be secrets)."""
    if isinstance(error, DependsValidationError):
        error = error.original_error
    if not isinstance(error, ValidationError):
        return type(error).__name__
    problems = [(problem["loc"], problem["msg"]) for problem in error.errors(include_input=False)]
    return "; ".join(f"{'.'.join(map(str, where)) or 'message'}: {what}" for where, what in problems)
