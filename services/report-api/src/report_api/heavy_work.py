"""Work that takes seconds of the processor: done in a process of its own, one piece at a time (spec section 15).

A thread would hold the interpreter's lock while others wait for their pages, and as many threads as there are requests
would hold the machine. Of each partner one piece stands in line, so whoever asks for many lets others wait for one.
"""

import asyncio
import os
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple
from weakref import WeakValueDictionary

from anyio import BrokenWorkerProcess, to_process

T = TypeVar("T")
Given = TypeVarTuple("Given")

LONGEST_S = 120.0
"""What takes longer is ended: the process is killed, and the answer is that of a time-out."""

_BEHIND_OTHERS = 10
"""How much the process stands back for those that answer people (`nice`)."""


class HeavyWork:
    """The line in which heavy work stands."""

    def __init__(self) -> None:
        self._place = asyncio.Lock()
        self._owners: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def done(self, whose: str, work: Callable[[*Given], T], *given: *Given) -> T:
        """Return what `work` returns, a function of a module, called elsewhere. Killed if who waits is cancelled.

        Raises:
            TimeoutError: it took more than `LONGEST_S`.
            BrokenWorkerProcess: its process ended twice before the work was done.
        """
        owner = self._owners.setdefault(whose, asyncio.Lock())
        async with owner, self._place, asyncio.timeout(LONGEST_S):
            try:
                return await to_process.run_sync(_behind_others, work, *given, cancellable=True)
            except BrokenWorkerProcess:  # it may have ended while it had nothing to do, and nobody knew yet
                return await to_process.run_sync(_behind_others, work, *given, cancellable=True)


def _behind_others(work: Callable[[*Given], T], *given: *Given) -> T:
    os.setpriority(os.PRIO_PROCESS, 0, _BEHIND_OTHERS)
    return work(*given)
