"""Virtual time: an event loop whose clock jumps to the next timer instead of waiting for it.

Everything that runs on it is deterministic: there is one thread, no I/O, and callbacks run in the order in which they
were scheduled. An hour of the simulated world costs what its events cost.
"""

import asyncio
import gc
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, copy_context
from heapq import heappop, heappush
from types import coroutine
from typing import Any, TypeVar, TypeVarTuple, cast

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_RESOLUTION_S = 1e-9
"""Timers so close together are due together."""


class StalledError(RuntimeError):
    """Every task waits for something that nothing will ever bring about."""


class _Call:
    """A call that is to be made now."""

    __slots__ = ("args", "call", "cancelled", "context")

    def __init__(self, call: Callable[..., object], args: tuple[object, ...], context: Context | None) -> None:
        self.call, self.args, self.context = call, args, copy_context() if context is None else context
        self.cancelled = False

    def cancel(self) -> None:
        """Make it never."""
        self.cancelled = True


class _Timer(float):
    """A call that is to be made at a time: a number, because a heap of these is sorted without asking Python."""

    __slots__ = ("args", "call", "cancelled", "context")
    call: Callable[..., object]
    args: tuple[object, ...]
    context: Context
    cancelled: bool

    def cancel(self) -> None:
        """Make it never."""
        self.cancelled = True


class _Task(asyncio.Task[Any]):
    """A task that `sleep` puts to sleep, and whose cancellation wakes it."""

    def cancel(self, msg: Any | None = None) -> bool:
        """As `asyncio.Task.cancel`."""
        cancelled = super().cancel(msg)
        if cancelled:
            cast("VirtualLoop", self.get_loop()).wake(self)
        return cancelled


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop on virtual time. `time()` counts seconds from 0.

    It keeps calls and timers itself, in the order that asyncio has for them: half of what a world costs is its loop.

    Attributes:
        sleep_s: in how many seconds the task that runs now makes its next step, if it yields at once; else 0.
    """

    _stopping: bool
    """Whether `stop` was called: asyncio's own."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._calls: deque[_Call | _Timer] = deque()
        self._timers: list[_Timer] = []
        self.sleep_s = 0.0

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def call_soon(self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None) -> Any:
        """Call it after what waits already; a task's next step later, if the task goes to sleep."""
        if self.sleep_s > 0.0:
            sleep_s, self.sleep_s = self.sleep_s, 0.0
            return self.call_at(self._now + sleep_s, callback, *args, context=context)
        call = _Call(callback, args, context)
        self._calls.append(call)
        return call

    def create_task(self, coro: Any, *, name: Any = None, context: Context | None = None) -> Any:
        """As `asyncio.BaseEventLoop.create_task`."""
        return _Task(coro, loop=self, name=name, context=context)

    def wake(self, task: _Task) -> None:
        """Let a task make its next step now, if it sleeps."""
        for timer in self._timers:
            if not timer.cancelled and getattr(timer.call, "__self__", None) is task:
                timer.cancel()
                self.call_soon(timer.call, *timer.args, context=timer.context)

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> Any:
        """As `call_soon`: there are no threads in the simulated world."""
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> Any:
        """Call it in `delay` seconds."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> Any:
        """Call it when it is `when`."""
        timer = _Timer(when)
        timer.call, timer.args, timer.context = callback, args, copy_context() if context is None else context
        timer.cancelled = False
        heappush(self._timers, timer)
        return timer

    def _run_once(self) -> None:
        """Make the calls that are to be made now; asyncio's `run_forever` calls this until it is stopped.

        What fails outside a task ends the world.

        Raises:
            StalledError: there is none, and no timer to wait for.
        """
        calls, timers, next_call = self._calls, self._timers, self._calls.popleft
        while not self._stopping:
            while timers and timers[0].cancelled:
                heappop(timers)
            if not calls:
                if not timers:
                    raise StalledError("no timer is set and nothing is ready")
                self._now = max(self._now, float(timers[0]))
            due = self._now + _RESOLUTION_S
            while timers and timers[0] < due:
                calls.append(heappop(timers))
            for _ in range(len(calls)):
                call = next_call()
                if not call.cancelled:
                    call.context.run(call.call, *call.args)

    def run_in_executor(self, executor: object, func: Callable[[*Ts], T], *args: *Ts) -> "asyncio.Future[T]":
        """Run `func` here and now: there are no threads in the simulated world."""
        del executor
        future: asyncio.Future[T] = self.create_future()
        future.set_result(func(*args))
        return future


@coroutine
def sleep(seconds: float) -> Generator[Any, None, None]:
    """Sleep as `asyncio.sleep` does, at a third of its cost: most of what a world does is to wait for its clock."""
    if _running:
        _running[-1].sleep_s = seconds
        yield
    else:
        yield from asyncio.sleep(seconds).__await__()


def run(main: Coroutine[None, None, T]) -> T:
    """Run a coroutine to its end on a virtual clock of its own, and cancel what it leaves behind.

    A world is short: its garbage is collected after it, and not looked for a hundred times meanwhile.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            _running.append(cast("VirtualLoop", runner.get_loop()))
            try:
                return runner.run(main)
            finally:
                _running.pop()
    finally:
        if collects:
            gc.enable()


_running: list[VirtualLoop] = []
"""The loops of the worlds that run, the innermost last: to ask the interpreter for it is a system call each time."""


def now() -> float:
    """Return the time of the running loop in seconds; without a world, that of the usual one."""
    return _running[-1].time() if _running else asyncio.get_running_loop().time()
