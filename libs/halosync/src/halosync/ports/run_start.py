"""Why no run was started. Each reason has a sentence in `WHY_NO_RUN`."""

from collections.abc import Sequence
from uuid import UUID

from halosync.domain.run_order import SeenChange
from halosync.domain.run_sentences import NoRun


class RunNotStartedError(Exception):
    """No run was started. `why` is the reason, which has a sentence in `WHY_NO_RUN`."""

    why: NoRun


class NoInvoiceError(RunNotStartedError):
    """There is no such invoice, or none at all."""

    why = NoRun.INVOICE_NOT_FOUND


class EmptyInvoiceError(RunNotStartedError):
    """The invoice has no lines; it starts no run (spec section 3, "Delete guard")."""

    why = NoRun.INVOICE_EMPTY


class OlderPeriodError(RunNotStartedError):
    """The invoice is older than what counts now, and nobody has allowed that."""

    why = NoRun.OLDER_PERIOD


class SeveralInvoicesError(RunNotStartedError):
    """A month has several invoices, and nobody has said which count, or they cannot count together.

    Attributes:
        period: the month.
        invoice_ids: those of it that none supersedes, the newest first.
    """

    def __init__(self, why: NoRun, period: str, invoice_ids: Sequence[str]) -> None:
        super().__init__(f"{period}: {', '.join(invoice_ids)}")
        self.why = why
        self.period = period
        self.invoice_ids = invoice_ids


class NotConnectedError(RunNotStartedError):
    """The partner's Halo is not connected."""

    why = NoRun.NOT_CONNECTED


class PausedError(RunNotStartedError):
    """An operator has paused the partner."""

    why = NoRun.PARTNER_PAUSED


class PurgedError(RunNotStartedError):
    """What the run would go by was purged: the lines of the invoice, or the items of the run that is to be undone."""

    why = NoRun.PURGED


class NoRunError(RunNotStartedError):
    """The partner has no such run."""

    why = NoRun.RUN_NOT_FOUND


class RunInProgressError(RunNotStartedError):
    """One run per partner at a time; `run_id` is the one that goes on."""

    why = NoRun.RUN_IN_PROGRESS

    def __init__(self, run_id: UUID) -> None:
        super().__init__(f"run {run_id} is still going on")
        self.run_id = run_id


class NothingLeftError(RunNotStartedError):
    """A retry would do nothing.

    Attributes:
        why: the run left nothing, or was a preview; it left only removals that wait for a person's approval; or a later
            run of the same invoice has succeeded.
        held: how many removals wait for approval.
        run_id: the later run that has done it, with `done_since`.
    """

    def __init__(self, why: NoRun, *, held: int = 0, run_id: UUID | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.held = held
        self.run_id = run_id


class OutdatedRunError(RunNotStartedError):
    """The run's invoice is no longer the newest: a retry would write yesterday's quantities.

    Attributes:
        invoice_id: the run's invoice.
        newer_id: the one that is the newest now, or None when the run's was superseded and there is none.
        newer_revision: its revision.
    """

    why = NoRun.RUN_OUTDATED

    def __init__(self, invoice_id: str, newer_id: str | None, newer_revision: int | None) -> None:
        super().__init__(invoice_id)
        self.invoice_id = invoice_id
        self.newer_id = newer_id
        self.newer_revision = newer_revision


class NothingToUndoError(RunNotStartedError):
    """The run has changed nothing in Halo: it was a preview, or did nothing."""

    why = NoRun.NOTHING_TO_UNDO


class OtherTenantError(RunNotStartedError):
    """The run was for another Halo than the one that is connected now."""

    why = NoRun.OTHER_TENANT


class NotHeldError(RunNotStartedError):
    """Not all items that were approved are held items of the run that was named."""

    why = NoRun.NOT_HELD


class SeenChangedError(RuntimeError):
    """What the person saw does not hold any more; nothing was started."""

    def __init__(self, change: SeenChange) -> None:
        super().__init__(f"the {change} that was seen does not hold any more")
        self.change = change
