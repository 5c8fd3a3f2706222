"""Invoices as people and programs look at them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from halosync.domain.states import RunState


@dataclass(frozen=True, slots=True)
class LoadedInvoice:
    """A revision of an invoice; `total` is the sum of its lines, each rounded to cents."""

    invoice_pk: int
    invoice_id: str
    revision: int
    period: str
    currency: str
    line_count: int
    total: Decimal
    issued_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Expectation:
    """By what a partner's next invoice is expected.

    Attributes:
        invoice_day: the day of the month, as the partner has set it.
        country: whose holidays count, ISO 3166; None: nobody's.
        newest_month_began: when the first invoice of the newest month was issued, also if it was corrected since: a
            correction is not the invoice run. None before the first.
    """

    invoice_day: int
    country: str | None
    newest_month_began: datetime | None


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """An invoice and its newest run, a preview too; `run_id` and `run_state` are None before the first."""

    invoice: LoadedInvoice
    run_id: UUID | None
    run_state: RunState | None


@dataclass(frozen=True, slots=True)
class SyncedInvoice:
    """An invoice and what its run made of it.

    Attributes:
        period: the month that is billed, YYYY-MM.
        run_id: the newest run that applied it and made a plan, else the newest that applied it; None before the first.
        state: the state of that run.
        counts: how many of its items have each outcome; None before the first run. All zero: the run made no plan.
        replaced_by: the id of the invoice that replaced it before it was synchronised; None: none did.
        others: the invoices of its month that the same run synchronised with it.
    """

    invoice_id: str
    revision: int
    period: str
    issued_at: datetime
    line_count: int
    replaced_by: str | None
    run_id: UUID | None
    state: RunState | None
    counts: Mapping[str, int] | None
    others: "Sequence[SyncedInvoice]" = ()
