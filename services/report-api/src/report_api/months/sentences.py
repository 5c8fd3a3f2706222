"""What the reasons of a month are called, and the button that helps (spec section 14)."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from halosync.domain.model import Reason
from halosync.domain.month import MonthReason, MonthState, ReasonSum
from halosync.domain.remedy import Remedy, remedy_of
from halosync.domain.run_order import RunMode

from report_api.months.certificate_models import CertifiedRun
from report_api.runs import sentences
from report_api.runs.sentences import Meaning, RemedyLink
from report_api.web.formats import plural

NOT_CLOSED = "This month is not closed; a month has a certificate once it is closed."
CLOSED = "This month is closed, so what is accepted stays as it was certified. A new revision of its invoice opens it."
NO_MONTH = "There is no invoice of that month, or it is so old that its details are no longer kept."

STATES: Mapping[MonthState, Meaning] = {
    MonthState.OPEN: Meaning("Open", "warn", "Part of this month is not synchronised and not accepted yet."),
    MonthState.READY: Meaning("Ready to close", "info", "Everything is synchronised or accepted."),
    MonthState.CLOSED: Meaning("Closed", "good", "Somebody closed this month. Its certificate does not change."),
}

REASONS: Mapping[MonthReason, str] = {
    MonthReason.NOT_SYNCHRONISED: "Not synchronised yet",
    MonthReason.IN_PROGRESS: "Being synchronised now",
    MonthReason.EDITED_IN_HALO: "Changed in Halo since it was synchronised",
    MonthReason.UNDONE: "Undone since the last Sync",
    MonthReason.LATER_MONTH: "A Sync of a later month has changed it since",
    MonthReason.PRICE_LEFT_ALONE: "Your settings leave prices in Halo alone",
    MonthReason.ROUNDING: "Each invoice line is rounded to cents",
    MonthReason.PRICE_TO_THE_CENT: "Halo rounds the unit price to cents",
}

_MONTH_REASONS: Mapping[str, str] = {reason.value: label for reason, label in REASONS.items()}

_SYNC = RemedyLink("", "Go to Sync")
"""A remedy whose page has no name is on the month page itself: its Sync panel."""

_BUTTONS: Mapping[MonthReason, RemedyLink] = {
    MonthReason.NOT_SYNCHRONISED: _SYNC,
    MonthReason.IN_PROGRESS: RemedyLink("", "Watch the Sync"),
    MonthReason.EDITED_IN_HALO: _SYNC,
    MonthReason.UNDONE: _SYNC,
    MonthReason.PRICE_LEFT_ALONE: RemedyLink("settings", "Open Settings"),
}

_OF_INVOICE = {Reason.CONFLICTING_LINES, Reason.NEGATIVE_QUANTITY, Reason.NEGATIVE_PRICE}


def label(reason: str | None) -> str:
    """Return a reason as people read it; without one, that nothing explains the difference."""
    if reason is None:
        return "Unexplained: please tell your distributor"
    return _MONTH_REASONS.get(reason) or sentences.reason_label(reason) or reason


def button(each: ReasonSum, run_id: UUID | None = None) -> RemedyLink | None:
    """Return the page where something can be done about a reason; None where there is none.

    `run_id` is the newest run of the month, which holds what is held: a Sync alone would hold it again.
    """
    if each.reason in set(MonthReason) and not (each.held and each.reason in set(Reason)):
        return _BUTTONS.get(MonthReason(each.reason))
    remedy = remedy_of(each.reason)
    if remedy is Remedy.LINK_CUSTOMER:
        return RemedyLink("customers/unmatched", "Link the customers")
    if remedy in sentences.HELD_PAGES:
        held = sentences.HELD_PAGES[remedy]
        return RemedyLink(f"runs/{run_id}/{held.tab}", held.button) if run_id else _SYNC
    if remedy in {Remedy.RETRY, Remedy.SYNC}:
        return _SYNC
    return sentences.REMEDY_PAGES.get(remedy)


def run_kind(run: CertifiedRun) -> str:
    """Say what a run was: a Sync, or the undo of one."""
    return sentences.MODES[RunMode(run.mode)]


def approved_words(run: CertifiedRun) -> Sequence[str]:
    """Return sentences of what a person approved for a run, and under which settings it was planned."""
    counts = ((run.approve_removals, "removal"), (run.approve_review, "change"))
    approved = [plural(count, what) for count, what in counts if count is not None]
    words = [f"A person approved up to {' and '.join(approved)}."] if approved else []
    if run.approved_items:
        words.append(f"A person approved {plural(run.approved_items, 'held change')} one by one.")
    known = run.removal or run.price_field
    return [*words, sentences.settings_then(run.removal, run.price_field)] if known else words


def advice(each: ReasonSum) -> str:
    """Say what helps where no page of ours does."""
    if not each.keeps_open:
        return "Accepted" if each.accepted == each.count else "Nothing to do"
    if each.reason in _OF_INVOICE:
        return "Ask for a corrected invoice, or accept it"
    return "Correct it in Halo as its row says, or accept it"
