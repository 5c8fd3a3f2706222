"""Why a run is not started, in words, with what to do."""

from uuid import UUID

from halosync.store.retrying import NothingLeftError, OutdatedRunError
from halosync.store.runs import EmptyInvoiceError, NoRunError, NotConnectedError, RunInProgressError


def why_no_run(partner: str, invoice: str | None, error: Exception) -> str:
    """Say why a run of the partner for the named invoice, or the newest one, cannot start."""
    match error:
        case RunInProgressError(run_id=run_id):
            return f"run {run_id} of {partner} has not ended; see it with: halosync run watch {run_id}"
        case NotConnectedError():
            return f"{partner} is not connected to Halo; its administrator connects it in the portal"
        case EmptyInvoiceError():
            return f"invoice {error} has no lines, and an empty invoice starts no run; ask Converge for a new revision"
        case _ if invoice is None:
            return f"there is no invoice of {partner} yet; one comes with: halosync invoice publish FILE"
        case _:
            return f"{partner} has no invoice {invoice!r}, or another one supersedes it"


def why_no_retry(run_id: UUID, error: Exception) -> str:
    """Say why what a run left is not tried again."""
    match error:
        case NoRunError():
            return f"there is no run {run_id}; `halosync run list` shows them"
        case RunInProgressError(run_id=other):
            which = f"run {run_id}" if other == run_id else "another run of this partner"
            return f"{which} has not ended; see it with: halosync run watch {other}"
        case OutdatedRunError():
            return _outdated(run_id, error)
        case NothingLeftError():
            return _nothing_left(run_id, error)
        case NotConnectedError():
            return f"{error} is not connected to Halo; its administrator connects it in the portal"
        case _:
            return f"invoice {error} has no lines, and an empty invoice starts no run"


def _outdated(run_id: UUID, error: OutdatedRunError) -> str:
    old, new = error.invoice_id, error.newer_id
    if new is None:
        return f"invoice {old} of run {run_id} was superseded; wait for the one that replaces it"
    if new == old:
        return (
            f"run {run_id} was for an older revision of {old}: revision {error.newer_revision} is here; "
            "halosync run start does it"
        )
    return (
        f"run {run_id} was for {old}, and {new} has come since; halosync run start does that one, and "
        f"halosync run start --invoice {old} the old one, should it still count"
    )


def _nothing_left(run_id: UUID, error: NothingLeftError) -> str:
    return {
        "succeeded": f"run {run_id} succeeded: nothing is left; halosync run start reads Halo again",
        "preview": f"run {run_id} was a preview, which writes nothing; halosync run start does what it showed",
        "done_since": f"run {error.run_id} has done since what run {run_id} left",
        "held": f"nothing of run {run_id} failed, and {error.held} removals wait for approval; look at them, then: "
        f"halosync run retry {run_id} --approve-removals {error.held}",
    }[error.why]
