"""Requests that end and are recorded although their handler does not live to see it (the shield).

When the broker's connection drops, or a drain takes too long, handlers are cancelled. A request that is cut off there
would leave a write nobody knows the outcome of. So a request, the record of its answer and the decision on what follows
are one piece of work with a task of its own.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeVar

T = TypeVar("T")

FINISH_S = 5.0
"""How long a stopping writer waits for its requests in flight; the rest is looked up by another (spec section 5.8)."""


class InFlight:
    """The pieces of work under way, one for each batch."""

    def __init__(self) -> None:
        self._tasks: dict[int, asyncio.Task[object]] = {}

    async def join(self, batch_id: int) -> None:
        """Wait for what is under way for a batch: it was delivered again while its first handler's work goes on."""
        task = self._tasks.get(batch_id)
        if task is not None:
            await asyncio.wait([task])

    async def shield(self, batch_id: int, work: Callable[[], Coroutine[None, None, T]]) -> T:
        """Do `work` to its end even when the caller is cancelled; return what it returns."""
        task = asyncio.create_task(work())
        self._tasks[batch_id] = task
        task.add_done_callback(lambda done: self._forget(batch_id, done))
        return await asyncio.shield(task)

    async def finish(self) -> None:
        """Wait for all of them to end, for at most `FINISH_S` seconds."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=FINISH_S)

    def _forget(self, batch_id: int, done: asyncio.Task[object]) -> None:
        if self._tasks.get(batch_id) is done:
            del self._tasks[batch_id]
        if not done.cancelled():
            done.exception()  # taken note of: the handler that would have seen it may have been cancelled
