"""Requests between services: asking, a refusal as an answer, and no answer at all."""

from datetime import datetime
from typing import Protocol

from halosync.contracts.connection import RefusalCode, RequestRefused
from halosync.contracts.message import Message
from halosync.domain.connection_sentences import HALO_UNAVAILABLE, PART_AWAY, REFUSALS

UNANSWERABLE = RequestRefused(code="halo_unavailable", detail=HALO_UNAVAILABLE)
"""The answer to a request that is not understood, or met a fault of ours."""

AWAY = RequestRefused(code="part_away", detail=PART_AWAY)
"""The answer to a request that met an outage of our own: trying again helps, however long it lasts."""


class Refusal(Exception):
    """A request that is not fulfilled; `answer` says why."""

    def __init__(self, answer: RequestRefused) -> None:
        super().__init__(answer.code)
        self.answer = answer


def refusal(
    code: RefusalCode, partner_id: str | None, detail: str | None = None, *, retry_at: datetime | None = None
) -> Refusal:
    """Return the refusal of a request; without `detail` with the sentence of its code."""
    sentence = REFUSALS[code] if detail is None else detail
    return Refusal(RequestRefused(code=code, detail=sentence, partner_id=partner_id, retry_at=retry_at))


class NoReplyError(Exception):
    """Nobody answered a request in time; it is unknown whether it was carried out."""


class Asker(Protocol):
    """The way to the services that answer requests; see `Requests` of `halosync.messaging`."""

    async def ask(self, request: Message) -> Message:
        """Send a request and return its reply, which may be a `RequestRefused`.

        Raises:
            NoReplyError: no reply in time, or none that can be understood.
        """
        ...
