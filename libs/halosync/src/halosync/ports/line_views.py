"""The lines of an invoice, each with what became of it in a run."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from halosync.domain.model import Action, LicenceState, LineKind, Outcome


@dataclass(frozen=True, slots=True)
class BilledLine:
    """A line as the invoice has it; `line_no` is its position in the invoice, counted from 1."""

    line_id: str
    line_no: int
    product_code: str
    product_name: str
    kind: LineKind
    quantity: Decimal
    unit_price: Decimal
    billing_cycle: str


@dataclass(frozen=True, slots=True)
class LineView(BilledLine):
    """A line and what became of it in a run; outcome to `run_id` are None before there is one.

    Attributes:
        item_id: the item that answers for the line; None: none does.
        before: the licence as Halo showed it before the run; None: there was none, or the line sets none.
        after: the licence as the run has left it, or is to leave it; likewise. Of what was undone it is `before`.
    """

    customer_id: str
    customer_name: str
    outcome: Outcome | None
    action: Action | None
    reason: str | None
    detail: str | None
    item_id: int | None
    run_id: UUID | None
    before: LicenceState | None = None
    after: LicenceState | None = None


@dataclass(frozen=True, slots=True)
class LinesOfRun:
    """The lines of an invoice beside what a run made of them.

    Attributes:
        invoice_pk: the invoice.
        run_id: the run; None: there is none yet.
        line_offset: what the run adds to the numbers of these lines.
    """

    invoice_pk: int
    run_id: UUID | None
    line_offset: int = 0


@dataclass(frozen=True, slots=True)
class LineFilter:
    """Which lines: with this outcome, of this customer, with this text in a name, code or reason. None: any."""

    outcome: Outcome | None = None
    customer_id: str | None = None
    q: str | None = None
