"""What the codes of runs and items mean, in a billing administrator's words. Codes: docs/glossary.md."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from halosync.domain.model import Action, LineKind, Outcome, Reason
from halosync.domain.remedy import REMEDIES, Remedy
from halosync.domain.run_order import RunMode, SeenChange
from halosync.domain.run_sentences import WHY_NO_RUN, NoRun
from halosync.domain.states import RunState

Tone = Literal["good", "bad", "warn", "info", "wait", "none"]
"""The kind of a badge, which decides its colour and symbol; its text says the same."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """A code as people read it: `label` for a badge or a table, `sentence` says it in full."""

    label: str
    tone: Tone
    sentence: str


@dataclass(frozen=True, slots=True)
class RemedyLink:
    """Where something can be put right: the page of the partner, by its name, and what its button says."""

    tab: str
    button: str


STATES: Mapping[RunState, Meaning] = {
    RunState.QUEUED: Meaning("Waiting to start", "wait", "The run was asked for and starts in a moment."),
    RunState.READING: Meaning("Reading Halo", "wait", "Clients and licences are being read from Halo."),
    RunState.PLANNING: Meaning("Comparing", "wait", "The invoice is being compared with what Halo holds."),
    RunState.WRITING: Meaning("Writing to Halo", "wait", "Changes are being sent to Halo."),
    RunState.SUCCEEDED: Meaning("Succeeded", "good", "Nothing failed and nothing is held."),
    RunState.PARTIAL: Meaning("Partly done", "warn", "Some items failed or are held; everything else was carried out."),
    RunState.FAILED: Meaning("Failed", "bad", "The run could not be carried out to its end."),
    RunState.CANCELLED: Meaning(
        "Cancelled", "none", "Somebody stopped the run. What was already sent stays in Halo. The rest was not sent."
    ),
    RunState.PREVIEWED: Meaning("Preview ready", "good", "This shows what a Sync would do. Nothing was written."),
}

OUTCOMES: Mapping[Outcome, Meaning] = {
    Outcome.SYNCED: Meaning("Synced", "good", "Halo is as the invoice says."),
    Outcome.SKIPPED: Meaning("Skipped", "none", "Nothing to do here, or the customer has no client in Halo."),
    Outcome.HELD: Meaning("Held", "warn", "It waits until a person approves it."),
    Outcome.FAILED: Meaning("Failed", "bad", "It could not be done. The reason says why, and what to do."),
    Outcome.PENDING: Meaning("Not yet done", "wait", "This run has not done it yet."),
}

PREVIEWED: Mapping[Outcome, Meaning] = {
    Outcome.SYNCED: Meaning("Unchanged", "good", "Halo is as the invoice says. A Sync would not change it."),
    Outcome.SKIPPED: Meaning("Would be skipped", "none", "A Sync would skip this; the reason says why."),
    Outcome.HELD: Meaning("Would be held", "warn", "A Sync would hold this until a person approves it."),
    Outcome.FAILED: Meaning("Would fail", "bad", "A Sync could not do this; the reason says why and what to do."),
    Outcome.PENDING: Meaning("Would be done", "info", "A Sync would do this."),
}
"""What the outcomes mean in a preview, which does nothing."""

ACTIONS: Mapping[Action, Meaning] = {
    Action.CREATE: Meaning("Create", "none", "The client gets a licence that it does not have."),
    Action.UPDATE: Meaning("Update", "none", "The licence gets the values that differ."),
    Action.DELETE: Meaning("Remove", "none", "The licence is removed, in the way that the settings say."),
    Action.UNCHANGED: Meaning("Unchanged", "none", "Halo is as the invoice says already."),
    Action.NONE: Meaning("None", "none", "Nothing is asked of Halo; the reason says why."),
}

DONE: Mapping[Action, str] = {
    Action.CREATE: "Created in Halo",
    Action.UPDATE: "Updated in Halo",
    Action.DELETE: "Removed from Halo",
    Action.UNCHANGED: "Unchanged",
    Action.NONE: "",
}
"""What was done for a line that is synced."""

NOT_YET = Meaning("Not synchronised yet", "none", "No Sync has worked on this line.")
"""What no outcome means: nobody has pressed Sync for this invoice."""

KINDS: Mapping[LineKind, str] = {
    LineKind.RECURRING: "Recurring",
    LineKind.PRORATION: "Proration",
    LineKind.CREDIT: "Credit",
    LineKind.ONE_OFF: "One-off",
    LineKind.USAGE: "Usage",
}

REASONS: Mapping[Reason, str] = {
    Reason.CUSTOMER_NOT_FOUND: "No active client of that name in Halo",
    Reason.CUSTOMER_AMBIGUOUS: "Several clients of that name in Halo",
    Reason.CUSTOMER_EXCLUDED: "You excluded this customer",
    Reason.NOT_RECURRING: "Not a recurring charge",
    Reason.QUANTITY_ZERO: "Quantity 0 and no licence",
    Reason.CONFLICTING_LINES: "Invoice lines contradict each other",
    Reason.NEGATIVE_QUANTITY: "Negative quantity",
    Reason.LICENCE_AMBIGUOUS: "Several licences of that name in Halo",
    Reason.LICENCE_CLAIMED_TWICE: "Two products lead to one licence",
    Reason.NEGATIVE_PRICE: "Negative price",
    Reason.DELETE_GUARD: "Too many removals at once",
    Reason.FIRST_REVIEW: "Waits for the first review",
    Reason.MANAGED_ELSEWHERE: "Another program looks after it",
    Reason.KEPT: "You keep this licence",
    Reason.EDITED_IN_HALO: "Somebody changed it in Halo",
    Reason.CHANGED_SINCE: "Changed since the run",
    Reason.HALO_REJECTED: "Halo refused it",
    Reason.HALO_UNAVAILABLE: "Halo could not be reached",
    Reason.PERMISSION_DENIED: "Halo does not permit it",
    Reason.OUTCOME_UNKNOWN: "Not known whether Halo took it",
    Reason.NOT_KEPT: "Halo did not keep it",
    Reason.CONNECTION_LOST: "The connection to Halo was lost",
    Reason.RUN_CANCELLED: "The run was cancelled",
    Reason.UNDONE: "Undone since",
}

REMEDY_PAGES: Mapping[Remedy, RemedyLink] = {
    Remedy.LINK_CUSTOMER: RemedyLink("customers", "Link the customer"),
    Remedy.INCLUDE_CUSTOMER: RemedyLink("customers", "Open Customers"),
    Remedy.LINK_LICENCE: RemedyLink("licences", "Link the licence"),
    Remedy.RECONNECT: RemedyLink("halo-psa", "Reconnect Halo"),
}
"""The acts that are done on a page of their own. The others begin a run, or are nobody's."""

