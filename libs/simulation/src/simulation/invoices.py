"""Doubles of the stores of invoices, and which of them count (spec section 9, "Which invoice").

As `halosync.store.invoices.InvoiceStore`, what `RunStore` starts, and the views of `store/schema/invoices.sql`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from halosync.contracts.checked_line import CheckedLine
from halosync.contracts.invoice import InvoiceHeader
from halosync.contracts.invoice_checks import InvalidInvoiceError, LineChecker, identity, whole
from halosync.domain.invoice_choice import InvoiceCandidate, MonthInvoices, MonthOfCandidates, choose_invoices
from halosync.domain.model import Line, LineKind
from halosync.domain.run_sentences import NoRun
from halosync.store.invoices import SAYS_SOMETHING_ELSE
from planner.ports import LinesOf

from simulation.clock import now
from simulation.database import Database, Step
from simulation.rows import Run

REDELIVER_S = 30.0


@dataclass(eq=False)
class Invoice:
    """A row of `invoice` with its lines."""

    invoice_pk: int
    lines: Sequence[Line]
    invoice_id: str = "INV-1"
    revision: int = 1
    replaces: str | None = None
    period: str = "2026-11"
    currency: str = "AUD"
    issued_at: datetime = field(default_factory=lambda: datetime.fromisoformat("2026-11-05T02:00:00+00:00"))
    superseded: bool = False
    sync_wanted: bool = True


class MemoryInvoices:
    """As `InvoiceStore`, and `RunStore.start_wanted`; every partner of the simulation has `auto_sync`."""

    def __init__(self, database: Database, step: Step) -> None:
        self._db = database
        self._step = step

    async def take_in(self, header: InvoiceHeader, lines: LinesOf) -> bool:
        """As `InvoiceStore.take_in`.

        Raises:
            InvalidInvoiceError: it does not fit, or is not newer than what is here.
        """
        checker = LineChecker(header)
        came = [line async for some in lines(checker) for line in some]
        checker.finish()

        def effect() -> bool:
            if (content := self._db.inbox.get(header.event_id)) is not None:
                if content != checker.content:
                    raise InvalidInvoiceError(SAYS_SOMETHING_ELSE, identity(header))
                return False
            newest = max((i.revision for i in self._db.invoices if i.invoice_id == header.invoice_id), default=0)
            if header.revision <= newest:
                raise InvalidInvoiceError(whole(f"revision {newest} is already here", "revision"), identity(header))
            self._db.inbox[header.event_id] = checker.content
            # A line without a customer sets no licence and is nobody's: planning does not hear of it.
            ours = [(number, line) for number, line in enumerate(came, 1) if line.customer_id and line.customer_name]
            self._insert(header, [_line(number, line) for number, line in ours])
            return True

        return await self._step(effect)

    def _insert(self, header: InvoiceHeader, lines: Sequence[Line]) -> None:
        invoice = Invoice(
            invoice_pk=len(self._db.invoices),
            lines=lines,
            invoice_id=header.invoice_id,
            revision=header.revision,
            replaces=header.replaces,
            period=header.period,
            currency=header.currency,
            issued_at=header.issued_at,
        )
        for other in self._db.invoices:
            if other.invoice_id in {invoice.invoice_id, invoice.replaces}:
                other.superseded, other.sync_wanted = True, False
            elif other.replaces == invoice.invoice_id:
                invoice.superseded, invoice.sync_wanted = True, False
        self._db.invoices.append(invoice)

    async def reject(self, error: InvalidInvoiceError, body: bytes) -> None:
        """As `InvoiceStore.reject`."""
        await self._step(lambda: self._db.rejected.setdefault(body, str(error)))

    async def start_wanted(self, _partner_id: str) -> object:
        """As `RunStore.start_wanted`."""
        return await self._step(lambda: start_owed(self._db))

    async def start_all_wanted(self) -> None:
        """As `RunStore.start_all_wanted`."""
        await self._step(lambda: start_owed(self._db))


def _line(number: int, line: CheckedLine) -> Line:
    return Line(
        line_no=number,
        customer_id=line.customer_id,
        customer_name=line.customer_name,
        product_code=line.product_code,
        kind=LineKind(line.kind),
        quantity=line.quantity,
        unit_price=line.unit_price,
        billing_cycle=line.billing_cycle,
    )


def of_month(database: Database, period: str) -> list[Invoice]:
    """Return the invoices of a month that none supersedes, the newest first."""
    found = [each for each in database.invoices if each.period == period and not each.superseded]
    return sorted(found, key=lambda each: (each.issued_at, each.invoice_pk), reverse=True)


def newest(database: Database) -> Invoice | None:
    """Return the newest invoice, as `newest_invoice` of the schema."""
    current = [each.period for each in database.invoices if not each.superseded]
    return of_month(database, max(current))[0] if current else None


def last_synced(database: Database) -> str | None:
    """Return the month of the newest run that came to write, as `last_synced_period` of the schema."""
    written = [run.invoice_pk for run in database.runs.values() if run.wrote and run.undoes is None]
    return database.invoices[written[-1]].period if written else None


def chosen(database: Database, meant: Invoice, *, allow_older: bool = False) -> Sequence[Invoice] | NoRun:
    """Return the invoices that a run is for, the newest first; or why there is no run."""
    of = of_month(database, meant.period)
    month = MonthOfCandidates(
        meant.period,
        [InvoiceCandidate(each is meant, each.currency) for each in of],
        database.months.get(meant.period),
        last_synced(database),
    )
    places = choose_invoices(month, allow_older=allow_older)
    return places if isinstance(places, NoRun) else [of[place] for place in places]


def invoices_to_sync(database: Database) -> Sequence[Invoice] | NoRun:
    """Return what a Sync without a named invoice would be for now; or why it would be none."""
    meant = newest(database)
    return NoRun.INVOICE_NOT_FOUND if meant is None else chosen(database, meant)


def owed(database: Database) -> Invoice | None:
    """Return an invoice for which `auto_sync` owes a run, as the view `owed_sync`."""
    if not any(each.sync_wanted for each in database.invoices):
        return None
    latest = newest(database)
    if latest is None or latest.period < (last_synced(database) or ""):
        return None
    of, choice = of_month(database, latest.period), database.months.get(latest.period)
    if choice is None and len(of) > 1:
        return None
    counted = of if choice is MonthInvoices.TOGETHER else of[:1]
    if len({invoice.currency for invoice in counted}) > 1:
        return None
    return next((each for each in counted if each.sync_wanted), None)


def start_owed(database: Database) -> UUID | None:
    """Start what `auto_sync` owes, if it can start now."""
    invoice = owed(database)
    started = None if invoice is None else start(database, invoice)
    return started if isinstance(started, UUID) else None


def start(
    database: Database,
    meant: Invoice | None = None,
    *,
    accept_shrunk_read: bool = False,
    approve_review: int | None = None,
    approved: frozenset[int] = frozenset(),
) -> UUID | NoRun:
    """Start a run, of the newest invoice unless one is meant; as `start_run`.

    `approved` are held items, by id, that a person releases one by one.
    """
    meant = meant or newest(database)
    if meant is None:
        return NoRun.INVOICE_NOT_FOUND
    invoices = chosen(database, meant)
    if isinstance(invoices, NoRun):
        return invoices
    if any(not run.state.is_final for run in database.runs.values()):
        return NoRun.RUN_IN_PROGRESS
    run_id = UUID(int=len(database.runs) + 1)
    database.runs[run_id] = Run(
        run_id,
        invoices[0].invoice_pk,
        further=tuple(each.invoice_pk for each in invoices[1:]),
        redeliver_at=now() + REDELIVER_S,
        accept_shrunk_read=accept_shrunk_read,
        approve_review=approve_review,
        approved=approved,
    )
    for invoice in invoices:
        invoice.sync_wanted = False
    database.emit("run.requested.v1", run_id)
    return run_id


def undo(
    database: Database, undoes: UUID, *, accept_shrunk_read: bool = False, approved: frozenset[int] = frozenset()
) -> UUID | NoRun:
    """Start a run that undoes another one; as `start_run`."""
    run = database.runs[undoes]
    if any(not each.state.is_final for each in database.runs.values()):
        return NoRun.RUN_IN_PROGRESS
    if not database.done_by(undoes):
        return NoRun.NOTHING_TO_UNDO
    run_id = UUID(int=len(database.runs) + 1)
    database.runs[run_id] = Run(
        run_id,
        run.invoice_pk,
        further=run.further,
        redeliver_at=now() + REDELIVER_S,
        accept_shrunk_read=accept_shrunk_read,
        undoes=undoes,
        approved=approved,
    )
    database.emit("run.requested.v1", run_id)
    return run_id
