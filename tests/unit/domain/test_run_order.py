"""An order that says nothing asks for what *Sync* does."""

from halosync.domain.run_order import RunMode, RunOrder, Seen, SeenChange


def test_an_order_without_wishes_applies_the_newest_invoice_and_approves_nothing() -> None:
    assert RunOrder() == RunOrder(
        mode=RunMode.APPLY,
        invoice_id=None,
        approve_removals=None,
        accept_shrunk_read=False,
        seen=None,
        approve_review=None,
    )


def test_no_held_removals_were_seen_unless_a_run_is_named() -> None:
    assert Seen("INV-1", 2).run_id is None


def test_the_words_are_those_of_the_calls_and_rows() -> None:
    assert list(RunMode) == ["apply", "preview", "undo", "undo_preview"]
    assert list(SeenChange) == ["invoice", "run", "tenant", "removal", "plan", "held", "undone", "review"]


def test_which_modes_write_and_which_undo() -> None:
    assert {mode for mode in RunMode if mode.writes} == {RunMode.APPLY, RunMode.UNDO}
    assert {mode for mode in RunMode if mode.undoes} == {RunMode.UNDO, RunMode.UNDO_PREVIEW}
