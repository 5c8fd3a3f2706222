"""Request and reply over RabbitMQ: an exclusive reply queue of this process and correlation ids, many at once.

The library's own `broker.request` holds a lock for the whole call (messaging-facts section 1.1), so it is not used.
Replies carry tokens: those of auth are sealed, and so are the requests to it. The queue of replies is exclusive,
transient and dies with the connection; their messages do not persist.
"""

import asyncio
import math
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import structlog
from faststream.rabbit import RabbitBroker, RabbitExchange, RabbitQueue
from faststream.rabbit.message import RabbitMessage

from halosync.contracts.message import Message
from halosync.contracts.registry import MESSAGES
from halosync.domain.accounts import Account
from halosync.messaging.connection import plain_channel
from halosync.messaging.envelopes import SealedRequest, seal_reply, seal_request
from halosync.messaging.publisher import NotPublishedError, Publisher
from halosync.messaging.rights import own_queue
from halosync.messaging.topology import QUEUES, REPLIES, WORK
from halosync.ports.requests import NoReplyError
from halosync.ports.sealing import PublicKeys, UnsealableError
from halosync.postgres_failures import PASSING

log = structlog.get_logger(__name__)

REQUEST_TIMEOUT_S = 20.0

BOUND_S = 5.0
"""How long it is believed that replies reach us."""


@dataclass(frozen=True)
class _Asked:
    """A request that waits for its reply, the user who may give it, and what opens it if it is sealed."""

    reply: asyncio.Future[Message]
    answerer: str
    sealed: SealedRequest | None


class Requests:
    """Sends requests and hands each reply to the one who asked."""

    def __init__(self, broker: RabbitBroker, publisher: Publisher, keys: PublicKeys | None = None) -> None:
        """Make ready to ask by `broker`; requests to auth are sealed for the newest of `keys`.

        Without keys nothing is sealed: for tests of the way there and back alone.
        """
        self._broker = broker
        self._bound_until = -math.inf
        self._publisher = publisher
        self._keys = keys
        self._waiting: dict[str, _Asked] = {}
        name = own_queue(publisher.signed_in.account)
        self._queue = RabbitQueue(name, durable=False, exclusive=True, auto_delete=True, routing_key=name)
        exchange = RabbitExchange(REPLIES.name, type=REPLIES.type, durable=True, declare=False)
        broker.subscriber(self._queue, exchange, no_reply=True, include_in_schema=False, decoder=whole_message)(
            self._on_reply
        )

    async def _on_reply(self, delivered: Any) -> None:
        message: RabbitMessage = delivered
        asked = self._waiting.get(message.correlation_id)
        if asked is None or asked.reply.done():  # a reply after the time-out belongs to nobody
            return
        if message.raw_message.user_id != asked.answerer:
            log.warning("a reply of somebody else is not believed", user=message.raw_message.user_id)
            return
        future = asked.reply
        try:
            kind = message.raw_message.type or ""
            opened = message.body
            if asked.sealed is not None:
                opened = asked.sealed.open_reply(opened, kind, message.correlation_id)
            future.set_result(MESSAGES[kind].model_validate_json(opened))
        except (KeyError, ValueError, UnsealableError) as error:
            # Never raised from here: a dead letter persists, and a reply may hold a token.
            future.set_exception(NoReplyError(f"the answer could not be understood: {type(error).__name__}"))

    async def check(self) -> None:
        """Return if replies reach this process; for `/readyz`, and so often that a binding that is lost is soon back.

        An exchange that is deleted takes its bindings along, and nobody else can bind the queue, which is ours alone.
        That it is bound is believed for `BOUND_S`.

        Raises:
            ConnectionError: the connection is down.
            AMQPError: exchange or queue are not there.
        """
        clock = asyncio.get_running_loop().time
        if clock() < self._bound_until:
            return
        channel = await plain_channel(self._broker)
        try:
            await channel.queue_bind(queue=self._queue.name, exchange=REPLIES.name, routing_key=self._queue.name)
        finally:
            if not channel.is_closed:
                await channel.close()
        self._bound_until = clock() + BOUND_S

    async def _sealed(self, request: Message, worker: Account, correlation_id: str) -> SealedRequest | None:
        if worker is not Account.AUTH or self._keys is None:
            return None
        try:
            key = await self._keys.newest()
        except PASSING as error:
            raise NoReplyError(f"no answer to {request.message_type}: {type(error).__name__}") from error
        if key is None:
            raise NoReplyError(f"no answer to {request.message_type}: auth has not published its key yet")
        return seal_request(request.model_dump_json().encode(), key, request.message_type, correlation_id)

    async def ask(self, request: Message, timeout_s: float = REQUEST_TIMEOUT_S) -> Message:
        """Send `request` and return its reply.

        Raises:
            NoReplyError: no reply within `timeout_s`, none that can be understood, or the request could not be
                published or sealed.
        """
        worker = Account(next(queue.worker for queue in QUEUES if queue.routing_key == request.message_type))
        correlation_id = str(uuid4())
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        sealed = await self._sealed(request, worker, correlation_id)
        self._waiting[correlation_id] = _Asked(future, self._publisher.signed_in.user_of(worker), sealed)
        try:
            await self._publisher.publish(
                request.model_dump_json().encode() if sealed is None else sealed.body,
                exchange=WORK,
                routing_key=request.message_type,
                message_type=request.message_type,
                persist=False,
                reply_to=self._queue.name,
                correlation_id=correlation_id,
                vouched=True,
                headers=None if sealed is None else sealed.headers,
            )
            return await asyncio.wait_for(future, timeout_s)
        except (TimeoutError, NotPublishedError) as error:
            raise NoReplyError(f"no answer to {request.message_type}: {str(error) or 'timed out'}") from error
        finally:
            self._waiting.pop(correlation_id, None)


async def raw_body(message: RabbitMessage) -> bytes:
    """Decode nothing: the handler parses the body itself."""
    return message.body


async def whole_message(message: RabbitMessage) -> RabbitMessage:
    """Decode nothing, for a handler of one argument that looks at more than the body.

    The library gives a handler the message beside the body too, but by way of a thread each time. It knows its own
    class only there, so such a handler takes `Any`.
    """
    return message


async def send_reply(publisher: Publisher, request: RabbitMessage, answer: Message, *, sealed: bool = False) -> None:
    """Publish the answer to a request, bounded in time like everything that is published, and not persistent.

    Not as the library replies: that has no bound, and on the connection that acknowledges; a broker that takes nothing
    would hold up both. An asker that is gone, or that nothing reaches, has its own way to ask again.
    """
    if not request.reply_to:
        return
    body = answer.model_dump_json().encode()
    try:
        if sealed:
            body = seal_reply(body, request.headers, answer.message_type, request.correlation_id)
        await publisher.publish(
            body,
            exchange=REPLIES,
            routing_key=request.reply_to,
            message_type=answer.message_type,
            persist=False,
            correlation_id=request.correlation_id,
            vouched=True,
        )
    except (NotPublishedError, UnsealableError) as error:
        log.warning("an answer did not reach its asker", error=str(error))
