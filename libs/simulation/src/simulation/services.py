"""The real planner and writer, put together as their `__main__` does, on the doubles of one simulated process."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from halo_writer.in_flight import InFlight
from halo_writer.lookup import LookUp
from halo_writer.sending import Sender
from halo_writer.service import RetryRules, Writing
from halosync.contracts.connection import TokenGranted
from halosync.halo.read import HaloReader
from halosync.halo.write import HaloWriter
from halosync.messaging.delivery import Poison
from halosync.runtime.halo_reading import ReadAccess
from halosync.store.limiter import Lease, Rate
from planner.reading import HaloReading
from planner.service import Limits, Planning
from pydantic import SecretStr

from simulation.actions import MemoryActions
from simulation.broker import DEAD, DELAYS_S, Broker, Consumer, Envelope
from simulation.clock import now
from simulation.database import Database
from simulation.guards import Guards
from simulation.halo import Halo
from simulation.limiter import MemoryRateLimiter
from simulation.planning import MemoryPlans, MemoryReads, MemoryRuns
from simulation.process import Dice, Process
from simulation.wire import Wire

T = TypeVar("T")
SWEEP_S = 10.0
RELAY_S = 1.0
POISON = "poison"
RUN_REQUESTED, LICENCE_ACTIONS, INVOICE_READY = "run.requested.v1", "licence.actions.v1", "invoice.ready.v1"
RUN_FINISHED = "run.finished.v1"


def immediately(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits, as one moment."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    work.close()
    raise RuntimeError("this was to happen in one moment, and it waits")


class SteppedLimiter:
    """The shared limiter as one process reaches it: each call is a statement that may fail."""

    def __init__(self, process: Process, limiter: MemoryRateLimiter) -> None:
        self._process = process
        self._limiter = limiter

    async def acquire(self, tenant: str, rate: Rate, **options: Any) -> Lease:
        """As `RateLimiter.acquire`."""
        return await self._process.step(lambda: immediately(self._limiter.acquire(tenant, rate, **options)))

    async def settle(self, lease: Lease, spent: int) -> None:
        """As `RateLimiter.settle`."""
        await self._process.step(lambda: immediately(self._limiter.settle(lease, spent)))

    async def block(self, tenant: str, retry_after_s: float | None) -> float:
        """As `RateLimiter.block`."""
        return await self._process.step(lambda: immediately(self._limiter.block(tenant, retry_after_s)))


class Tokens:
    """Access tokens, as auth gives them: a refused one is followed by the one that Halo takes now."""

    def __init__(self, process: Process, halo: Halo) -> None:
        self._process = process
        self._halo = halo
        self._generation = halo.generation

    async def get(self, partner_id: str, tenant: str, *, rejected_generation: int | None = None) -> TokenGranted:
        """As `halosync.runtime.tokens.Tokens.get`."""
        await self._process.gate()
        if rejected_generation == self._generation:
            await asyncio.sleep(0.1)
            await self._process.gate()
            self._generation = self._halo.generation
        return TokenGranted(
            partner_id=partner_id,
            tenant=tenant,
            access_token=SecretStr(f"token-{self._generation}"),
            generation=self._generation,
            expires_at=datetime.now(UTC) + timedelta(hours=1),
        )


class Requests:
    """Counts the requests of runs."""

    def __init__(self, process: Process, database: Database) -> None:
        self._process = process
        self._db = database

    async def count(self, run_id: UUID, requests: int) -> None:
        """As `RequestCounter.count`."""

        def effect() -> None:
            self._db.runs[run_id].halo_requests += requests

        await self._process.step(effect)


class Unshielded(InFlight):
    """What `InFlight` would be without its shield."""

    async def shield(self, _batch_id: int, work: Callable[[], Coroutine[Any, Any, float | None]]) -> float | None:
        """Do the work in the handler itself."""
        return await work()


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

    def _access(self, process: Process, wire: Wire) -> ReadAccess:
        tokens: Any = Tokens(process, self.halo)
        limiter: Any = SteppedLimiter(process, self.limiter)
        counter: Any = Requests(process, self.database)
        return ReadAccess(tokens, limiter, counter, hold_s=wire.total_timeout_s)

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
        reading = HaloReading(self._access(process, wire), HaloReader(wire, self.page_size), reads)
        planning = Planning(
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
            process.spawn(self._every(process, SWEEP_S, runs.ring_due))
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
            clock=now if self.guards.deadline else lambda: 0.0,
        )
        lookup = LookUp(
            actions=actions,
            access=self._access(process, wire),
            reader=HaloReader(wire, self.page_size),
            default_rate=self.rate,
            max_attempts=self.max_attempts,
        )
        writing = Writing(
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
            process.spawn(self._every(process, SWEEP_S, actions.ring_due))
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
