"""Carrying out what becomes of a message (architecture section "When something fails").

How its handler ended is `halosync.messaging.endings`; the decision is `halosync.domain.delivery.next_delivery`.

A copy is published and confirmed before the original is acknowledged, so a crash in between doubles a message and
never loses one; handlers are safe to repeat.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import structlog
from faststream import BaseMiddleware
from faststream.exceptions import NackMessage
from faststream.rabbit import RabbitMessage

from halosync.domain.delivery import (
    DeliveryRules,
    Ending,
    Finished,
    MakeDeadLetter,
    NextDelivery,
    Outage,
    PassingFailure,
    PublishAgain,
    Redeliver,
    Unprocessable,
    Unpublishable,
    next_delivery,
)
from halosync.messaging.endings import EXPECTED, ending_of
from halosync.messaging.faststream_private import queue_of_delivery
from halosync.messaging.publisher import NotPublishedError, Publisher
from halosync.messaging.topology import DEAD, DEAD_ONCE, REPLIES
from halosync.observability.metrics import DELIVERIES
from halosync.observability.tracing import passed_on, received

log = structlog.get_logger(__name__)

MAX_REASON_CHARS = 2000

MOST_COPIED_BYTES = 64 * 1024
"""A dead letter that is larger is kept once."""

MOST_READ_BYTES = 4096
"""How many bytes of a large message are searched for what it is about."""

_IDS = ("partner_id", "run_id", "batch_id", "invoice_id", "event_id", "read_id")
_MOST_ID_CHARS = 100


@dataclass(frozen=True)
class Deliveries:
    """Carries out what becomes of the deliveries of one process."""

    publisher: Publisher
    rules: DeliveryRules

    def middleware(self, message: object, /, *, context: object) -> "_DeliveryMiddleware":
        """Return the middleware of one delivery, as FastStream asks for it."""
        return _DeliveryMiddleware(message, context=context, deliveries=self)

    async def conclude(self, ending: Ending, message: RabbitMessage, queue: str) -> None:
        """Do what follows from how the handler of a message ended; while it cannot be published, again and again.

        Raises:
            NackMessage: the broker is to deliver the original again.
        """
        tries = 0
        while True:
            try:
                await self._once(ending, message, queue)
            except NotPublishedError as error:
                tries += 1
                log.warning("neither a copy nor a dead letter was published", queue=queue, error=str(error))
            else:
                return
            # A copy besides an original that the broker has taken back would go round beside it.
            if message.raw_message.channel.is_closed:
                raise NackMessage
            match self._next(Unpublishable(tries), message):
                case PublishAgain(pause_s):
                    await asyncio.sleep(pause_s)
                case _:
                    log.warning("delivery goes back to its queue", queue=queue)
                    raise NackMessage

    async def _once(self, ending: Ending, message: RabbitMessage, queue: str) -> None:
        match self._next(ending, message):
            case Redeliver() as again:
                await self._redeliver(message, queue, again)
            case MakeDeadLetter(reason):
                await self._dead_letter(message, queue, reason)
            case _:
                _count_delivery(queue, "done")

    def _next(self, ending: Ending, message: RabbitMessage) -> NextDelivery:
        return next_delivery(ending, _count(message, "attempt"), self.rules, _count(message, "outages"))

    async def _redeliver(self, message: RabbitMessage, queue: str, again: Redeliver) -> None:
        counts: dict[str, object] = {**passed_on(message.headers), "attempt": again.attempts}
        if again.outages:
            counts["outages"] = again.outages
        await self.publisher.publish_later(
            message.body,
            delay_s=again.tier_s,
            queue=queue,
            message_type=message.raw_message.type or "",
            headers=counts,
        )
        _count_delivery(queue, "later")

    async def _dead_letter(self, message: RabbitMessage, queue: str, reason: str) -> None:
        headers = {"halosync-queue": queue, "halosync-reason": reason[:MAX_REASON_CHARS]}
        # A large one goes to the collector alone: the copy for RabbitMQ's own tools would keep it twice.
        copied = len(message.body) <= MOST_COPIED_BYTES
        await self.publisher.publish(
            message.body,
            exchange=DEAD if copied else DEAD_ONCE,
            routing_key=queue,
            message_type=message.raw_message.type or "",
            headers=headers,
        )
        _count_delivery(queue, "dead")
        log.warning("dead letter", queue=queue, reason=reason)


def count_from_zero(queues: Iterable[str]) -> None:
    """Begin the counters of queues that a process consumes."""
    for queue in queues:
        for result in ("done", "later", "dead"):
            DELIVERIES.labels(_label(queue), result)


def _count_delivery(queue: str, result: str) -> None:
    DELIVERIES.labels(_label(queue), result).inc()


def _label(queue: str) -> str:
    """Return the name of a queue, for all queues of replies the same: each has an id of its own."""
    return REPLIES.name if queue.startswith(f"{REPLIES.name}.") else queue


def _count(message: RabbitMessage, header: str) -> int:
    """Return what a header counts: attempts, or outages; one of somebody else's making says nothing."""
    value = message.headers.get(header)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _ids(body: bytes) -> dict[str, str]:
    """Return what a message is about, for every line that is logged while it is worked on.

    A large one is not read for it: what its beginning says is taken.
    """
    if len(body) > MOST_COPIED_BYTES:
        begins = body[:MOST_READ_BYTES].decode(errors="replace")
        found = {name: re.search(rf'"{name}"\s*:\s*"([^"\\]+)"', begins) for name in _IDS}
        return {name: match[1][:_MOST_ID_CHARS] for name, match in found.items() if match}
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(told, dict):
        return {}
    return {name: str(told[name])[:_MOST_ID_CHARS] for name in _IDS if isinstance(told.get(name), (str, int))}


class _DeliveryMiddleware(BaseMiddleware):
    def __init__(self, message: Any, /, *, context: Any, deliveries: Deliveries) -> None:
        super().__init__(message, context=context)
        self.deliveries = deliveries

    async def consume_scope(self, call_next: Callable[[Any], Awaitable[Any]], msg: Any) -> Any:
        queue = queue_of_delivery(self.context)
        ids = _ids(msg.body)
        with structlog.contextvars.bound_contextvars(queue=queue, **ids), received(queue, msg.headers, **ids):
            return await self._consume(call_next, msg, queue)

    async def _consume(self, call_next: Callable[[Any], Awaitable[Any]], msg: Any, queue: str) -> Any:
        result: Any = None
        ending: Ending = Finished()
        try:
            result = await call_next(msg)
        except Exception as error:  # noqa: BLE001 - every failure of a handler is decided on here, and nowhere else
            ending = ending_of(error)
            _report(error, ending, queue)
        await self.deliveries.conclude(ending, msg, queue)
        return result


def _report(error: Exception, ending: Ending, queue: str) -> None:
    """Log what an operator has to know of beyond the decision."""
    if isinstance(ending, PassingFailure):
        log.warning("passing failure", queue=queue, error=ending.why)
    elif isinstance(ending, Outage):
        log.warning("a part of our own is away", queue=queue, error=f"{type(error).__name__}: {error}")
    elif isinstance(ending, Unprocessable) and not isinstance(error, EXPECTED):
        log.error("unforeseen failure", queue=queue, exc_info=error)
