"""The real planner and writer, on the doubles of one simulated process."""

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from itertools import count
from typing import Any, Protocol, TypeVar
from uuid import UUID

import halo_writer.assembly
import halo_writer.ports
import planner.assembly
import planner.ports
from halo_writer.environment import WriterRules
from halo_writer.in_flight import InFlight
from halosync.domain.array_size import ArraySizeBounds
from halosync.domain.foreign_marks import FOREIGN_MARKS
from halosync.domain.page_size import PageSizeBounds
from halosync.halo.read import HaloReader
from halosync.halo.write import HaloWriter
from halosync.messaging.endings import Poison
from halosync.ports.permits import Rate
from planner.environment import PlannerRules

from simulation.actions import MemoryActions
from simulation.array_sizes import MemoryArraySizes
from simulation.broker import DEAD, DELAYS_S, Broker
from simulation.clock import now, sleep
from simulation.database import Database
from simulation.guards import Guards
from simulation.halo import SETTLE_S, Halo
from simulation.invoices import MemoryInvoices, owed
from simulation.limiter import MemoryRateLimiter, SteppedLimiter
from simulation.messages import Consumer
from simulation.network import SimulatedTransport
from simulation.plans import MemoryPlans
from simulation.process import Dice, Process
from simulation.reads import MemoryPageSizes, MemoryReads
from simulation.relay import MemoryRelay
from simulation.runs import MemoryRequestCounter, MemoryRuns
from simulation.scenario import Scenario
from simulation.tokens import Auth, MemoryTokens

T = TypeVar("T")

SWEEP_S = 10.0
REQUEST_S = 30.0
POISON = "poison"
RUN_REQUESTED, LICENCE_ACTIONS, INVOICE_READY = "run.requested.v1", "licence.actions.v1", "invoice.ready.v1"
RUN_FINISHED = "run.finished.v1"


