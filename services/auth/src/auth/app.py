"""The handlers of auth: each translates a request into a use case and its result into a reply."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from faststream.rabbit import RabbitBroker
from halosync.contracts.connection import (
    BeginConnection,
    CompleteConnection,
    EndConnection,
    TokenGranted,
    TokenRequest,
)
from halosync.contracts.message import Message
from halosync.contracts.webhook import SignWebhook, WebhookSigned
from halosync.messaging.publisher import Publisher
from halosync.messaging.replies import answer_requests
from halosync.messaging.topology import (
    CONNECTION_BEGIN,
    CONNECTION_COMPLETE,
    CONNECTION_END,
    TOKEN_REQUEST,
    WEBHOOK_SIGN,
    Queue,
)
from halosync.messaging.webhook_secrets import sign
from halosync.ports.sealing import PrivateKeys

from auth.assembly import Auth

M = TypeVar("M", bound=Message)

LOG_INS_AT_ONCE = 10
TOKENS_AT_ONCE = 200
"""Askers of a token mostly wait for one and the same refresh, which costs nothing."""
SIGNATURES_AT_ONCE = 50


def build(broker: RabbitBroker, publisher: Publisher, auth: Auth, keys: PrivateKeys | None) -> None:
    """Register a handler on each of auth's queues of `broker`; the answers go out by `publisher`, both sealed."""

    async def grant(request: TokenRequest) -> TokenGranted:
        return await auth.tokens.get(request.partner_id, request.rejected_generation)

    def answer(queue: Queue, model: type[M], act: Callable[[M], Awaitable[Message]], at_once: int) -> None:
        answer_requests(broker, publisher, queue, model, act, at_once=at_once, keys=keys)

    answer(CONNECTION_BEGIN, BeginConnection, auth.service.begin, LOG_INS_AT_ONCE)
    answer(CONNECTION_COMPLETE, CompleteConnection, auth.service.complete, LOG_INS_AT_ONCE)
    answer(CONNECTION_END, EndConnection, auth.service.end, LOG_INS_AT_ONCE)
    answer(TOKEN_REQUEST, TokenRequest, grant, TOKENS_AT_ONCE)
    if keys is not None:

        async def signed(request: SignWebhook) -> WebhookSigned:
            return await sign(request, keys)

        answer(WEBHOOK_SIGN, SignWebhook, signed, SIGNATURES_AT_ONCE)
