"""What the report page is made of: an invoice, its run, its lines by customer.

Counted are *items* (spec section 3) where the numbers are a run's, and *lines* where they are an invoice's: several
lines can come to one item, lines that do not recur to none, and a clean-up is an item without a line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from halosync.contracts.run import RunCounters
from halosync.domain.model import LineKind, Outcome
from halosync.domain.states import RunState
from halosync.ports.invoice_views import LoadedInvoice
from halosync.ports.line_views import LinesOfRun, LineView
from halosync.ports.sort_order import SortOrder


class LineSort(StrEnum):
    """What lines are sorted by; those of one customer always stand together."""

    CUSTOMER = "customer"
    PRODUCT = "product"
    QUANTITY = "quantity"
    UNIT_PRICE = "unit_price"
    TOTAL = "total"
    CYCLE = "cycle"
    STATUS = "status"


BY_CUSTOMER = SortOrder(LineSort.CUSTOMER)
"""The usual order of lines."""


@dataclass(frozen=True, slots=True)
class LineChoice:
    """Which lines, and in which order. None, and False for `needing_attention`, filter nothing.

    Attributes:
        outcome: only lines with this outcome.
        needing_attention: only lines that need attention (`halosync.domain.remedy.needs_attention`).
        kind: only lines of this kind.
        customer_id: only lines of this customer.
        billing_cycle: only lines of this billing cycle.
        q: only lines with this text in a name, a code or the reason, in upper or lower case.
        order: the order. Customers stand where the first of their lines stands.
    """

    outcome: Outcome | None = None
    needing_attention: bool = False
    kind: LineKind | None = None
    customer_id: str | None = None
    billing_cycle: str | None = None
    q: str | None = None
    order: SortOrder[LineSort] = BY_CUSTOMER


@dataclass(frozen=True, slots=True)
class ReportedRun:
    """The newest run that applied the invoice and has a plan; `counters` count its items.

    `later_end` is how a later one ended, failed or cancelled, that never had a plan; None: there is none. `line_offset`
    is what the run adds to the numbers of this invoice's lines: it may be for several invoices. `undone_by` is the undo
    that has put back what the run did; None: none has, or it was undone itself.
    """

    run_id: UUID
    state: RunState
    finished_at: datetime | None
    counters: RunCounters
    later_end: RunState | None = None
    line_offset: int = 0
    undone_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class ReportedInvoice:
    """An invoice and what became of it; without a run it is not synchronised yet.

    Attributes:
        invoice: the revision that counts, or the last one if another invoice took its place.
        is_newest: whether a Sync is for it.
        run: what its lines' outcomes come from.
        is_purged: it is so old that its lines are no longer kept.
    """

    invoice: LoadedInvoice
    is_newest: bool
    run: ReportedRun | None
    is_purged: bool = False

    @property
    def run_id(self) -> UUID | None:
        """The id of `run`."""
        return None if self.run is None else self.run.run_id

    @property
    def lines(self) -> LinesOfRun:
        """Its lines, as `run` knows them."""
        return LinesOfRun(self.invoice.invoice_pk, self.run_id, self.run.line_offset if self.run else 0)


@dataclass(frozen=True, slots=True)
class LineCounts:
    """How many lines stand where. `fitting` fit the choice, `needing_attention` need attention.

    `lines` are all of them; what is left after the outcomes is not synchronised yet.
    """

    lines: int
    fitting: int
    needing_attention: int
    synced: int
    skipped: int
    held: int
    failed: int
    pending: int


@dataclass(frozen=True, slots=True)
class CycleMoney:
    """What is billed per billing cycle, in the invoice's currency; a cycle of None is what does not recur."""

    billing_cycle: str | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class CustomerLines:
    """A customer on a page. Counts and money are of all its lines; `lines` are those on the page."""

    customer_id: str
    customer_name: str
    counts: LineCounts
    money: Sequence[CycleMoney]
    lines: Sequence[LineView]


@dataclass(frozen=True, slots=True)
class LinesPage:
    """A page of lines by customer. `first` lines that fit come before it; `counts` are the invoice's."""

    first: int
    counts: LineCounts
    customers: Sequence[CustomerLines]
