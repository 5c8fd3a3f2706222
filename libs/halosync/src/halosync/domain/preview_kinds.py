"""What becomes of an item, as a person who looks at a preview thinks of it."""

from enum import StrEnum

from halosync.domain.model import Action, Outcome


class PreviewKind(StrEnum):
    """What becomes of an item, as a person thinks of it."""

    CREATED = "created"
    UPDATED = "updated"
    REMOVED = "removed"
    HELD = "held"
    """A removal that waits for approval: the delete guard holds it."""
    REVIEW = "review"
    """It would remove or reprice what halosync has not written, and waits for the first review."""
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


def kind_of(action: Action, outcome: Outcome, *, for_review: bool = False) -> PreviewKind:
    """Return what becomes of an item of a plan that nobody has carried out; `for_review`: the first review holds it."""
    if for_review and outcome is Outcome.HELD:
        return PreviewKind.REVIEW
    return _OF_PENDING.get(action, PreviewKind.UNCHANGED) if outcome is Outcome.PENDING else _OF_OUTCOME[outcome]
