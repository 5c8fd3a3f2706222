"""What became of a line, from what became of its item."""

import pytest
from halosync.domain.item_sentences import LINE_NOT_RECURRING
from halosync.domain.line_outcome import LineOutcome, line_outcome, told_by
from halosync.domain.model import Action, LineKind, Outcome, Reason, Undone
from halosync.domain.remedy import needs_attention

FAILED = LineOutcome(Outcome.FAILED, Action.UPDATE, Reason.HALO_REJECTED, "Halo refused this.")
OTHERS = [kind for kind in LineKind if kind is not LineKind.RECURRING]


@pytest.mark.parametrize("item", [FAILED, LineOutcome()])
def test_a_recurring_line_has_the_outcome_of_its_item(item: LineOutcome) -> None:
    assert line_outcome(LineKind.RECURRING, item) == item


@pytest.mark.parametrize(("undone", "outcome"), [(Undone.UNDONE, Outcome.SKIPPED), (Undone.UNSURE, Outcome.FAILED)])
def test_what_was_undone_is_not_said_to_be_synchronised(undone: Undone, outcome: Outcome) -> None:
    item = LineOutcome(Outcome.SYNCED, Action.CREATE, undone=undone)
    line = line_outcome(LineKind.RECURRING, item)
    assert (line.outcome, line.action, line.reason) == (outcome, Action.NONE, Reason.UNDONE)
    assert "Press Sync" in (line.detail or "")
    assert needs_attention(line.outcome, line.reason)
    assert line_outcome(LineKind.CREDIT, item).reason == Reason.NOT_RECURRING


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("item", [FAILED, LineOutcome()])
def test_a_line_that_does_not_recur_is_skipped_whatever_its_product_became(kind: LineKind, item: LineOutcome) -> None:
    skipped = LineOutcome(Outcome.SKIPPED, Action.NONE, Reason.NOT_RECURRING, LINE_NOT_RECURRING)
    assert line_outcome(kind, item) == skipped


def test_an_item_without_recurring_lines_says_more_than_its_line() -> None:
    item = LineOutcome(Outcome.SKIPPED, Action.NONE, Reason.NOT_RECURRING, "The invoice has no recurring line.")
    assert line_outcome(LineKind.CREDIT, item) == item


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("HAS UNDONE THAT SINCE", ["undone"]),
        ("only recurring", ["not_recurring"]),
        ("press sync", ["undone", "unsure"]),
        ("a client of that name", []),
    ],
)
def test_a_sentence_that_no_item_holds_is_found_by_its_words(text: str, told: list[str]) -> None:
    assert told_by(text) == told
