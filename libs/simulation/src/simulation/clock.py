"""Virtual time: an event loop whose clock jumps to the next timer instead of waiting for it.

Everything that runs on it is deterministic: there is one thread, no I/O, and callbacks run in the order in which they
were scheduled. An hour of the simulated world costs what its events cost.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

T = TypeVar("T")


class StalledError(RuntimeError):
    """Every task waits for something that nothing will ever bring about."""


class _NoWait(selectors.SelectSelector):
    """Waits for nothing: the time that it should wait has passed at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Let `timeout` seconds pass on the virtual clock.

        Raises:
            StalledError: there is no timer to wait for.
        """
        if timeout is None:
            raise StalledError("no timer is set and nothing is ready")
        self.now += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time. `time()` counts seconds from 0."""

    def __init__(self) -> None:
        self._virtual = _NoWait()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._virtual.now

    def run_in_executor(self, _executor: Any, func: Callable[..., T], *args: Any) -> "asyncio.Future[T]":  # type: ignore[override]  # the base class types it by TypeVarTuple
        """Run `func` here and now: there are no threads in the simulated world."""
        future: asyncio.Future[T] = self.create_future()
        future.set_result(func(*args))
        return future


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a virtual clock of its own, and cancel what it leaves behind."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        _running.append(cast("VirtualLoop", runner.get_loop()))
        try:
            return runner.run(main)
        finally:
            _running.pop()


_running: list[VirtualLoop] = []
"""The loops of the worlds that run, the innermost last: to ask the interpreter for it is a system call each time."""


def now() -> float:
    """Return the time of the running loop in seconds; without a world, that of the usual one."""
    return _running[-1].time() if _running else asyncio.get_running_loop().time()
