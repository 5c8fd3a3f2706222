"""One question that is asked before its answer is needed."""

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class OneAhead(Generic[Question, Answer]):
    """Asks one question ahead of its time, and never a second one beside it.

    A context: what nobody has taken by its end is given up. A failure is raised where the answer is taken.
    """

    def __init__(self) -> None:
        self._question: Question | None = None
        self._answer: asyncio.Task[Answer] | None = None

    @property
    def asked(self) -> bool:
        """Whether a question was asked whose answer nobody has taken."""
        return self._answer is not None

    def ask(self, question: Question, work: Callable[[], Coroutine[None, None, Answer]]) -> None:
        """Begin `work`, which answers the question; the last one was taken before."""
        self._question, self._answer = question, asyncio.create_task(work())

    async def take(self, question: Question, work: Callable[[], Coroutine[None, None, Answer]]) -> Answer:
        """Return the answer to this question: of what was begun, or else of `work`; a question in vain is given up."""
        if self._answer is None or self._question != question:
            await self.drop()
            return await work()
        answer, self._answer = self._answer, None
        return await answer

    async def drop(self) -> None:
        """Give up what was asked, and return when it has ended."""
        if (answer := self._answer) is not None:
            self._answer = None
            answer.cancel()
            await asyncio.gather(answer, return_exceptions=True)

    async def __aenter__(self) -> "OneAhead[Question, Answer]":
        """Begin with nothing asked."""
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Give up what nobody has taken."""
        await self.drop()
