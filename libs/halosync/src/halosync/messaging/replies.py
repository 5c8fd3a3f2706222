"""Answering requests: every one of those who may ask gets a reply, whatever happens, and none is ever kept.

A request is never tried again through a delay tier, nor kept as a dead letter. Its asker waits for seconds only and
asks again in its own way. Its body may hold an OAuth code, which must not reach a queue that persists (spec section
5.6).
"""

import traceback
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog
from faststream.rabbit import Channel, RabbitBroker
from faststream.rabbit.message import RabbitMessage
from pydantic import ValidationError

from halosync.contracts.message import Message
from halosync.messaging.endings import Poison, describe
from halosync.messaging.envelopes import open_request
from halosync.messaging.publisher import Publisher
from halosync.messaging.requests import send_reply, whole_message
from halosync.messaging.topology import Queue
from halosync.ports.requests import AWAY, UNANSWERABLE, Refusal
from halosync.ports.sealing import PrivateKeys, UnsealableError
from halosync.postgres_failures import PASSING

log = structlog.get_logger(__name__)

_UNOPENED: tuple[type[Exception], ...] = (UnsealableError, *PASSING)

M = TypeVar("M", bound=Message)


def answer_requests(
    broker: RabbitBroker,
    publisher: Publisher,
    queue: Queue,
    model: type[M],
    act: Callable[[M], Awaitable[Message]],
    *,
    at_once: int,
    keys: PrivateKeys | None = None,
) -> None:
    """Register a handler on `queue` that answers with what `act` returns, to `at_once` requests at a time.

    A request that the broker does not vouch for as sent by one of the queue's senders is a dead letter: somebody took a
    right that it does not have, and an operator should know.

    With `keys` requests come sealed for one of them, and the answers are sealed for whoever asked.
    """
    senders = {publisher.signed_in.user_of(account) for account in queue.senders}

    async def handle(delivered: Any) -> None:
        request: RabbitMessage = delivered
        sender = request.raw_message.user_id
        if sender not in senders:
            raise Poison(
                f"{model.message_type} was sent by {sender or 'somebody whom RabbitMQ does not vouch for'}; only "
                f"{' and '.join(sorted(senders))} may send it"
            )
        if keys is None:
            await send_reply(publisher, request, await answer(model, act, request.body))
            return
        try:
            opened = await open_request(request.body, request.headers, keys, model.message_type, request.correlation_id)
        except _UNOPENED as error:
            log.warning("a request cannot be opened", message_type=model.message_type, error=str(error))
            await send_reply(publisher, request, AWAY, sealed=True)
        else:
            await send_reply(publisher, request, await answer(model, act, opened), sealed=True)

    channel = Channel(prefetch_count=at_once)
    broker.subscriber(queue.declaration(), channel=channel, no_reply=True, decoder=whole_message)(handle)


async def answer(model: type[M], act: Callable[[M], Awaitable[Message]], body: bytes) -> Message:
    """Return what `act` answers to the request in `body`, or a refusal; never raise."""
    try:
        request = model.model_validate_json(body)
    except ValidationError as error:
        log.warning("malformed request", message_type=model.message_type, problem=describe(error))
        return UNANSWERABLE
    try:
        return await act(request)
    except Refusal as refused:
        return refused.answer
    except PASSING as error:
        log.warning("a part of our own is away", message_type=model.message_type, error=type(error).__name__)
        return AWAY
    except Exception as error:  # noqa: BLE001 - the asker gets an answer, the operator gets the place
        # Not the error's text, and no local variables: they could hold a secret.
        place = "".join(traceback.format_tb(error.__traceback__))
        log.error("unforeseen failure", message_type=model.message_type, error=type(error).__name__, place=place)  # noqa: TRY400 - see above
    return UNANSWERABLE
