from halosync.domain.model import Action, Outcome
from halosync.domain.preview_kinds import WAITS, PreviewKind, kind_of


def test_every_item_of_a_plan_is_of_one_kind() -> None:
    assert kind_of(Action.CREATE, Outcome.PENDING) is PreviewKind.CREATED
    assert kind_of(Action.DELETE, Outcome.PENDING) is PreviewKind.REMOVED
    assert kind_of(Action.DELETE, Outcome.HELD) is PreviewKind.HELD
    assert kind_of(Action.UNCHANGED, Outcome.SYNCED) is PreviewKind.UNCHANGED
    assert kind_of(Action.NONE, Outcome.SKIPPED) is PreviewKind.SKIPPED
    assert kind_of(Action.UPDATE, Outcome.HELD, "first_review") is PreviewKind.REVIEW
    assert kind_of(Action.UPDATE, Outcome.PENDING, "first_review") is PreviewKind.UPDATED
    assert kind_of(Action.UPDATE, Outcome.HELD, "edited_in_halo") is PreviewKind.EDITED
    every = [(action, outcome, waits) for action in Action for outcome in Outcome for waits in WAITS]
    assert {kind_of(*each) for each in every} == set(PreviewKind)
