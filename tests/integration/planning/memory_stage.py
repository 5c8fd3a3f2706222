"""A partner with an invoice, in the double of the simulation."""

import json
from datetime import datetime
from uuid import UUID, uuid4

import httpx
from halosync.domain.invoice_choice import MonthInvoices
from halosync.domain.review_choices import ReviewOutlook
from halosync.domain.states import RunState
from planner.intake import Intake
from planner.lines_fetcher import LinesFetcher
from planner.planning_slots import PlanningSlots
from simulation.actions import MemoryActions
from simulation.clock import now
from simulation.database import Database, at_once
from simulation.invoices import Invoice, MemoryInvoices, start
from simulation.plans import MemoryPlans
from simulation.reads import MemoryPageSizes, MemoryReads
from simulation.runs import MemoryRequestCounter, MemoryRuns

from .stages import LINES, PARTNER, TENANT, Stage, event


class MemoryStage(Stage):
    """On the double."""

    def __init__(self) -> None:
        self._db = Database(PARTNER, TENANT)
        self._runs, invoices = MemoryRuns(self._db, at_once), MemoryInvoices(self._db, at_once)
        nowhere = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(404)))
        self._intake = Intake(invoices, invoices, LinesFetcher(nowhere, frozenset()), PlanningSlots())
        self.runs, self.sweeper = self._runs, self._runs
        self.reads, self.plans = MemoryReads(self._db, at_once), MemoryPlans(self._db, at_once)
        self.actions, self.counter = MemoryActions(self._db), MemoryRequestCounter(self._db, at_once)
        self.page_sizes = MemoryPageSizes(self._db, at_once)
        self.invoice_pk = 0
        first = event(0)
        self._db.inbox[UUID(int=0)] = b""
        self._db.invoices.append(
            Invoice(
                0,
                LINES,
                invoice_id=first["invoice_id"],
                period=first["period"],
                issued_at=datetime.fromisoformat(first["issued_at"]),
                sync_wanted=False,
            )
        )

    async def take_in(self, number: int) -> None:
        await self._intake.take_in(json.dumps(event(number)).encode())

    async def publish(self, **fields: object) -> None:
        await self._intake.take_in(json.dumps(event(uuid4().int, **fields)).encode())

    async def choose(self, period: str, choice: MonthInvoices) -> None:
        self._db.months[period] = choice

    async def invoices_of(self, run_id: UUID) -> list[str]:
        run = self._db.runs[run_id]
        invoices = [self._db.invoices[pk] for pk in (run.invoice_pk, *run.further)]
        return [f"{invoice.invoice_id}/{invoice.revision}" for invoice in invoices]

    async def start(self) -> UUID | None:
        started = start(self._db)
        return started if isinstance(started, UUID) else None

    async def run(self, run_id: UUID) -> tuple[str, str | None, int]:
        run = self._db.runs[run_id]
        return run.state, run.error_code, run.halo_requests

    async def messages(self, message_type: str) -> list[UUID]:
        found = [row for row in self._db.outbox if row.envelope.queue == message_type]
        self._db.outbox = [row for row in self._db.outbox if row not in found]
        bodies = [row.envelope.body for row in found]
        return [self._db.batches[body].run_id if message_type == "licence.actions.v1" else body for body in bodies]

    async def batches(self, run_id: UUID) -> list[tuple[int, str]]:
        return [(batch.batch_id, batch.state) for batch in self._db.batches.values() if batch.run_id == run_id]

    async def items(self, run_id: UUID) -> list[tuple[str, str, str, int | None]]:
        items = [item for item in self._db.items.values() if item.run_id == run_id]
        return [(item.licence_name, item.action.value, item.outcome.value, item.batch_id) for item in items]

    async def settle(self, seconds: float) -> None:
        self._db.settled_at = now() + seconds

    async def ask_first(self) -> None:
        self._db.review_first_sync = True

    async def review_due(self) -> bool:
        return not self._db.reviewed

    async def choices(self, run_id: UUID) -> list[ReviewOutlook]:
        return list(self._db.runs[run_id].review)

    async def end(self, run_id: UUID) -> None:
        self._db.runs[run_id].state = RunState.PARTIAL

    async def pass_time(self, seconds: float) -> None:
        for run in self._db.runs.values():
            run.claimed_until -= seconds
            run.redeliver_at -= seconds
