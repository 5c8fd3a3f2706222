"""The handlers of auth: each translates a request into a use case and its result into a reply."""

from faststream.rabbit import RabbitBroker
from halosync.contracts.connection import (
    BeginConnection,
    CompleteConnection,
    EndConnection,
    TokenGranted,
    TokenRequest,
)
from halosync.messaging.publisher import Publisher
from halosync.messaging.replies import answer_requests
from halosync.messaging.topology import (
    CONNECTION_BEGIN,
    CONNECTION_COMPLETE,
    CONNECTION_END,
    TOKEN_REQUEST,
)

from auth.assembly import Auth

LOG_INS_AT_ONCE = 10
TOKENS_AT_ONCE = 200
"""Askers of a token mostly wait for one and the same refresh, which costs nothing."""


def build(broker: RabbitBroker, publisher: Publisher, auth: Auth) -> None:
    """Register a handler on each of auth's queues of `broker`; the answers go out by `publisher`."""

    async def grant(request: TokenRequest) -> TokenGranted:
        return await auth.tokens.get(request.partner_id, request.rejected_generation)

    log_ins = LOG_INS_AT_ONCE
    answer_requests(broker, publisher, CONNECTION_BEGIN, BeginConnection, auth.service.begin, at_once=log_ins)
    answer_requests(broker, publisher, CONNECTION_COMPLETE, CompleteConnection, auth.service.complete, at_once=log_ins)
    answer_requests(broker, publisher, CONNECTION_END, EndConnection, auth.service.end, at_once=log_ins)
    answer_requests(broker, publisher, TOKEN_REQUEST, TokenRequest, grant, at_once=TOKENS_AT_ONCE)