HELD_PAGES: Mapping[Remedy, RemedyLink] = {
    Remedy.APPROVE_REMOVALS: RemedyLink("removals", "Look at the removals"),
    Remedy.APPROVE_REVIEW: RemedyLink("review", "Look at the first review"),
    Remedy.APPROVE_CHANGES: RemedyLink("held", "Look at the edits"),
}
"""The page of a run, by its name, that shows what it holds, and what the button says that leads there."""

REMEDY_LINKS: Mapping[str, RemedyLink] = {
    **{reason: REMEDY_PAGES[act] for reason, act in REMEDIES.items() if act in REMEDY_PAGES},
    "connection_broken": RemedyLink("halo-psa", "Reconnect Halo"),
    "not_connected": RemedyLink("halo-psa", "Connect Halo"),
}
"""Where a reason of an item, or the code of a failed run, is put right. For all others the detail says what to do."""

ERRORS: Mapping[str, str] = {
    "read_incomplete": "Halo did not show a complete list",
    "row_unreadable": "Something in Halo cannot be understood",
    "read_shrunk": "Halo showed much less than before",
    "halo_unavailable": "Halo could not be reached",
    "halo_rejected": "Halo refused to be read",
    "permission_denied": "Halo does not permit reading",
    "not_connected": "Halo is not connected",
    "connection_broken": "The connection to Halo is broken",
    "token_unreadable": "The stored log-in to Halo cannot be read",
    "other_tenant": "Another Halo was connected meanwhile",
    "internal_error": "Something went wrong on our side",
}
"""The code of a failed run as a heading; the run's own sentence says what to do."""

