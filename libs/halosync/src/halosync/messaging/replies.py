"""Answering requests: every one gets a reply, whatever happens, and none is ever kept.

A request is never tried again through a delay tier nor kept as a dead letter: its asker waits for seconds only and has
its own way to ask again, and its body may hold an OAuth code, which must not reach a queue that persists (spec section
5.6).
"""

import traceback
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from faststream.rabbit import Channel, RabbitBroker
from faststream.rabbit.annotations import RabbitMessage
from pydantic import ValidationError

from halosync.contracts.message import Message
from halosync.messaging.delivery import PASSING, describe
from halosync.messaging.publisher import Publisher
from halosync.messaging.requests import raw_body, send_reply
from halosync.messaging.topology import Queue
from halosync.ports.requests import UNANSWERABLE, Refusal

log = structlog.get_logger(__name__)

M = TypeVar("M", bound=Message)


def answer_requests(
    broker: RabbitBroker,
    publisher: Publisher,
    queue: Queue,
    model: type[M],
    act: Callable[[M], Awaitable[Message]],
    *,
    at_once: int,
) -> None:
    """Register a handler on `queue` that answers with what `act` returns, to `at_once` requests at a time."""

    async def handle(body: bytes, request: RabbitMessage) -> None:
        await send_reply(publisher, request, await answer(model, act, body))

    channel = Channel(prefetch_count=at_once)
    broker.subscriber(queue.declaration(), channel=channel, no_reply=True, decoder=raw_body)(handle)


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
        log.warning("passing failure", message_type=model.message_type, error=type(error).__name__)
    except Exception as error:  # noqa: BLE001 - the asker gets an answer, the operator gets the place
        # Not the error's text, and no local variables: they could hold a secret.
        place = "".join(traceback.format_tb(error.__traceback__))
        log.error("unforeseen failure", message_type=model.message_type, error=type(error).__name__, place=place)  # noqa: TRY400 - see above
    return UNANSWERABLE
