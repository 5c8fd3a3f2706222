"""What the tests of planning have of a partner with an invoice, wherever its rows are."""

from abc import ABC, abstractmethod
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from devstack.fields import Fields
from halo_writer.ports import Actions
from halosync.domain.completeness import Pages
from halosync.domain.guard import Comparison
from halosync.domain.invoice_choice import MonthInvoices
from halosync.domain.model import Client, Line, LineKind, SeenLicence
from halosync.domain.review_choices import ReviewOutlook
from halosync.ports.reads import HaloPage, PageSizes, ReadProgress
from planner.ports import Plans, Runs

MOST_ROWS = 1000


PARTNER, TENANT, PRODUCTS = "acme-msp", "acme", ("P-1", "P-2")


LINES = [
    Line(number, "C-1", "Contoso", product, LineKind.RECURRING, Decimal(3), Decimal("10.00"), "Monthly")
    for number, product in enumerate(PRODUCTS, 1)
]


def event(number: int, **fields: Any) -> Fields:
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
    async def publish(self, **fields: object) -> None:
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
