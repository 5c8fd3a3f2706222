"""Why no run is started, for the operator: the sentence that everybody reads, and the next command."""

from uuid import UUID

from halosync.domain.run_sentences import WHY_NO_RUN, NoRun
from halosync.ports.run_start import (
    NoInvoiceError,
    NoRunError,
    NotConnectedError,
    NothingLeftError,
    OlderPeriodError,
    OutdatedRunError,
    PausedError,
    RunInProgressError,
    RunNotStartedError,
    SeveralInvoicesError,
)


def why_no_run(error: RunNotStartedError, *, partner: str | None = None, run_id: UUID | None = None) -> str:
    """Say why no run is started, and what to do: for a partner, or again for what the run `run_id` left."""
    hint = _hint(error, partner, run_id)
    return WHY_NO_RUN[error.why] + (f" {hint}" if hint else "")


def _hint(error: RunNotStartedError, partner: str | None, run_id: UUID | None) -> str:
    hint = ""
    match error:
        case RunInProgressError(run_id=other):
            hint = f"See it with: halosync run watch {other}"
        case NotConnectedError():
            hint = f"The administrator of {error} does it."
        case PausedError():
            hint = f"halosync partner resume {error} lets its runs start again."
        case NoInvoiceError():
            hint = f"An invoice of {partner} comes with: halosync invoice publish FILE"
        case OlderPeriodError():
            hint = f"halosync run start --invoice {error} --allow-older does it."
        case SeveralInvoicesError(invoice_ids=invoice_ids, period=period):
            hint = f"{period} has {', '.join(invoice_ids)}: the partner says it on the Report page of the portal."
        case NoRunError():
            hint = "`halosync run list` shows them."
        case OutdatedRunError():
            hint = _outdated(error)
        case NothingLeftError():
            hint = _nothing_left(error, run_id)
    return hint


def _outdated(error: OutdatedRunError) -> str:
    old, new = error.invoice_id, error.newer_id
    if new is None:
        return f"{old} was superseded; wait for the one that replaces it."
    if new == old:
        return f"Revision {error.newer_revision} of {old} is here: halosync run start"
    return (
        f"The run was for {old}, and {new} has come since: halosync run start does that one, and "
        f"halosync run start --invoice {old} the old one, should it still count"
    )


def _nothing_left(error: NothingLeftError, run_id: UUID | None) -> str:
    return {
        NoRun.SUCCEEDED: "halosync run start reads Halo again",
        NoRun.PREVIEW: "halosync run start does what it showed",
        NoRun.DONE_SINCE: f"It is run {error.run_id}.",
        NoRun.HELD: (
            f"Look at what is held, then: halosync run retry {run_id} --approve-removals {error.held}, or "
            f"--approve-review {error.held} for what waits for the first review"
        ),
    }[error.why]
