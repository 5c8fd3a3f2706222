"""What a planner keeps, in Postgres and in the double of the simulation: runs, reads and plans, set up alike."""

import json
from abc import ABC, abstractmethod
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from halo_writer.ports import Actions
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.completeness import Pages
from halosync.domain.guard import Comparison
from halosync.domain.invoice_choice import MonthInvoices
from halosync.domain.model import Client, Line, LineKind, SeenLicence
from halosync.domain.review_choices import ReviewOutlook
from halosync.domain.run_order import RunOrder
from halosync.domain.states import RunState
from halosync.ports.reads import HaloPage, PageSizes, ReadProgress
from halosync.ports.run_start import RunInProgressError
from halosync.store.actions import ActionStore
from halosync.store.invoices import InvoiceStore
from halosync.store.month_choices import MonthChoices
from halosync.store.page_sizes import PageSizeStore
from halosync.store.partners import PartnerStore
from halosync.store.plans import PlanStore
from halosync.store.queries import QUERIES
from halosync.store.reads import ReadStore
from halosync.store.request_counter import RequestCounter
from halosync.store.reviews import ReviewStore
from halosync.store.run_work import RunWork
from halosync.store.runs import RunStore
from planner.intake import Intake
from planner.lines_fetcher import LinesFetcher
from planner.planning_slots import PlanningSlots
from planner.ports import Plans, Runs
from simulation.actions import MemoryActions
from simulation.clock import now
from simulation.database import Database, at_once
from simulation.invoices import Invoice, MemoryInvoices, start
from simulation.plans import MemoryPlans
from simulation.reads import MemoryPageSizes, MemoryReads
from simulation.runs import MemoryRequestCounter, MemoryRuns

MOST_ROWS = 1000
PARTNER, TENANT, PRODUCTS = "acme-msp", "acme", ("P-1", "P-2")
LINES = [
    Line(number, "C-1", "Contoso", product, LineKind.RECURRING, Decimal(3), Decimal("10.00"), "Monthly")
    for number, product in enumerate(PRODUCTS, 1)
]


def event(number: int, **fields: Any) -> dict[str, Any]:
    """Return the event of an invoice that has `LINES`."""
    lines = [
        {
            "line_id": str(line.line_no),
            "customer_id": line.customer_id,
            "customer_name": line.customer_name,
            "product_code": line.product_code,
            "kind": line.kind.value,
            "quantity": str(line.quantity),
            "unit_price": str(line.unit_price),
            "billing_cycle": line.billing_cycle,
        }
        for line in LINES
    ]
    return {
        "event_id": str(UUID(int=number)),
        "partner_id": PARTNER,
        "invoice_id": f"INV-{number}",
        "revision": 1,
        "period": f"2026-{number % 12 + 1:02}",
        "currency": "AUD",
        "issued_at": f"2026-{number % 12 + 1:02}-05T02:00:00Z",
        "lines": lines,
        **fields,
    }


class Reads(Protocol):
    """Reads under way."""

    async def begin(self, read_id: UUID, partner_id: str, tenant: str) -> ReadProgress: ...

    async def save_clients(
        self, progress: ReadProgress, pages: Pages, page: HaloPage[Client], most: int
    ) -> ReadProgress: ...

    async def save_licences(
        self, progress: ReadProgress, pages: Pages, page: HaloPage[SeenLicence], most: int
    ) -> ReadProgress: ...

    async def restart(self, progress: ReadProgress) -> int: ...

    async def compare(self, progress: ReadProgress) -> Comparison: ...


class Sweeper(Protocol):
    """Asks again for what nobody works on."""

    async def redeliver_due(self) -> int: ...


class Counter(Protocol):
    """Counts the requests of runs."""

    async def count(self, run_id: UUID, requests: int) -> None: ...


