"""Request and reply over RabbitMQ: an exclusive reply queue of this process and correlation ids, many at once.

The library's own `broker.request` holds a lock for the whole call (messaging-facts section 1.1), so it is not used.
Replies carry tokens: their queue is exclusive, transient and dies with the connection; their messages do not persist.
"""

import asyncio
from dataclasses import dataclass
from uuid import uuid4

import structlog
from faststream.rabbit import RabbitBroker, RabbitExchange, RabbitMessage, RabbitQueue

from halosync.contracts.message import Message
from halosync.contracts.registry import MESSAGES
from halosync.domain.accounts import Account
from halosync.messaging.publisher import NotPublishedError, Publisher
from halosync.messaging.rights import own_queue
from halosync.messaging.topology import QUEUES, REPLIES, WORK
from halosync.ports.requests import NoReplyError

log = structlog.get_logger(__name__)

REQUEST_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class _Asked:
    """A request that waits for its reply, and the user who may give it."""

    reply: asyncio.Future[Message]
    answerer: str


class Requests:
    """Sends requests and hands each reply to the one who asked."""

    def __init__(self, broker: RabbitBroker, publisher: Publisher) -> None:
        self._publisher = publisher
        self._waiting: dict[str, _Asked] = {}
        name = own_queue(publisher.signed_in.account)
        self._queue = RabbitQueue(name, durable=False, exclusive=True, auto_delete=True, routing_key=name)
        exchange = RabbitExchange(REPLIES.name, type=REPLIES.type, durable=True, declare=False)
        broker.subscriber(self._queue, exchange, no_reply=True, include_in_schema=False, decoder=raw_body)(
            self._on_reply
        )

    async def _on_reply(self, body: bytes, message: RabbitMessage) -> None:
        asked = self._waiting.get(message.correlation_id)
        if asked is None or asked.reply.done():  # a reply after the time-out belongs to nobody
            return
        if message.raw_message.user_id != asked.answerer:
            log.warning("a reply of somebody else is not believed", user=message.raw_message.user_id)
            return
        future = asked.reply
        try:
            future.set_result(MESSAGES[message.raw_message.type or ""].model_validate_json(body))
        except (KeyError, ValueError) as error:
            # Never raised from here: a dead letter persists, and a reply may hold a token.
            future.set_exception(NoReplyError(f"the answer could not be understood: {type(error).__name__}"))

    def _answerer(self, request: Message) -> str:
        worker = next(queue.worker for queue in QUEUES if queue.routing_key == request.message_type)
        return self._publisher.signed_in.user_of(Account(worker))

    async def ask(self, request: Message, timeout_s: float = REQUEST_TIMEOUT_S) -> Message:
        """Send `request` and return its reply.

        Raises:
            NoReplyError: no reply within `timeout_s`, none that can be understood, or the request could not be
                published.
        """
        correlation_id = str(uuid4())
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[correlation_id] = _Asked(future, self._answerer(request))
        try:
            await self._publisher.publish(
                request.model_dump_json().encode(),
                exchange=WORK,
                routing_key=request.message_type,
                message_type=request.message_type,
                persist=False,
                reply_to=self._queue.name,
                correlation_id=correlation_id,
                vouched=True,
            )
            return await asyncio.wait_for(future, timeout_s)
        except (TimeoutError, NotPublishedError) as error:
            raise NoReplyError(f"no answer to {request.message_type}: {str(error) or 'timed out'}") from error
        finally:
            self._waiting.pop(correlation_id, None)


async def raw_body(message: RabbitMessage) -> bytes:
    """Decode nothing: the handler parses the body itself."""
    return message.body


async def send_reply(publisher: Publisher, request: RabbitMessage, answer: Message) -> None:
    """Publish the answer to a request, bounded in time like everything that is published, and not persistent.

    Not as the library replies: that has no bound, and on the connection that acknowledges; a broker that takes nothing
    would hold up both. An asker that is gone, or that nothing reaches, has its own way to ask again.
    """
    if not request.reply_to:
        return
    try:
        await publisher.publish(
            answer.model_dump_json().encode(),
            exchange=REPLIES,
            routing_key=request.reply_to,
            message_type=answer.message_type,
            persist=False,
            correlation_id=request.correlation_id,
            vouched=True,
        )
    except NotPublishedError as error:
        log.warning("an answer did not reach its asker", error=str(error))
