"""Very many tenants on a virtual clock: real planners and writers, and doubles of what they share.

The use cases are those of the processes (`planner.assembly`, `halo_writer.assembly`), with their slots, shares, limiter
and delay tiers. Each tenant has rows and a Halo of its own. A process has a processor that does one thing at a time: a
statement takes STEP_S of it, a planned item PLANNED_S, a written one WRITTEN_S. These are what docs/performance.md
says a run and its items cost; Postgres takes DATABASE_S and is never busy.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import halo_writer.assembly
import halo_writer.ports
import planner.assembly
import planner.ports
from halo_writer.environment import WriterRules
from halosync.domain.array_size import ArraySizeBounds
from halosync.domain.page_size import PageSizeBounds
from halosync.ports.permits import Rate
from planner.environment import PlannerRules
from row import WrongEndError
from simulation.actions import MemoryActions
from simulation.array_sizes import MemoryArraySizes
from simulation.broker import DELAYS_S, Broker
from simulation.clock import now, sleep
from simulation.database import Step
from simulation.fault_rates import NONE
from simulation.guards import ALL
from simulation.invoices import Invoice, MemoryInvoices
from simulation.limiter import MemoryRateLimiter
from simulation.messages import Consumer, Envelope
from simulation.plans import MemoryPlans
from simulation.process import Dice, Process
from simulation.reads import MemoryPageSizes, MemoryReads
from simulation.rows import Run
from simulation.runs import MemoryRequestCounter, MemoryRuns
from simulation.services import LICENCE_ACTIONS, RUN_REQUESTED, Absent
from tenants_doubles import SPAN, STEP_S, CostlyLimiter, Halos, Processor, Shared, Tenant, lines_of

PLANNED_S, WRITTEN_S = 0.00009, 0.00015
REQUEST_S, LIMIT, ARRAY = 30.0, Rate(500, 300.0), 5
AT_ONCE = 32
"""Runs of a planner and batches of a writer; as by default."""


@dataclass(frozen=True)
class Scheduling:
    """How work is shared out: batches of a run with the writers, places of a tenant in one, and who waits how.

    `in_place`: what waits for a permit keeps its place, as in a queue that is worked off in order; else it comes again.
    """

    name: str
    at_writers: int
    per_tenant: int
    in_place: bool = False


@dataclass
class Crowd:
    """Tenants by number, each with so many creates; what became of them."""

    sizes: Sequence[int]
    scheduling: Scheduling
    planners: int = 4
    writers: int = 4
    messages: int = 0
    halos: Halos = field(init=False)
    tenants: list[Tenant] = field(init=False, default_factory=list)

    async def live(self) -> list[float]:
        """Request all runs at once, in order, and return after how many seconds each has ended."""
        broker, limiter, over = Broker(Dice(0, NONE), ALL), MemoryRateLimiter(now), asyncio.Event()
        self.halos, left = Halos(len(self.sizes)), len(self.sizes)

        def ended() -> None:
            nonlocal left
            left -= 1
            if not left:
                over.set()

        for number, creates in enumerate(self.sizes):
            tenant = Tenant(str(number), str(number), at_writers=self.scheduling.at_writers, ids_after=number * SPAN)
            tenant.broker, tenant.on_end = broker, ended
            tenant.invoices.append(Invoice(0, lines_of(creates)))
            run = Run(UUID(int=number * SPAN + 1), 0)
            tenant.runs[run.run_id] = run
            self.tenants.append(tenant)
            broker.accept(Envelope(RUN_REQUESTED, run.run_id))
        for at in range(self.planners):
            self._plan(broker, Process(f"planner-{at}", Dice(0, NONE)), limiter)
        for at in range(self.writers):
            self._write(broker, Process(f"writer-{at}", Dice(0, NONE)), limiter)
        await over.wait()
        self.check()
        return [run.ended_at or 0.0 for tenant in self.tenants for run in tenant.runs.values()]

    def _plan(self, broker: Broker, process: Process, limiter: MemoryRateLimiter) -> None:
        processor, absent, halos = Processor(), Absent(), self.halos
        nothing: Any = absent

        def of(make: Callable[[Tenant, Step], Any]) -> Any:
            return Shared(self.tenants, make, processor, PLANNED_S)

        ports = planner.ports.Ports(
            invoices=of(MemoryInvoices),
            lines=nothing,
            owed_runs=nothing,
            runs=of(MemoryRuns),
            plans=of(MemoryPlans),
            reads=(reads := of(MemoryReads)),
            page_sizes=of(MemoryPageSizes),
            snapshots=reads,
            connections=nothing,
            tokens=halos,
            limiter=CostlyLimiter(processor, limiter),
            counter=of(MemoryRequestCounter),
            lists=halos,
            sample_lists=nothing,
            conformance=nothing,
            passing=(OSError,),
            clock=now,
        )
        rules = PlannerRules(
            rate=LIMIT,
            page_sizes=PageSizeBounds(100, 1000, REQUEST_S / 3),
            batch_size=ARRAY,
            delete_batch_size=ARRAY,
            delays_s=DELAYS_S,
            max_attempts=8,
        )
        advance = planner.assembly.assemble(ports, rules).run_planner.advance
        broker.consume(Consumer(process, RUN_REQUESTED, self._patient(advance), AT_ONCE))

    def _write(self, broker: Broker, process: Process, limiter: MemoryRateLimiter) -> None:
        processor = Processor()

        def of(make: Callable[[Tenant, Step], Any]) -> Any:
            return Shared(self.tenants, make, processor, WRITTEN_S)

        ports = halo_writer.ports.Ports(
            actions=of(MemoryActions),
            tokens=self.halos,
            limiter=CostlyLimiter(processor, limiter),
            counter=of(MemoryRequestCounter),
            lists=self.halos,
            writes=self.halos,
            array_sizes=of(MemoryArraySizes),
            clock=now,
        )
        rules = WriterRules(
            worker=process.name,
            rate=LIMIT,
            array_sizes=ArraySizeBounds(ARRAY, ARRAY, REQUEST_S / 3),
            page_sizes=PageSizeBounds(100, 1000, REQUEST_S / 3),
            delays_s=DELAYS_S,
            max_attempts=8,
            settle_s=60.0,
            per_tenant=self.scheduling.per_tenant,
        )
        advance = self._patient(halo_writer.assembly.assemble(ports, rules).advance)

        async def counted(batch_id: int) -> float | None:
            self.messages += 1
            return await advance(batch_id)

        broker.consume(Consumer(process, LICENCE_ACTIONS, counted, AT_ONCE))

    def _patient(self, advance: Callable[[Any], Awaitable[float | None]]) -> Callable[[Any], Awaitable[float | None]]:
        """Return a handler that gives its place back while it waits, or keeps it."""
        if not self.scheduling.in_place:
            return advance

        async def wait(what: Any) -> None:
            while (wait_s := await advance(what)) is not None:
                await sleep(max(wait_s, STEP_S))

        return wait

    def check(self) -> None:
        """Look whether each Halo has every licence once, and was never asked too often.

        Raises:
            WrongEndError: not so.
        """
        for number, (creates, tenant) in enumerate(zip(self.sizes, self.tenants, strict=True)):
            has = sorted((each.name, each.quantity) for each in self.halos.licences_of[number])
            if has != sorted((each.product_code, each.quantity) for each in lines_of(creates)) or tenant.forbidden:
                raise WrongEndError(f"tenant {number} has {len(has)} of {creates} licences; {tenant.forbidden}")
            asked = self.halos.asked_at[number]
            together = zip(asked, asked[LIMIT.requests :], strict=False)
            if any(later - sooner < LIMIT.window_s for sooner, later in together):
                raise WrongEndError(f"tenant {number} was asked more than {LIMIT.requests} times in a window")

    @property
    def batches(self) -> int:
        return sum(len(tenant.batches) for tenant in self.tenants)