class Stage(ABC):
    """A connected partner with `LINES` in its first invoice; and what a test looks at."""

    runs: Runs
    sweeper: Sweeper
    reads: Reads
    page_sizes: PageSizes
    plans: Plans
    actions: Actions
    counter: Counter
    invoice_pk: int

    @abstractmethod
    async def take_in(self, number: int) -> None:
        """Take in the event of this number, an invoice with auto_sync on."""

    @abstractmethod
    async def publish(self, **fields: Any) -> None:
        """Take in an invoice of these fields (`event`).

        Raises:
            InvalidInvoiceError: it is not taken in.
        """

    @abstractmethod
    async def choose(self, period: str, choice: MonthInvoices) -> None:
        """Say which invoices of a month count."""

    @abstractmethod
    async def invoices_of(self, run_id: UUID) -> list[str]:
        """Return the invoices of a run, the newest first, each with its revision: `INV-1/2`."""

    @abstractmethod
    async def start(self) -> UUID | None:
        """Start a run for the newest invoice; None while another goes on."""

    @abstractmethod
    async def run(self, run_id: UUID) -> tuple[str, str | None, int]:
        """Return state, error code and requests to Halo."""

    @abstractmethod
    async def messages(self, message_type: str) -> list[UUID]:
        """Take messages of a type out of the outbox: the runs that they are about."""

    @abstractmethod
    async def batches(self, run_id: UUID) -> list[tuple[int, str]]:
        """Return id and state of a run's batches."""

    @abstractmethod
    async def items(self, run_id: UUID) -> list[tuple[str, str, str, int | None]]:
        """Return licence, action, outcome and batch of a run's items."""

    @abstractmethod
    async def settle(self, seconds: float) -> None:
        """Have writes of the partner be given up as unknown that settle in so many seconds."""

    @abstractmethod
    async def ask_first(self) -> None:
        """Switch the first review on."""

    @abstractmethod
    async def review_due(self) -> bool:
        """Tell whether it is still to be done."""

    @abstractmethod
    async def choices(self, run_id: UUID) -> list[ReviewOutlook]:
        """Return what the plan says of each choice of the first review."""

    @abstractmethod
    async def end(self, run_id: UUID) -> None:
        """End a run that was stored, whatever it left."""

    @abstractmethod
    async def pass_time(self, seconds: float) -> None:
        """Let so much time pass for every row."""


