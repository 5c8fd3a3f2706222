"""What a person, a program or auto_sync asks for when a run is to start (spec section 2.3)."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class RunMode(StrEnum):
    """What a run plans, and whether it carries out its plan."""

    APPLY = "apply"
    PREVIEW = "preview"
    UNDO = "undo"
    """Put back what another run changed (spec section 11, "Undo")."""
    UNDO_PREVIEW = "undo_preview"

    @property
    def writes(self) -> bool:
        """Tell whether the plan is carried out."""
        return self in {RunMode.APPLY, RunMode.UNDO}

    @property
    def undoes(self) -> bool:
        """Tell whether it is the plan of an undo."""
        return self in {RunMode.UNDO, RunMode.UNDO_PREVIEW}


class SeenChange(StrEnum):
    """Why what was seen does not hold any more."""

    INVOICE = "invoice"
    """Another invoice, or another revision, counts now."""
    RUN = "run"
    """The partner has no such run."""
    TENANT = "tenant"
    """Another Halo is connected."""
    REMOVAL = "removal"
    """The setting of what a removal does is another one, or the run made no plan."""
    PLAN = "plan"
    """A later run has made a plan; Halo may be different after it."""
    HELD = "held"
    """The run holds another number of removals than was approved."""
    UNDONE = "undone"
    """The run was no preview of the same undo."""
    REVIEW = "review"
    """Another number of changes waits for the first review than was approved."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page showed on which a run was ordered.

    Attributes:
        invoice_id: the invoice.
        revision: its revision.
        run_id: the run whose held removals, or first review, were shown; None: none were.
        invoice_pks: the keys of all invoices that counted together; empty: the page did not say.
    """

    invoice_id: str
    revision: int
    run_id: UUID | None = None
    invoice_pks: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Approval:
    """Held items of a run that was seen, released one by one (spec section 11, "Approving in parts")."""

    run_id: UUID
    item_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class RunOrder:
    """An order to start a run.

    Attributes:
        mode: whether it carries out its plan.
        invoice_id: for which invoice; None: the newest.
        approve_removals: releases held removals, at most this many; None: none were approved.
        approve_review: releases what the first review holds, at most this many changes; None: none were approved.
        accept_shrunk_read: go on although Halo shows far less than it did before.
        seen: start it only for the newest invoice, and only if this still holds; None: nothing was seen.
        allow_older: also for an invoice that is older than what counts now (spec section 9, "Which invoice").
        undoes: the run that an undo, or its preview, is about; None for the others.
        approve: held items that are released if they still are the same change; None: none were.
    """

    mode: RunMode = RunMode.APPLY
    invoice_id: str | None = None
    approve_removals: int | None = None
    accept_shrunk_read: bool = False
    seen: Seen | None = None
    allow_older: bool = False
    approve_review: int | None = None
    undoes: UUID | None = None
    approve: Approval | None = None
