"""A process of the simulated world: it can die, be stopped and go on at every step it takes.

A *step* is one statement in the database, one message or one request: whatever has an effect outside the process. Code
between two steps cannot be seen from outside, so stopping at steps stops everywhere that matters.
"""

import asyncio
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, TypeVar

from simulation.clock import now, sleep
from simulation.fault_rates import NONE, FaultRates

T = TypeVar("T")


class Dice:
    """The random choices of a world: one seed, one sequence, so one world. `rates` may change while it runs."""

    def __init__(self, seed: int, rates: FaultRates) -> None:
        self._random = Random(seed)
        self._draw = self._random.random
        self.rates = rates

    def stop_faults(self) -> None:
        """Let nothing break any more."""
        self.rates = NONE

    @property
    def calm(self) -> bool:
        """Whether nothing breaks."""
        return self.rates is NONE

    def hits(self, rate: float) -> bool:
        """Tell whether something of this probability happens now."""
        return rate > 0 and self._draw() < rate

    def between(self, low: float, high: float) -> float:
        """Draw a number."""
        return self._random.uniform(low, high)

    def one_of(self, choices: Sequence[T]) -> T:
        """Draw one."""
        return self._random.choice(choices)

    def latency(self) -> float:
        """Draw how long a step inside our own house takes, in seconds."""
        return 0.0005 + 0.0095 * self._draw()


class Process:
    """One process. After `kill` none of its steps has an effect any more, and none ever returns to its code."""

    def __init__(self, name: str, dice: Dice) -> None:
        self.name = name
        self.alive = True
        self.over = False
        self.frozen_until = 0.0
        self.on_kill: list[Callable[[], None]] = []
        self.on_freeze: list[Callable[[float], None]] = []
        self.tasks: set[asyncio.Task[Any]] = set()
        self._dice = dice

    @property
    def frozen(self) -> bool:
        """Whether it is stopped right now."""
        return self.frozen_until > 0.0 and self.frozen_until > now()

    @property
    def _held(self) -> bool:
        """Whether its code may not go on."""
        return self.over or not self.alive or self.frozen

    def kill(self) -> None:
        """End it as `kill -9` does."""
        if self.alive:
            self.alive = False
            for call in self.on_kill:
                call()

    def freeze(self, seconds: float) -> None:
        """Stop it as SIGSTOP does; it goes on after `seconds`."""
        self.frozen_until = max(self.frozen_until, now() + seconds)
        for call in self.on_freeze:
            call(seconds)

    def spawn(self, work: Any) -> "asyncio.Task[Any]":
        """Start a task of this process."""
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not self.over:
            asyncio.get_running_loop().call_exception_handler({"message": self.name, "exception": error, "task": task})

    async def gate(self) -> None:
        """Return when this process' code may go on: never if it is dead, later if it is stopped."""
        while True:
            if self.over:
                raise asyncio.CancelledError
            if not self.alive:
                await asyncio.get_running_loop().create_future()
            if not self.frozen:
                return
            await sleep(self.frozen_until - now())

    def maybe_fail(self, *, may_freeze: bool = True) -> None:
        """Let the dice decide whether the process dies or is stopped here."""
        dice = self._dice
        if dice.calm:
            return
        if dice.hits(dice.rates.kill):
            self.kill()
        elif may_freeze and dice.hits(dice.rates.freeze):
            self.freeze(dice.between(*dice.rates.freeze_s))

    async def step(self, effect: Callable[[], T]) -> T:
        """Do one statement in the database: `effect` happens at one moment, or not at all.

        Raises:
            ConnectionResetError: the connection broke; whether the statement was committed, nobody knows.
        """
        if self._held:
            await self.gate()
        self.maybe_fail()
        if self._held:
            await self.gate()
        dice = self._dice
        broken = dice.hits(dice.rates.database)
        await sleep(dice.latency())
        if broken and dice.hits(0.5):
            await self.gate()
            raise ConnectionResetError("the database is away")
        result = effect()
        self.maybe_fail()
        await sleep(dice.latency())
        if self._held:
            await self.gate()
        if broken:
            raise ConnectionResetError("the database went away after the commit")
        return result
