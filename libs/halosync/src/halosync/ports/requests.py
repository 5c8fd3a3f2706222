"""Requests between services: asking, a refusal as an answer, and no answer at all."""

from typing import Protocol

from halosync.contracts.connection import RequestRefused
from halosync.contracts.message import Message

UNANSWERABLE = RequestRefused(
    code="halo_unavailable",
    detail="Halo could not be reached or did not answer as expected. Please try again in a few minutes.",
)
"""The answer to a request that met a passing failure, in Halo or on our side: trying again helps."""


class Refusal(Exception):
    """A request that is not fulfilled; `answer` says why."""

    def __init__(self, answer: RequestRefused) -> None:
        super().__init__(answer.code)
        self.answer = answer


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
