"""Invoices, their lines, and months."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from halosync.domain.acts import Actor
from halosync.domain.invoice_choice import MonthInvoices
from halosync.domain.model import Outcome
from halosync.ports.invoice_report import (
    LineChoice,
    LinesPage,
    ReportedInvoice,
)
from halosync.ports.invoice_views import Expectation, InvoiceView, LoadedInvoice, SyncedInvoice
from halosync.ports.line_views import LineFilter, LinesOfRun, LineView
from halosync.ports.months import (
    Closing,
    KeptCertificate,
    Month,
    MonthItem,
    NewestMonth,
)
from halosync.ports.readiness import PartnerReadiness


class InvoiceReports(Protocol):
    """One invoice as the report page shows it; see `store.invoice_report`."""

    async def find(self, partner_id: str, invoice_id: str | None) -> ReportedInvoice | None:
        """Return an invoice, without an id the newest; None if the partner has none."""
        ...

    async def cycles(self, invoice_pk: int) -> Sequence[str]:
        """Return the billing cycles of an invoice."""
        ...

    async def cleanups(self, run_id: UUID) -> Mapping[Outcome, int]:
        """Return how many items of a run answer for no line, by outcome; an outcome without any counts 0."""
        ...

    async def page(self, of: ReportedInvoice, wanted: LineChoice, *, first: int, most: int) -> LinesPage:
        """Return a page of at most `most` lines, those after the `first` that fit; behind the end the last page."""
        ...

    def chunks(self, of: ReportedInvoice, wanted: LineChoice, size: int) -> AsyncIterator[Sequence[LineView]]:
        """Yield all lines that fit, in their order, at most `size` at a time; no connection is held in between."""
        ...


class InvoiceViews(Protocol):
    """The invoices of a partner that nothing supersedes; see `store.invoice_views`."""

    async def page(
        self, partner_id: str, *, after: tuple[str, datetime, int] | None = None, most: int
    ) -> Sequence[InvoiceView]:
        """Return invoices with their newest runs, newest first; `after`: a `period`, `issued_at` and `invoice_pk`."""
        ...

    async def newest(self, partner_id: str) -> InvoiceView | None:
        """Return the newest invoice; None before the first."""
        ...

    async def expectation(self, partner_id: str) -> Expectation:
        """Return by what the next invoice is expected, of a partner that there is."""
        ...

    async def by_month(self, partner_id: str) -> Sequence[LoadedInvoice]:
        """Return the invoices to choose from, newest month first, and within a month newest first."""
        ...

    async def synced(self, partner_id: str, *, most: int) -> Sequence[SyncedInvoice]:
        """Return the newest invoices with what became of them, newest first."""
        ...


class LineViews(Protocol):
    """The lines of an invoice, in its order; see `store.line_views`."""

    async def page(self, of: LinesOfRun, wanted: LineFilter, *, after: int, most: int) -> Sequence[LineView]:
        """Return at most `most` lines that fit, those behind the line number `after`.

        No line has an outcome before there is a run.
        """
        ...


class Months(Protocol):
    """The months of partners; see `MonthStore`."""

    async def periods(self, partner_id: str, *, before: str | None = None, most: int) -> Sequence[str]:
        """Return the months that have an invoice, newest first, those before `before`."""
        ...

    async def month(self, partner_id: str, period: str) -> Month | None:
        """Return a month as it stands; None if no invoice of it counts."""
        ...

    async def items(
        self,
        partner_id: str,
        period: str,
        *,
        reason: str | None = None,
        customer_id: str | None = None,
        only_different: bool = False,
        after: tuple[str, str, str] | None = None,
        most: int,
    ) -> Sequence[MonthItem]:
        """Return rows behind the sums, by customer, key and billing cycle; `after` is these three of the last one."""
        ...

    async def accept(self, partner_id: str, period: str, item_key: str, note: str, *, by: Actor) -> datetime:
        """Accept a thing as it is, for the reason that it has now; return when.

        Raises:
            UnknownItemError: the month has nothing of that key that differs for a reason.
            ClosedMonthError: the month is closed.
        """
        ...

    async def accept_together(
        self, partner_id: str, period: str, customer_id: str, reason: str, note: str, *, seen: str, by: Actor
    ) -> tuple[datetime, int]:
        """Accept all that waits of a customer for a reason with one note, or nothing; return when, and how many things.

        What is shared with another customer is not among it: an acceptance is for all that share a thing.

        Raises:
            RowsChangedError: what waits does not have the fingerprint that was `seen`, or nothing waits.
            ClosedMonthError: the month is closed.
        """
        ...

    async def withdraw_together(
        self,
        partner_id: str,
        period: str,
        customer_id: str,
        reason: str,
        accepted_at: datetime,
        *,
        seen: str,
        by: Actor,
    ) -> int:
        """Take back what was accepted together at that time, or nothing; return how many things it was.

        Raises:
            RowsChangedError: what is accepted since then does not have the fingerprint that was `seen`, or is nothing.
            ClosedMonthError: the month is closed.
        """
        ...

    async def withdraw(self, partner_id: str, period: str, item_key: str, *, by: Actor) -> bool:
        """Take an acceptance back; False if there was none.

        Raises:
            ClosedMonthError: the month is closed.
        """
        ...

    async def close(self, partner_id: str, period: str, *, seen: int, by: Actor) -> Closing | None:
        """Close a month and keep its certificate; a month that is closed already stays as it was closed.

        Args:
            partner_id: whose.
            period: which, YYYY-MM.
            seen: how many accepted exceptions the person has seen.
            by: who closes it.

        Returns:
            The closing; None if no invoice of the month counts.

        Raises:
            NotReadyError: something is neither synchronised nor accepted.
            MonthChangedError: the month has another number of accepted exceptions.
        """
        ...

    async def closing(self, partner_id: str, period: str, *, number: int | None = None) -> Closing | None:
        """Return how a month was closed, the `number`-th time or as it stands; None: it was not."""
        ...

    async def kept_certificates(self, partner_id: str, *, most: int) -> Sequence[KeptCertificate]:
        """Return the certificates of months whose details are no longer kept, newest first."""
        ...


class MonthChoices(Protocol):
    """What people said of months with several invoices; see `store.month_choices`."""

    async def choose_invoices(self, partner_id: str, period: str, choice: MonthInvoices, *, by: Actor) -> None:
        """Say which invoices of a month count; saying the same again changes nothing.

        Raises:
            NoInvoiceError: the month has no invoice.
            SeveralInvoicesError: together is wanted of invoices in different currencies.
        """

    async def exists(self, partner_id: str, period: str) -> bool:
        """Tell whether a month has invoices."""
        ...

    async def newest(self, partner_id: str) -> NewestMonth | None:
        """Return the month of the newest invoice, as a Sync would take it; None before the first invoice."""
        ...


class ReadinessStore(Protocol):
    """How ready partners are; see `ReadinessStore`."""

    async def page(
        self, *, period: str | None = None, after: str | None = None, most: int
    ) -> Sequence[PartnerReadiness]:
        """Return partners by id, those behind the id `after`; `period`, YYYY-MM, None: the newest of each."""
        ...