PASSING = frozenset({"read_incomplete", "halo_unavailable", "other_tenant", "internal_error"})
"""The codes of failed runs for which trying again can help; for the others something has to be put right first."""

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

AUTOMATIC = "auto_sync"
"""Who asked for a run that nobody asked for."""


def reason_label(code: str | None) -> str | None:
    """Return a reason as people read it. Codes only grow: an unknown one is shown with spaces."""
    if code is None:
        return None
    try:
        return REASONS[Reason(code)]
    except ValueError:
        return _spelt(code)


def error_label(code: str | None) -> str:
    """Return the heading for a failed run."""
    return "The run failed" if code is None else ERRORS.get(code) or _spelt(code)


MODES = {
    RunMode.APPLY: "Sync",
    RunMode.PREVIEW: "Preview",
    RunMode.UNDO: "Undo",
    RunMode.UNDO_PREVIEW: "Preview of an undo",
}
"""What a run is called where runs of all modes are listed."""


def ended_meaning(state: RunState, skipped: int) -> Meaning:
    """Return what a run's state means where `skipped` items were: a success that left something out is not praised."""
    if state is RunState.SUCCEEDED and skipped:
        return replace(STATES[state], tone="none", sentence=f"{STATES[state].sentence} What was skipped says why.")
    return STATES[state]


def outcome_meaning(outcome: Outcome, state: RunState) -> Meaning:
    """Return what an outcome means in a run that stands at `state`."""
    return (PREVIEWED if state is RunState.PREVIEWED else OUTCOMES)[outcome]


def requester(requested_by: str) -> str:
    """Return who asked for a run. A key without a name is known by its id, which says nothing to people."""
    if requested_by == AUTOMATIC:
        return "Automatic Sync"
    return "a key without a name" if _ID.fullmatch(requested_by) else requested_by


_REMOVALS = {
    "delete": "removed licences are deleted",
    "deactivate": "removed licences become inactive",
    "zero": "removed licences get the quantity 0",
}
_PRICES = {
    "price": "the invoice's price is the selling price",
    "purchase_price": "the invoice's price is the purchase price",
    "none": "prices are left alone",
}


def settings_then(removal: str | None, price_field: str | None) -> str:
    """Say under which settings a run was planned."""
    told = [words for words in (_REMOVALS.get(removal or ""), _PRICES.get(price_field or "")) if words]
    text = "; ".join(told)
    return f"{text[:1].upper()}{text[1:]}." if text else "Not known."


def _spelt(code: str) -> str:
    return code.replace("_", " ").capitalize()


SEEN_CHANGES = {
    SeenChange.INVOICE: "A newer invoice, or a newer revision of it, has come since.",
    SeenChange.RUN: WHY_NO_RUN[NoRun.RUN_NOT_FOUND],
    SeenChange.TENANT: "Another Halo has been connected since.",
    SeenChange.REMOVAL: "The setting of what happens to removed licences has been changed since.",
    SeenChange.PLAN: "Another preview or Sync was made since, so Halo may be different by now.",
    SeenChange.UNDONE: "It was the preview of another undo.",
    SeenChange.HELD: "The number of held removals is not the one that you approved.",
    SeenChange.REVIEW: "The number of changes that wait for the first review is not the one that you approved.",
}
"""Why a page of a run does not hold any more."""
