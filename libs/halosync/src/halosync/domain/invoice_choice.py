"""Which invoices a run is for (spec section 9, "Which invoice")."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from halosync.domain.run_sentences import NoRun


class MonthInvoices(StrEnum):
    """What a person says of several invoices of one month that do not replace one another."""

    TOGETHER = "together"
    """Their lines are one demand."""
    NEWEST = "newest"
    """Only the newest counts."""


@dataclass(frozen=True, slots=True)
class InvoiceCandidate:
    """An invoice of a month that none supersedes. `is_meant`: the run was asked for it."""

    is_meant: bool
    currency: str


@dataclass(frozen=True, slots=True)
class MonthOfCandidates:
    """What is known of the month of the invoice that is meant.

    Attributes:
        period: YYYY-MM.
        invoices: those that count, the newest first; one of them is meant.
        choice: what a person said of them; None: nothing yet.
        last_synced: the month that was synchronised last, YYYY-MM; None: none was.
    """

    period: str
    invoices: Sequence[InvoiceCandidate]
    choice: MonthInvoices | None
    last_synced: str | None


def choose_invoices(month: MonthOfCandidates, *, allow_older: bool) -> Sequence[int] | NoRun:
    """Return the places in `month.invoices` of those that a run is for, the newest first; or why there is no run.

    `allow_older`: a person wants it although the invoice is older than what counts.
    """
    meant = next(place for place, invoice in enumerate(month.invoices) if invoice.is_meant)
    if month.last_synced is not None and month.period < month.last_synced and not allow_older:
        return NoRun.OLDER_PERIOD
    if len(month.invoices) == 1:
        return (meant,)
    if month.choice is None:
        return NoRun.SEVERAL_INVOICES
    if month.choice is MonthInvoices.NEWEST:
        return (meant,) if meant == 0 or allow_older else NoRun.OLDER_PERIOD
    if len({invoice.currency for invoice in month.invoices}) > 1:
        return NoRun.SEVERAL_CURRENCIES
    return range(len(month.invoices))
