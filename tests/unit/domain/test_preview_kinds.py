from halosync.domain.model import Action, Outcome
from halosync.domain.preview_kinds import PreviewKind, kind_of


def test_every_item_of_a_plan_is_of_one_kind() -> None:
    assert kind_of(Action.CREATE, Outcome.PENDING) is PreviewKind.CREATED
    assert kind_of(Action.DELETE, Outcome.PENDING) is PreviewKind.REMOVED
    assert kind_of(Action.DELETE, Outcome.HELD) is PreviewKind.HELD
    assert kind_of(Action.UNCHANGED, Outcome.SYNCED) is PreviewKind.UNCHANGED
    assert kind_of(Action.NONE, Outcome.SKIPPED) is PreviewKind.SKIPPED
    assert kind_of(Action.UPDATE, Outcome.HELD, for_review=True) is PreviewKind.REVIEW
    assert kind_of(Action.UPDATE, Outcome.PENDING, for_review=True) is PreviewKind.UPDATED
    every = [(action, outcome, review) for action in Action for outcome in Outcome for review in (False, True)]
    assert {kind_of(action, outcome, for_review=review) for action, outcome, review in every} == set(PreviewKind)
