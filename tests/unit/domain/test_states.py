from dataclasses import dataclass
from itertools import pairwise

import pytest
from halosync.domain.model import Action, Outcome
from halosync.domain.states import FINAL_STATES, TRANSITIONS, Counters, RunState, count, final_state, may_become
from hypothesis import given
from hypothesis import strategies as st


@dataclass(frozen=True)
class Row:
    action: Action
    outcome: Outcome


def test_the_final_states() -> None:
    finals = {RunState.SUCCEEDED, RunState.PARTIAL, RunState.FAILED, RunState.CANCELLED, RunState.PREVIEWED}
    assert finals == FINAL_STATES
    assert all(state.is_final == (state in finals) for state in RunState)


def test_every_state_is_reached_from_the_first_and_leads_to_an_end() -> None:
    reached = {RunState.QUEUED}
    while more := {following for state in reached for following in TRANSITIONS[state]} - reached:
        reached |= more
    assert reached == set(RunState)
    assert all(TRANSITIONS[state] & FINAL_STATES for state in RunState if not state.is_final)


def test_a_run_goes_its_way_and_never_back_from_writing() -> None:
    way = [RunState.QUEUED, RunState.READING, RunState.PLANNING, RunState.WRITING, RunState.SUCCEEDED]
    assert all(may_become(*step) for step in pairwise(way))
    assert may_become(RunState.PLANNING, RunState.READING)
    assert not may_become(RunState.WRITING, RunState.READING)
    assert not may_become(RunState.WRITING, RunState.PREVIEWED)
    assert not may_become(RunState.QUEUED, RunState.WRITING)


@given(
    st.lists(
        st.builds(Row, st.sampled_from([each for each in Action if each is not Action.NONE]), st.sampled_from(Outcome))
    )
)
def test_counters_equal_the_rows(rows: list[Row]) -> None:
    counters = count(rows)
    assert counters.total == len(rows)
    for outcome in Outcome:
        assert getattr(counters, outcome) == sum(row.outcome is outcome for row in rows)
    done = {"created": Action.CREATE, "updated": Action.UPDATE, "deleted": Action.DELETE, "unchanged": Action.UNCHANGED}
    for name, action in done.items():
        assert getattr(counters, name) == rows.count(Row(action, Outcome.SYNCED))


@pytest.mark.parametrize(
    "wrong", [{"total": 1}, {"failed": 1}, {"total": 1, "synced": 1}, {"total": 1, "pending": 1, "created": 1}]
)
def test_counters_that_do_not_add_up_cannot_be(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="do not add up"):
        Counters(**wrong)


def test_an_item_that_asked_nothing_cannot_have_been_synchronised() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        count([Row(Action.NONE, Outcome.SYNCED)])


@pytest.mark.parametrize(
    ("counters", "cancelled", "state"),
    [
        (Counters(), False, RunState.SUCCEEDED),
        (Counters(total=2, synced=1, skipped=1, created=1), False, RunState.SUCCEEDED),
        (Counters(total=2, synced=1, held=1, created=1), False, RunState.PARTIAL),
        (Counters(total=2, synced=1, failed=1, created=1), False, RunState.PARTIAL),
        (Counters(total=1, skipped=1), True, RunState.CANCELLED),
        (Counters(total=1, failed=1), True, RunState.CANCELLED),
    ],
)
def test_a_run_succeeds_only_if_that_is_true_of_every_item(
    counters: Counters, cancelled: bool, state: RunState
) -> None:
    assert final_state(counters, cancelled=cancelled) is state


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_run_with_pending_items_has_not_ended(cancelled: bool) -> None:
    with pytest.raises(ValueError, match="1 items are pending"):
        final_state(Counters(total=1, pending=1), cancelled=cancelled)
