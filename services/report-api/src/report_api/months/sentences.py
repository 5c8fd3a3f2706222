"""What the reasons of a month are called, and the button that helps (spec section 14)."""

from collections.abc import Mapping

from halosync.domain.month import MonthReason, MonthState
from halosync.domain.remedy import Remedy, remedy_of

from report_api.runs import sentences
from report_api.runs.sentences import Meaning, RemedyLink

NO_MONTH = "There is no invoice of that month, or it is so old that its details are no longer kept."

STATES: Mapping[MonthState, Meaning] = {
    MonthState.OPEN: Meaning("Open", "warn", "Something of this month is neither synchronised nor accepted."),
    MonthState.READY: Meaning("Ready to close", "info", "Everything is synchronised or accepted."),
    MonthState.CLOSED: Meaning("Closed", "good", "Somebody closed this month. Its certificate does not change."),
}

REASONS: Mapping[MonthReason, str] = {
    MonthReason.NOT_SYNCHRONISED: "Not synchronised yet",
    MonthReason.IN_PROGRESS: "A Sync is about to do it",
    MonthReason.EDITED_IN_HALO: "Changed in Halo since the last Sync",
    MonthReason.UNDONE: "Undone since the last Sync",
    MonthReason.PRICE_LEFT_ALONE: "Your settings leave prices in Halo alone",
    MonthReason.ROUNDING: "Each invoice line is rounded to cents",
}

_BUTTONS: Mapping[MonthReason, RemedyLink] = {
    MonthReason.NOT_SYNCHRONISED: RemedyLink("report", "Go to Sync"),
    MonthReason.IN_PROGRESS: RemedyLink("report", "Watch the Sync"),
    MonthReason.EDITED_IN_HALO: RemedyLink("report", "Go to Sync"),
    MonthReason.UNDONE: RemedyLink("report", "Go to Sync"),
    MonthReason.PRICE_LEFT_ALONE: RemedyLink("settings", "Open Settings"),
}


def label(reason: str | None) -> str:
    """Return a reason as people read it; without one, that nothing explains the difference."""
    if reason is None:
        return "Unexplained: please tell your distributor"
    if reason in set(MonthReason):
        return REASONS[MonthReason(reason)]
    return sentences.reason_label(reason) or reason


def button(reason: str | None) -> RemedyLink | None:
    """Return the page where something can be done about a reason; None where there is none."""
    if reason is None:
        return None
    if reason in set(MonthReason):
        return _BUTTONS.get(MonthReason(reason))
    remedy = remedy_of(reason)
    if remedy is Remedy.NONE:
        return None
    if remedy is Remedy.LINK_CUSTOMER:
        return RemedyLink("customers/unmatched", "Link the customers")
    return sentences.REMEDY_PAGES.get(remedy, RemedyLink("report", "Open the report"))
