"""A month of a partner: what it is made of, and why it cannot be closed (spec section 11)."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from halosync.domain.decimals import plain
from halosync.domain.invoice_choice import MonthInvoices
from halosync.domain.listing import are, counted
from halosync.domain.model import Outcome
from halosync.domain.month import Reconciliation, keeps_month_open, not_recurring
from halosync.domain.run_sentences import NoRun
from halosync.ports.invoice_views import LoadedInvoice


class UnknownItemError(LookupError):
    """Nothing of that key is in the month."""


class NotReadyError(RuntimeError):
    """The month cannot be closed: `open_things` of it are neither synchronised nor accepted."""

    def __init__(self, open_things: int) -> None:
        super().__init__(f"{counted(open_things, 'thing')} {are(open_things)} open")
        self.open_things = open_things


class RowsChangedError(RuntimeError):
    """What a customer has to accept, or to take back, for a reason is not what was looked at."""


class ClosedMonthError(RuntimeError):
    """The month is closed: what was accepted is certified."""


class MonthChangedError(RuntimeError):
    """The month has changed since it was looked at: it has `accepted` accepted exceptions now."""

    def __init__(self, accepted: int) -> None:
        super().__init__(f"{counted(accepted, 'accepted exception')} by now")
        self.accepted = accepted


@dataclass(frozen=True, slots=True)
class MonthInvoice:
    """An invoice of the month; `counts`: the month is made of it."""

    invoice: LoadedInvoice
    counts: bool


@dataclass(frozen=True, slots=True)
class MonthChanges:
    """The net effect of all runs of the month: how many licences were created, updated, deleted."""

    created: int
    updated: int
    deleted: int


@dataclass(frozen=True, slots=True)
class Closing:
    """That a month was closed: the how manieth time, when, by whom, and what was certified then."""

    number: int
    closed_at: datetime
    closed_by: str
    certificate: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ClosingHead:
    """A closing without its certificate; `stands`: the month has not been opened again since."""

    number: int
    closed_at: datetime
    closed_by: str
    stands: bool


@dataclass(frozen=True, slots=True)
class KeptCertificate:
    """A certificate of a month whose details are no longer kept."""

    period: str
    number: int
    closed_at: datetime
    closed_by: str


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a partner as it stands; `closings` are all there have been, the last one first."""

    period: str
    invoices: Sequence[MonthInvoice]
    reconciliation: Reconciliation
    changes: MonthChanges
    closings: Sequence[ClosingHead] = ()

    @property
    def closing(self) -> ClosingHead | None:
        """The closing that stands; None: the month is open, or opened again."""
        return next((each for each in self.closings if each.stands), None)

    @property
    def currency(self) -> str:
        """The currency of the invoices that count, ISO 4217."""
        return next(each.invoice.currency for each in self.invoices if each.counts)

    @property
    def not_recurring(self) -> Decimal:
        """What its invoices bill besides the recurring lines."""
        return not_recurring(
            (each.invoice.total for each in self.invoices if each.counts),
            (total.billed for total in self.reconciliation.totals),
        )


@dataclass(frozen=True, slots=True)
class MonthItem:
    """A row behind the sums: one thing of one customer in one billing cycle, and who accepted it as it is.

    `shared`: the thing is of several customers of one client in Halo. Each has rows of it; it is accepted for all.
    """

    item_key: str
    customer_id: str
    customer_name: str
    halo_client_id: int | None
    product_code: str | None
    licence_name: str | None
    halo_licence_id: int | None
    run_id: UUID | None
    item_id: int | None
    outcome: Outcome | None
    reason: str | None
    detail: str | None
    billing_cycle: str | None
    cycle_key: str
    shared: bool
    lines: int
    billed: Decimal
    in_halo: Decimal
    note: str | None
    accepted_by: str | None
    accepted_at: datetime | None

    @property
    def difference(self) -> Decimal:
        """What is billed and not in Halo."""
        return self.billed - self.in_halo

    @property
    def wants_word(self) -> bool:
        """Tell whether a person may accept it as it is: it differs, or keeps the month from being ready."""
        return self.reason is not None and (bool(self.difference) or keeps_month_open(self.outcome, self.reason))

    @property
    def waits_for_word(self) -> bool:
        """Tell whether nobody has accepted it yet although a person may."""
        return self.wants_word and self.note is None

    @property
    def is_exception(self) -> bool:
        """Tell whether a certificate names it: it differs, or somebody had to accept it.

        What differs by nothing and asks nobody, such as a charge that does not recur, is as it should be.
        """
        return bool(self.difference) or self.wants_word or self.note is not None


@dataclass(frozen=True, slots=True)
class RowsTogether:
    """What rows come to that are accepted, or taken back, together.

    Attributes:
        item_keys: of which things they are; one with two billing cycles has two rows.
        amount: what of them differs.
        fingerprint: another one as soon as any row is another one, or differs by something else.
    """

    item_keys: Sequence[str]
    amount: Decimal
    fingerprint: str

    @classmethod
    def of(cls, rows: Iterable[MonthItem]) -> "RowsTogether":
        """Return what rows come to."""
        every = list(rows)
        shown = json.dumps(sorted([row.item_key, row.cycle_key, plain(row.difference)] for row in every))
        return cls(
            sorted({row.item_key for row in every}),
            sum((row.difference for row in every), Decimal("0.00")),
            hashlib.sha256(shown.encode()).hexdigest(),
        )

    @property
    def count(self) -> int:
        """How many things they are."""
        return len(self.item_keys)


@dataclass(frozen=True, slots=True)
class NewestMonth:
    """The month of the newest invoice.

    Attributes:
        period: YYYY-MM.
        invoice_ids: its invoices that none supersedes, the newest first.
        currencies: those of these invoices, each once; of several, they cannot count together.
        choice: what a person said of several; None: nothing.
        counting: the keys of those that a Sync is for.
        why_not: why a Sync would not begin; None: it would.
        newest: the newest invoice.
    """

    period: str
    invoice_ids: Sequence[str]
    currencies: Sequence[str]
    choice: MonthInvoices | None
    counting: Sequence[int]
    why_not: NoRun | None
    newest: LoadedInvoice
