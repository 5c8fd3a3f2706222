"""Why no run is started, why one fails, and what to do: the sentence of each code, once for all who read it."""

from collections.abc import Mapping
from enum import StrEnum

from halosync.domain.connection_sentences import NOT_CONNECTED, SHOWS_UNREADABLE
from halosync.domain.decimals import percent
from halosync.domain.listing import counted, ended
from halosync.domain.plan import DeleteGuard


class NoRun(StrEnum):
    """Why no run is started."""

    RUN_NOT_FOUND = "run_not_found"
    INVOICE_NOT_FOUND = "invoice_not_found"
    INVOICE_EMPTY = "invoice_empty"
    OLDER_PERIOD = "older_period"
    SEVERAL_INVOICES = "several_invoices"
    SEVERAL_CURRENCIES = "several_currencies"
    NOT_CONNECTED = "not_connected"
    PARTNER_PAUSED = "partner_paused"
    RUN_IN_PROGRESS = "run_in_progress"
    RUN_OUTDATED = "run_outdated"
    PURGED = "purged"
    NOTHING_TO_UNDO = "nothing_to_undo"
    OTHER_TENANT = "other_tenant"
    NOT_HELD = "not_held"
    SUCCEEDED = "succeeded"
    """Nothing is left to retry; so it is with the three below."""
    PREVIEW = "preview"
    HELD = "held"
    DONE_SINCE = "done_since"


WHY_NO_RUN: Mapping[NoRun, str] = {
    NoRun.RUN_NOT_FOUND: "There is no such run.",
    NoRun.INVOICE_NOT_FOUND: "There is no such invoice, or none was loaded yet.",
    NoRun.INVOICE_EMPTY: (
        "The invoice has no lines, so there is nothing to synchronise. Ask the distributor about it."
    ),
    NoRun.OLDER_PERIOD: (
        "A newer month was synchronised already, so this invoice would bring old quantities back to Halo. If you "
        "really want that, start the run again and allow an older invoice (allow_older)."
    ),
    NoRun.SEVERAL_INVOICES: (
        "There are several invoices for this month, and none replaces another. Say first whether they count together, "
        "or only the newest one counts."
    ),
    NoRun.SEVERAL_CURRENCIES: (
        "The invoices of this month are in different currencies, so they cannot count together. Say that only the "
        "newest one counts, or ask the distributor."
    ),
    NoRun.NOT_CONNECTED: NOT_CONNECTED,
    NoRun.PARTNER_PAUSED: "The distributor has paused synchronisation for your account. Ask the distributor.",
    NoRun.RUN_IN_PROGRESS: "A run is still going on. Wait for its end, or cancel it.",
    NoRun.RUN_OUTDATED: (
        "A newer invoice, or a newer revision, has come since. Start a run for the newest one instead."
    ),
    NoRun.PURGED: (
        "This is so old that its details are no longer kept, so it cannot be done again or undone. Start a run for the "
        "newest invoice instead."
    ),
    NoRun.NOTHING_TO_UNDO: "This run has changed nothing in Halo, so there is nothing to undo.",
    NoRun.OTHER_TENANT: (
        "This run was for another Halo than the one that is connected now, so it cannot be undone here. Connect that "
        "Halo again first."
    ),
    NoRun.NOT_HELD: (
        "Not all of these items are held items of that run, so nothing was started. Open the run's held items again "
        "and choose again."
    ),
    NoRun.SUCCEEDED: "The run did everything; nothing is left to retry.",
    NoRun.PREVIEW: "A preview writes nothing, so there is nothing to retry. Start a run instead.",
    NoRun.HELD: (
        "Only held changes are left. They wait until a person approves them: in the portal, or by a run that gives "
        "their number as approve_removals, or as approve_review for the first review."
    ),
    NoRun.DONE_SINCE: "A later run has done what this one left.",
}


def read_failed(words: str) -> str:
    """Halo could not be read."""
    return f"Halo could not be read, so nothing was changed. Press Sync to try again. Halo said: {ended(words)}"


def read_incomplete(why: str) -> str:
    """Halo's list contradicts itself."""
    return (
        f"Halo's answer was not a complete list ({why}), so nothing was changed. "
        "If somebody is changing licences in Halo right now, wait a little; then press Sync to try again."
    )


def row_unreadable(words: str) -> str:
    """A row of Halo's lists holds what cannot be understood; `words` name it."""
    return f"{SHOWS_UNREADABLE}: {words}. Nothing was changed. Correct it in Halo, then press Sync again."


def permission_problem(words: str) -> str:
    """Halo does not let us read."""
    return (
        "Halo does not permit this, so nothing was changed. Give the Halo application and the agent who connected it "
        "the permissions to read customers and to read and edit software licensing, then connect again. "
        f"Halo said: {ended(words)}"
    )


def internal_error() -> str:
    """Something of ours is wrong; the operator finds the cause with the dead letter."""
    return (
        "Something went wrong in Converge, so nothing was changed. The operator has been told. Press Sync to try again."
    )


def list_now_empty(what: str, before: int) -> str:
    """Say that a list of Halo that had rows is empty."""
    return (
        f"Halo showed no {what}, and there were {before} before. The Halo agent that is connected may have lost its "
        "rights. Nothing was written. Check the agent's permissions in Halo. If the list really is empty, confirm it "
        "when you start the next Sync."
    )


def clients_emptied(clients: int, missing: int) -> str:
    """Say that clients have no licence any more."""
    whose = "a client that had some" if clients == 1 else f"{clients} clients that had some"
    return (
        f"Halo showed no licences of {whose} before: {missing:,} known licences are missing. The Halo agent that is "
        "connected may have lost its rights. Nothing was written. Check the agent's permissions in Halo. If the "
        "licences really are gone, confirm it when you start the next Sync."
    )


def licences_missing(missing: int, known: int, observed: int, guard: DeleteGuard) -> str:
    """Say how many known licences a read did not show."""
    return (
        f"{missing:,} of {known:,} known licences are missing from what Halo showed ({counted(observed, 'licence')})."
        f" That is more than {guard.max_count:,} and more than {percent(guard.max_fraction)} %, so nothing was written."
        " The Halo agent that is connected may have lost rights: check its permissions in Halo. If the licences really"
        " are gone, confirm it when you start the next Sync."
    )


def licences_unshown(unshown: int, observed: int, guard: DeleteGuard) -> str:
    """Say how many licences Halo counted and did not show, where it shows them client by client only."""
    return (
        f"Halo counts {unshown:,} more licences than the {observed:,} that it showed when asked for each client. "
        f"That is more than {guard.max_count:,} and more than {percent(guard.max_fraction)} %, so nothing was written. "
        "The Halo agent that is connected may not see all clients, or may have lost rights: check its permissions in "
        "Halo. If those licences belong to clients that Halo does not list, confirm it when you start the next Sync."
    )
