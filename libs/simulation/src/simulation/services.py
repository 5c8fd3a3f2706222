"""The real planner and writer, put together as their `__main__` does, on the doubles of one simulated process."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from halo_writer.batch_writer import BatchWriter
from halo_writer.in_flight import InFlight
from halo_writer.rules import RetryRules
from halo_writer.sender import Sender
from halo_writer.write_lookup import WriteLookUp
from halosync.halo.read import HaloReader
from halosync.halo.write import HaloWriter
from halosync.messaging.delivery import Poison
from halosync.ports.permits import Rate
from halosync.runtime.read_access import ReadAccess
from planner.halo_read import HaloRead
from planner.run_planner import Limits, RunPlanner

from simulation.actions import MemoryActions
from simulation.broker import DEAD, DELAYS_S, Broker, Consumer
from simulation.clock import now
from simulation.database import Database
from simulation.doubles import Requests, SteppedLimiter, Tokens, Unshielded
from simulation.guards import Guards
from simulation.halo import Halo
from simulation.limiter import MemoryRateLimiter
from simulation.planning import MemoryPlans, MemoryRuns
from simulation.process import Dice, Process
from simulation.reading import MemoryReads
from simulation.wire import Wire

SWEEP_S = 10.0
RELAY_S = 1.0
POISON = "poison"
RUN_REQUESTED, LICENCE_ACTIONS, INVOICE_READY = "run.requested.v1", "licence.actions.v1", "invoice.ready.v1"
RUN_FINISHED = "run.finished.v1"


class Town:
    """Everything that processes share, and how they are started.

    Args:
        dice: what goes wrong.
        guards: which guards there are.
        halo: the partner's Halo.
        rate: the partner's limit.
        batch_size: creates and updates in one request.
        page_size: rows in a page.
        settle_s: how long Halo may go on applying a write, in seconds.
        max_attempts: after so many an item fails.
    """

    def __init__(
        self,
        *,
        dice: Dice,
        guards: Guards,
        halo: Halo,
        rate: Rate,
        batch_size: int,
        page_size: int,
        settle_s: float = 60.0,
        max_attempts: int = 8,
    ) -> None:
        self.dice, self.guards, self.halo, self.rate = dice, guards, halo, rate
        self.batch_size, self.page_size = batch_size, page_size
        self.settle_s, self.max_attempts = settle_s, max_attempts
        self.database = Database(guards=guards)
        self.broker = Broker(dice, guards)
        self.limiter = MemoryRateLimiter(now)
        self.processes: list[Process] = []
        self.told: list[UUID] = []
        self.poisoned = False

    def living(self) -> list[Process]:
        """Return the processes that have not died."""
        return [process for process in self.processes if process.alive]

    def _clock(self) -> float:
        """Return the clock by which deadlines are kept; without them it stands still."""
        return now() if self.guards.deadline else 0.0

    def _access(self, process: Process, wire: Wire) -> ReadAccess:
        tokens: Any = Tokens(process, self.halo)
        limiter: Any = SteppedLimiter(process, self.limiter)
        counter: Any = Requests(process, self.database)
        return ReadAccess(tokens, limiter, counter, request_s=wire.total_timeout_s, clock=self._clock)

    def _process(self, name: str) -> tuple[Process, Any]:
        process = Process(name, self.dice)
        self.processes.append(process)
        wire: Any = Wire(process, self.halo, self.dice, timeout_s=30.0, settle_s=self.settle_s)
        process.spawn(self._every(process, RELAY_S, lambda: self._relay(process)))
        return process, wire

    def start_planner(self, name: str) -> Process:
        """Start a planner: intake, planning, dead letters, sweeper."""
        process, wire = self._process(name)
        db, step = self.database, process.step
        runs, reads = MemoryRuns(db, step), MemoryReads(db, step)
        reading = HaloRead(self._access(process, wire), HaloReader(wire, self.page_size), reads)
        planning = RunPlanner(
            runs=runs,
            plans=MemoryPlans(db, step),
            snapshots=reads,
            reading=reading,
            limits=Limits(self.rate, self.batch_size, DELAYS_S, self.max_attempts),
        )

        async def keep(letter: Any) -> None:
            await step(lambda: None if letter in db.dead_letters else db.dead_letters.append(letter))

        self._consume(process, RUN_REQUESTED, planning.advance, 8)
        self._consume(process, INVOICE_READY, runs.take_in, 1)
        self._consume(process, DEAD, keep, 10)
        if self.guards.sweeper:
            process.spawn(self._every(process, SWEEP_S, runs.redeliver_due))
        return process

    def start_writer(self, name: str) -> Process:
        """Start a writer."""
        process, wire = self._process(name)
        actions = MemoryActions(self.database, process.step)
        limiter: Any = SteppedLimiter(process, self.limiter)
        sender = Sender(
            actions=actions,
            limiter=limiter,
            halo=HaloWriter(wire),
            counter=Requests(process, self.database),
            default_rate=self.rate,
            worker=name,
            settle_s=self.settle_s,
            clock=self._clock,
        )
        lookup = WriteLookUp(
            actions=actions,
            access=self._access(process, wire),
            reader=HaloReader(wire, self.page_size),
            default_rate=self.rate,
            max_attempts=self.max_attempts,
            settle_s=self.settle_s,
        )
        writing = BatchWriter(
            actions=actions,
            tokens=Tokens(process, self.halo),
            limiter=limiter,
            sender=sender,
            lookup=lookup,
            rules=RetryRules(DELAYS_S, self.max_attempts, self.settle_s, per_tenant=4),
            in_flight=InFlight() if self.guards.shield else Unshielded(),
        )

        async def on_licence_actions(batch_id: Any) -> float | None:
            if batch_id == POISON:
                raise Poison("this is no batch")
            return await writing.advance(batch_id)

        self._consume(process, LICENCE_ACTIONS, on_licence_actions, 16)
        if self.guards.sweeper:
            process.spawn(self._every(process, SWEEP_S, actions.redeliver_due))
        return process

    def _consume(self, process: Process, queue: str, handler: Any, prefetch: int) -> None:
        self.broker.consume(Consumer(process, queue, handler, prefetch))

    async def _every(self, process: Process, interval_s: float, work: Callable[[], Awaitable[object]]) -> None:
        """Do background work over and over; a failure is passed over, as in `halosync.runtime.loops`."""
        while True:
            await asyncio.sleep(interval_s)
            await process.gate()
            try:
                await work()
            except OSError:
                continue

    async def _relay(self, process: Process) -> None:
        """Publish the outbox; what is confirmed is deleted. As `halosync.runtime.relay`."""
        rows = [row for row in self.database.outbox if row.locked_by is None or not row.locked_by.alive]
        for row in rows:
            row.locked_by = process
        try:
            results = await asyncio.gather(
                *(self.broker.publish(process, row.envelope) for row in rows), return_exceptions=True
            )
            done = {id(row) for row, result in zip(rows, results, strict=True) if result is None}
            if done:
                await process.step(lambda: self._delete(done))
        finally:
            for row in rows:
                row.locked_by = None

    def _delete(self, done: set[int]) -> None:
        self.database.outbox = [row for row in self.database.outbox if id(row) not in done]