class RealStage(Stage):
    """On Postgres."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = self.pool = pool
        self._runs = RunStore(pool)
        nowhere = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(404)))
        self._intake = Intake(InvoiceStore(pool), self._runs, LinesFetcher(nowhere, frozenset()), PlanningSlots())
        self.runs, self.sweeper, self.reads, self.plans = RunWork(pool), self._runs, ReadStore(pool), PlanStore(pool)
        self.actions, self.counter = ActionStore(pool), RequestCounter(pool)
        self.page_sizes = PageSizeStore(pool)
        self.invoice_pk = 0

    async def set_up(self) -> None:
        await PartnerStore(self._pool).add(PARTNER, "Acme MSP")
        await self._pool.execute(
            "INSERT INTO connection (partner_id, state, tenant) VALUES ($1, 'connected', $2)", PARTNER, TENANT
        )
        await self._pool.execute(
            "UPDATE partner SET guard_max_count = NULL, guard_max_fraction = NULL, review_first_sync = false"
        )
        await self._store(0)
        self.invoice_pk = await self._pool.fetchval("SELECT invoice_pk FROM invoice")

    async def _store(self, number: int) -> None:
        await self._intake.take_in(json.dumps(event(number)).encode())

    async def take_in(self, number: int) -> None:
        await self._pool.execute("UPDATE partner SET auto_sync = true")
        await self._store(number)

    async def publish(self, **fields: Any) -> None:
        await self._pool.execute("UPDATE partner SET auto_sync = true")
        await self._intake.take_in(json.dumps(event(uuid4().int, **fields)).encode())

    async def choose(self, period: str, choice: MonthInvoices) -> None:
        await MonthChoices(self._pool).choose_invoices(PARTNER, period, choice, by=COMMAND_LINE)

    async def invoices_of(self, run_id: UUID) -> list[str]:
        rows = await self._pool.fetch(
            """SELECT invoice_id, revision FROM invoice_of_run JOIN invoice USING (invoice_pk)
            WHERE run_id = $1 ORDER BY line_offset""",
            run_id,
        )
        return [f"{row['invoice_id']}/{row['revision']}" for row in rows]

    async def start(self) -> UUID | None:
        try:
            return await self._runs.request(PARTNER, RunOrder(), by=COMMAND_LINE)
        except RunInProgressError:
            return None

    async def run(self, run_id: UUID) -> tuple[str, str | None, int]:
        [row] = await self._pool.fetch("SELECT state, error_code, halo_requests FROM run WHERE run_id = $1", run_id)
        return row["state"], row["error_code"], row["halo_requests"]

    async def messages(self, message_type: str) -> list[UUID]:
        rows = await self._pool.fetch(
            """DELETE FROM outbox WHERE message_type = $1
            RETURNING (convert_from(body, 'UTF8')::json ->> 'run_id')::uuid AS run_id""",
            message_type,
        )
        return [row["run_id"] for row in rows]

    async def batches(self, run_id: UUID) -> list[tuple[int, str]]:
        rows = await self._pool.fetch("SELECT batch_id, state FROM batch WHERE run_id = $1 ORDER BY batch_id", run_id)
        return [(row["batch_id"], row["state"]) for row in rows]

    async def items(self, run_id: UUID) -> list[tuple[str, str, str, int | None]]:
        rows = await self._pool.fetch(
            "SELECT licence_name, action, outcome, batch_id FROM item WHERE run_id = $1 ORDER BY seq", run_id
        )
        return [tuple(row) for row in rows]

    async def settle(self, seconds: float) -> None:
        await self._pool.execute("UPDATE partner SET settled_at = now() + make_interval(secs => $1)", seconds)

    async def ask_first(self) -> None:
        await self._pool.execute("UPDATE partner SET review_first_sync = true")

    async def review_due(self) -> bool:
        due: bool = await QUERIES.review_due(self._pool, partner_id=PARTNER, tenant=TENANT)
        return due

    async def choices(self, run_id: UUID) -> list[ReviewOutlook]:
        return list(await ReviewStore(self._pool).outlooks(run_id))

    async def end(self, run_id: UUID) -> None:
        await self._pool.execute("UPDATE run SET state = 'partial', finished_at = now() WHERE run_id = $1", run_id)

    async def pass_time(self, seconds: float) -> None:
        await self._pool.execute(
            """UPDATE run SET claimed_until = claimed_until - make_interval(secs => $1),
            redeliver_at = redeliver_at - make_interval(secs => $1)""",
            seconds,
        )


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
        self._db.inbox.add(UUID(int=0))
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

    async def publish(self, **fields: Any) -> None:
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


@pytest.fixture
async def real_stage(pool: "asyncpg.Pool[Any]") -> RealStage:
    stage = RealStage(pool)
    await stage.set_up()
    return stage


@pytest.fixture(params=["postgres", "double"])
def stage(request: pytest.FixtureRequest) -> Any:
    """One after the other; the double needs no database."""
    return request.getfixturevalue("real_stage") if request.param == "postgres" else MemoryStage()


async def claimed(stage: Stage, claim: UUID) -> UUID:
    """Start a run and claim it."""
    run_id = await stage.start()
    assert run_id is not None
    assert await stage.runs.claim(run_id, claim) is not None
    return run_id


async def read(stage: Stage, run_id: UUID, clients: list[Client], licences: list[SeenLicence]) -> ReadProgress:
    """Read all of Halo: each list in a page, and another one that shows that there is no more."""
    progress = await stage.reads.begin(run_id, PARTNER, TENANT)
    while progress.list == "clients":
        rows = clients if progress.pages is None else []
        progress = await save_clients(stage, progress, rows, len(clients))
    while progress.list == "licences":
        found = licences if progress.pages is None else []
        progress = await save_licences(stage, progress, found, len(licences))
    return progress


async def save_clients(
    stage: Stage, progress: ReadProgress, rows: list[Client], record_count: int, *, size: int = 100
) -> ReadProgress:
    """Keep a page of clients."""
    pages = progress.pages or Pages(size=size)
    return await stage.reads.save_clients(progress, pages, HaloPage(record_count, rows), MOST_ROWS)


async def save_licences(
    stage: Stage, progress: ReadProgress, rows: list[SeenLicence], record_count: int, *, size: int = 100
) -> ReadProgress:
    """Keep a page of licences."""
    pages = progress.pages or Pages(size=size)
    return await stage.reads.save_licences(progress, pages, HaloPage(record_count, rows), MOST_ROWS)
