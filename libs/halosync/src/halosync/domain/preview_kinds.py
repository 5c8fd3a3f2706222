"""What becomes of an item, as a person who looks at a preview thinks of it."""

from enum import StrEnum

from halosync.domain.model import Action, Outcome, Reason


class PreviewKind(StrEnum):
    """What becomes of an item, as a person thinks of it."""

    CREATED = "created"
    UPDATED = "updated"
    REMOVED = "removed"
    HELD = "held"
    """A removal that waits for approval: the delete guard holds it."""
    REVIEW = "review"
    """It would remove or reprice what halosync has not written, and waits for the first review."""
    EDITED = "edited"
    """It would overwrite or remove what somebody has edited in Halo, and waits for approval."""
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"


_OF_PENDING = {
    Action.CREATE: PreviewKind.CREATED,
    Action.UPDATE: PreviewKind.UPDATED,
    Action.DELETE: PreviewKind.REMOVED,
}
_OF_OUTCOME = {
    Outcome.HELD: PreviewKind.HELD,
    Outcome.SYNCED: PreviewKind.UNCHANGED,
    Outcome.SKIPPED: PreviewKind.SKIPPED,
    Outcome.FAILED: PreviewKind.FAILED,
}


_OF_HELD = {Reason.FIRST_REVIEW: PreviewKind.REVIEW, Reason.EDITED_IN_HALO: PreviewKind.EDITED}

WAITS = ("", *_OF_HELD)
"""For what held items wait, as `kind_of` takes it; empty: for the approval of removals."""


def kind_of(action: Action, outcome: Outcome, waits: str = "") -> PreviewKind:
    """Return what becomes of an item of a plan that nobody has carried out; `waits` is one of `WAITS`."""
    if outcome is Outcome.HELD and waits:
        return _OF_HELD[Reason(waits)]
    return _OF_PENDING.get(action, PreviewKind.UNCHANGED) if outcome is Outcome.PENDING else _OF_OUTCOME[outcome]
