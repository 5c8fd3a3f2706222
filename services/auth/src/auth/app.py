"""The handlers of auth: each translates a request into a use case and its result into a reply.

A request is answered whatever happens, and never tried again through a delay tier or kept as a dead letter: its asker
waits for seconds only and has its own way to ask again, and its body may hold an OAuth code, which must not reach a
queue that persists (spec section 5.6).
"""

import traceback
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from faststream.rabbit import Channel, RabbitBroker
from faststream.rabbit.annotations import RabbitMessage
from halosync.contracts.connection import (
    BeginConnection,
    CompleteConnection,
    EndConnection,
    TokenGranted,
    TokenRequest,
)
from halosync.contracts.message import Message
from halosync.messaging.delivery import PASSING, describe
from halosync.messaging.publisher import Publisher
from halosync.messaging.requests import raw_body, send_reply
from halosync.messaging.topology import (
    CONNECTION_BEGIN,
    CONNECTION_COMPLETE,
    CONNECTION_END,
    TOKEN_REQUEST,
    Queue,
)
from pydantic import ValidationError

from auth import refusals
from auth.refusals import Refused
from auth.service import ConnectionService
from auth.tokens import AccessTokens

log = structlog.get_logger(__name__)

M = TypeVar("M", bound=Message)

JOURNEYS_AT_ONCE = 10
TOKENS_AT_ONCE = 200
"""Askers of a token mostly wait for one and the same refresh, which costs nothing."""


def build(broker: RabbitBroker, publisher: Publisher, *, service: ConnectionService, tokens: AccessTokens) -> None:
    """Register a handler on each of auth's queues of `broker`; the answers go out by `publisher`."""

    async def grant(request: TokenRequest) -> TokenGranted:
        return await tokens.get(request.partner_id, request.rejected_generation)

    def register(queue: Queue, model: type[M], act: Callable[[M], Awaitable[Message]], prefetch: int) -> None:
        async def handle(body: bytes, request: RabbitMessage) -> None:
            await send_reply(publisher, request, await answer(model, act, body))

        channel = Channel(prefetch_count=prefetch)
        broker.subscriber(queue.declaration(), channel=channel, no_reply=True, decoder=raw_body)(handle)

    register(CONNECTION_BEGIN, BeginConnection, service.begin, JOURNEYS_AT_ONCE)
    register(CONNECTION_COMPLETE, CompleteConnection, service.complete, JOURNEYS_AT_ONCE)
    register(CONNECTION_END, EndConnection, service.end, JOURNEYS_AT_ONCE)
    register(TOKEN_REQUEST, TokenRequest, grant, TOKENS_AT_ONCE)


async def answer(model: type[M], act: Callable[[M], Awaitable[Message]], body: bytes) -> Message:
    """Return what `act` answers to the request in `body`, or a refusal; never raise."""
    unanswerable = refusals.halo_unavailable(None).answer
    try:
        request = model.model_validate_json(body)
    except ValidationError as error:
        log.warning("malformed request", message_type=model.message_type, problem=describe(error))
        return unanswerable
    try:
        return await act(request)
    except Refused as refused:
        return refused.answer
    except PASSING as error:
        log.warning("passing failure", message_type=model.message_type, error=type(error).__name__)
    except Exception as error:  # noqa: BLE001 - the asker gets an answer, the operator gets the place
        # Not the error's text, and no local variables: they could hold a secret.
        place = "".join(traceback.format_tb(error.__traceback__))
        log.error("unforeseen failure", message_type=model.message_type, error=type(error).__name__, place=place)  # noqa: TRY400
    return unanswerable
