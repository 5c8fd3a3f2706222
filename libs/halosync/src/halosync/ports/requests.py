"""Requests between services: a refusal as an answer, and no answer at all."""

from halosync.contracts.connection import RequestRefused

UNANSWERABLE = RequestRefused(
    code="halo_unavailable",
    detail="Halo could not be reached or did not answer as expected. Please try again in a few minutes.",
)
"""The answer to a request that met a passing failure, in Halo or on our side: trying again helps."""


class Refusal(Exception):  # noqa: N818 - named for what happened; it carries the answer
    """A request that is not fulfilled; `answer` says why."""

    def __init__(self, answer: RequestRefused) -> None:
        super().__init__(answer.code)
        self.answer = answer


class NoReplyError(Exception):
    """Nobody answered a request in time; it is unknown whether it was carried out."""
