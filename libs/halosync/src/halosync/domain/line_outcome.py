"""What became of a line of an invoice, from what became of the item that answers for it (spec section 3, "Items")."""

from collections.abc import Sequence
from dataclasses import dataclass

from halosync.domain.item_sentences import LINE_NOT_RECURRING, PERHAPS_UNDONE, UNDONE
from halosync.domain.model import Action, LineKind, Outcome, Reason, Undone


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """What became of a line, or of its item; all None: no item answers for it.

    Attributes:
        reason: why it was not simply synchronised, for programs.
        detail: the same for people, with what to do.
        undone: what undos have made of what the item did; None: it stands.
    """

    outcome: Outcome | None = None
    action: Action | None = None
    reason: str | None = None
    detail: str | None = None
    undone: Undone | None = None


_UNDONE = {
    Undone.UNDONE: LineOutcome(Outcome.SKIPPED, Action.NONE, Reason.UNDONE, UNDONE, Undone.UNDONE),
    Undone.UNSURE: LineOutcome(Outcome.FAILED, Action.NONE, Reason.UNDONE, PERHAPS_UNDONE, Undone.UNSURE),
}


def line_outcome(kind: LineKind, item: LineOutcome) -> LineOutcome:
    """Return what became of a line in a run: one that is not recurring is skipped whatever became of its product.

    What was undone is not synchronised any more, though its item goes on saying what the run did (decision 16).
    The view `standing_item`, `line_outcome` and `line_reason` of the database say the same to statements that filter,
    count or sort.
    """
    if kind is LineKind.RECURRING:
        return item if item.undone is None else _UNDONE[item.undone]
    detail = item.detail if item.reason == Reason.NOT_RECURRING else LINE_NOT_RECURRING
    return LineOutcome(Outcome.SKIPPED, Action.NONE, Reason.NOT_RECURRING, detail)


def told_by(text: str) -> Sequence[str]:
    """Return of which lines the sentence that is shown holds a text: members of `Undone`, and `not_recurring`.

    Small and capital letters are the same. What else is told of a line stands with its item.
    """
    told = {
        Undone.UNDONE: UNDONE,
        Undone.UNSURE: PERHAPS_UNDONE,
        Reason.NOT_RECURRING: LINE_NOT_RECURRING,
    }
    return [str(code) for code, sentence in told.items() if text.casefold() in sentence.casefold()]