class Deployment:
    """Everything that processes share, and how they are started.

    Args:
        dice: what goes wrong.
        guards: which guards there are.
        halo: the partner's Halo.
        scenario: the sizes that are settings.
    """

    def __init__(self, dice: Dice, guards: Guards, halo: Halo, scenario: Scenario) -> None:
        self.dice, self.guards, self.halo, self.scenario = dice, guards, halo, scenario
        self.rate = Rate(scenario.limit, scenario.window_s)
        self.page_sizes = PageSizeBounds(scenario.page_size, scenario.most_rows, REQUEST_S / 3)
        most = max(scenario.batch_size, scenario.most_batch)
        self.array_sizes = ArraySizeBounds(scenario.batch_size, most, REQUEST_S / 3)
        self.database = Database(guards=guards)
        self.broker = Broker(dice, guards)
        self.auth = Auth(halo)
        self.limiter = MemoryRateLimiter(now)
        self.processes: list[Process] = []
        self.announced: list[UUID] = []
        self.poisoned = False
        self._names = count(1)

    def living(self) -> list[Process]:
        """Return the processes that have not died."""
        return [process for process in self.processes if process.alive]

    def keep_alive(self) -> None:
        """Start what has died anew, as a supervisor does."""
        for kind, number, begin in (
            ("planner", self.scenario.planners, self.start_planner),
            ("writer", self.scenario.writers, self.start_writer),
        ):
            living = sum(process.name.startswith(kind) for process in self.living())
            for _ in range(number - living):
                begin(f"{kind}-{next(self._names)}")

    def _clock(self) -> float:
        """Return the clock by which deadlines are kept; without them it stands still."""
        return now() if self.guards.deadline else 0.0

    def _process(self, name: str) -> tuple[Process, SimulatedTransport]:
        process = Process(name, self.dice)
        self.processes.append(process)
        transport = SimulatedTransport(process, self.halo, self.dice, timeout_s=REQUEST_S)
        process.spawn(MemoryRelay(process, self.database, self.broker).run())
        return process, transport

    def start_planner(self, name: str) -> Process:
        """Start a planner: intake, planning, dead letters, sweeper."""
        process, transport = self._process(name)
        db, step = self.database, process.step
        runs, reads = MemoryRuns(db, step), MemoryReads(db, step)
        marks = FOREIGN_MARKS if self.guards.foreign else ()
        lists = HaloReader(transport, self.scenario.page_size, marks)
        snapshots: Any = reads  # as far as runs need them
        absent: Any = Absent()
        invoices = MemoryInvoices(db, step)
        ports = planner.ports.Ports(
            invoices=invoices,
            lines=absent,
            owed_runs=invoices,
            runs=runs,
            plans=MemoryPlans(db, step),
            reads=reads,
            page_sizes=MemoryPageSizes(db, step),
            snapshots=snapshots,
            connections=absent,
            tokens=MemoryTokens(process, self.auth),
            limiter=SteppedLimiter(process, self.limiter),
            counter=MemoryRequestCounter(db, step),
            lists=lists,
            sample_lists=lists,
            conformance=absent,
            passing=(OSError,),
            clock=self._clock,
        )
        rules = PlannerRules(
            rate=self.rate,
            page_sizes=self.page_sizes,
            batch_size=self.array_sizes.most,
            delete_batch_size=self.scenario.batch_size,
            delays_s=DELAYS_S,
            max_attempts=self.scenario.max_attempts,
        )
        assembled = planner.assembly.assemble(ports, rules)

        async def keep(letter: Any) -> None:
            await step(lambda: None if letter in db.dead_letters else db.dead_letters.append(letter))

        self._consume(process, RUN_REQUESTED, assembled.run_planner.advance, 8)
        self._consume(process, INVOICE_READY, assembled.intake.take_in, 1)
        self._consume(process, DEAD, keep, 10)
        if self.guards.sweeper:
            process.spawn(self._sweeps(process, runs))
            process.spawn(self._starts_owed(process, invoices))
        return process

    def start_writer(self, name: str) -> Process:
        """Start a writer."""
        process, transport = self._process(name)
        actions = MemoryActions(self.database, process.step)
        ports = halo_writer.ports.Ports(
            actions=actions,
            tokens=MemoryTokens(process, self.auth),
            limiter=SteppedLimiter(process, self.limiter),
            counter=MemoryRequestCounter(self.database, process.step),
            lists=HaloReader(transport, self.scenario.page_size),
            writes=HaloWriter(transport),
            array_sizes=MemoryArraySizes(self.database, process.step),
            in_flight=InFlight() if self.guards.shield else Unshielded(),
            clock=self._clock,
        )
        rules = WriterRules(
            worker=name,
            rate=self.rate,
            array_sizes=self.array_sizes,
            page_sizes=self.page_sizes,
            delays_s=DELAYS_S,
            max_attempts=self.scenario.max_attempts,
            settle_s=SETTLE_S,
            per_tenant=4,
        )
        batch_writer = halo_writer.assembly.assemble(ports, rules)

        async def on_licence_actions(batch_id: Any) -> float | None:
            if batch_id == POISON:
                raise Poison("this is no batch")
            return await batch_writer.advance(batch_id)

        self._consume(process, LICENCE_ACTIONS, on_licence_actions, 16)
        if self.guards.sweeper:
            process.spawn(self._sweeps(process, actions))
        return process

    def _consume(self, process: Process, queue: str, handler: Any, prefetch: int) -> None:
        self.broker.consume(Consumer(process, queue, handler, prefetch))

    async def _sweeps(self, process: Process, of: "Sweeping") -> None:
        """Ask again, over and over, for what is due; a look that finds nothing matters only while things break."""
        while True:
            await sleep(SWEEP_S)
            await process.gate()
            if not self.dice.calm or of.is_due():
                await _tried(of.redeliver_due)

    async def _starts_owed(self, process: Process, invoices: MemoryInvoices) -> None:
        """Start, over and over, the runs that auto_sync owes."""
        while True:
            await sleep(SWEEP_S)
            await process.gate()
            if owed(self.database) is not None:
                await _tried(invoices.start_all_wanted)


async def _tried(work: Callable[[], Awaitable[object]]) -> None:
    """Do background work; a failure is passed over, as in `halosync.runtime.loops`."""
    with suppress(OSError):
        await work()


class Sweeping(Protocol):
    """A store that asks again for what has been silent for too long."""

    def is_due(self) -> bool:
        """Tell whether something has been silent for too long."""
        ...

    async def redeliver_due(self) -> int:
        """Ask for it again, and return how much it was."""
        ...


class Unshielded(InFlight):
    """What `InFlight` would be without its shield."""

    async def shield(self, _batch_id: int, work: Callable[[], Coroutine[None, None, T]]) -> T:
        """Do the work in the handler itself."""
        return await work()


class Absent:
    """A port that no simulated process uses; its first use says so."""

    def __getattr__(self, name: str) -> object:
        """Raise: what is used is to be simulated.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(f"{name} is not simulated")
