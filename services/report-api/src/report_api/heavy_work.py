"""Work that takes seconds of the processor: done in a process of its own, one piece at a time (spec section 15).

A thread would hold the interpreter's lock while others wait for their pages, and as many threads as there are requests
would hold the machine. Of each partner one piece stands in line, so whoever asks for many lets others wait for one.
Each piece has a new process, which ends with it: the memory that a large one took is given back.
"""

import asyncio
import os
import resource
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import TypeVar, TypeVarTuple
from weakref import WeakValueDictionary

T = TypeVar("T")
Given = TypeVarTuple("Given")

LONGEST_S = 60.0
"""How long who asks waits, in line and for the work; then the process is killed, and the answer is a time-out's."""

MOST_BYTES = 768 * 2**20
"""The address space that the process may take; the container of the service has 1 GiB for both."""

_BEHIND_OTHERS = 10
"""How much the process stands back for those that answer people (`nice`)."""

_PROCESSES = get_context("spawn")


class WorkDiedError(Exception):
    """The process ended before its work was done. Nobody tries again: the same piece would end the next one too."""


class HeavyWork:
    """The line in which heavy work stands."""

    def __init__(self) -> None:
        self._place = asyncio.Lock()
        self._owners: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def done(self, whose: str, work: Callable[[*Given], T], *given: *Given) -> T:
        """Return what `work` returns, a function of a module, called elsewhere. Killed if who waits is cancelled.

        Raises:
            TimeoutError: it was not done within `LONGEST_S`, its time in line included.
            MemoryError: it needs more than `MOST_BYTES`.
            WorkDiedError: its process ended before the work was done.
        """
        owner = self._owners.setdefault(whose, asyncio.Lock())
        async with asyncio.timeout(LONGEST_S), owner, self._place:
            return await _elsewhere(work, *given)


async def _elsewhere(work: Callable[[*Given], T], *given: *Given) -> T:
    ours, theirs = _PROCESSES.Pipe()
    process = _PROCESSES.Process(target=_work_off, args=(theirs, MOST_BYTES), daemon=True)
    process.start()  # takes milliseconds, and nobody can cancel it halfway: no process is left that nobody knows
    theirs.close()
    try:
        result, error = await asyncio.to_thread(_exchanged, ours, work, given)
    except (EOFError, OSError) as ended:
        raise WorkDiedError from ended
    finally:
        process.kill()
        await asyncio.to_thread(process.join)
        process.close()
    if error is not None:
        raise error
    return result


def _exchanged(pipe: Connection, work: Callable[[*Given], T], given: tuple[*Given]) -> tuple[T, Exception | None]:
    """Return the answer of the process; its death ends the wait, too."""
    with pipe:
        pipe.send((work, given))
        answer: tuple[T, Exception | None] = pipe.recv()
        return answer


def _work_off(pipe: Connection, most_bytes: int) -> None:
    os.setpriority(os.PRIO_PROCESS, 0, _BEHIND_OTHERS)
    resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
    answer: tuple[object, Exception | None]
    try:
        work, given = pipe.recv()
        answer = work(*given), None
    except Exception as error:  # noqa: BLE001 - who waits gets it
        answer = None, error
    pipe.send(answer)
