from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import pytest
from halosync.domain.model import Action, Outcome
from halosync.domain.states import (
    ACTION_TRANSITIONS,
    BATCH_TRANSITIONS,
    CLAIMABLE_RUNS,
    LIVING_RUNS,
    OPEN_ACTIONS,
    RUN_TRANSITIONS,
    ActionState,
    BatchState,
    Counters,
    RunState,
    count,
    final_state,
)
from hypothesis import given
from hypothesis import strategies as st


@dataclass(frozen=True)
class Row:
    action: Action
    outcome: Outcome


def test_the_final_states() -> None:
    finals = {RunState.SUCCEEDED, RunState.PARTIAL, RunState.FAILED, RunState.CANCELLED, RunState.PREVIEWED}
    assert {state for state in RunState if state.is_final} == finals
    assert set(RunState) - finals == LIVING_RUNS
    assert {RunState.QUEUED, RunState.READING, RunState.PLANNING} == CLAIMABLE_RUNS
    assert {ActionState.WAITING, ActionState.SENDING, ActionState.UNKNOWN} == OPEN_ACTIONS


@pytest.mark.parametrize(
    ("table", "first"),
    [
        (RUN_TRANSITIONS, RunState.QUEUED),
        (BATCH_TRANSITIONS, BatchState.PLANNED),
        (ACTION_TRANSITIONS, ActionState.WAITING),
    ],
)
def test_every_state_is_reached_from_the_first_and_leads_to_an_end(
    table: Mapping[str, frozenset[str]], first: str
) -> None:
    reached = {first}
    while more := {following for state in reached for following in table[state]} - reached:
        reached |= more
    assert reached | {ActionState.NONE} == set(table) | {ActionState.NONE}
    ends = {state for state in table if not table[state]}
    assert all(table[state] & ends for state in table if state not in ends)


def test_a_run_goes_its_way_and_never_back() -> None:
    way = [RunState.QUEUED, RunState.READING, RunState.PLANNING, RunState.WRITING, RunState.SUCCEEDED]
    assert all(following in RUN_TRANSITIONS[state] for state, following in pairwise(way))
    assert RunState.PREVIEWED in RUN_TRANSITIONS[RunState.PLANNING]
    assert not {RunState.READING, RunState.PREVIEWED} & RUN_TRANSITIONS[RunState.WRITING]
    assert RunState.WRITING not in RUN_TRANSITIONS[RunState.QUEUED]


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


def test_only_what_was_synchronised_counts_as_done() -> None:
    rows = [Row(Action.CREATE, Outcome.SYNCED), Row(Action.CREATE, Outcome.FAILED), Row(Action.DELETE, Outcome.HELD)]
    assert count(rows) == Counters(total=3, synced=1, failed=1, held=1, created=1)


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
    assert final_state(counters, connection_lost=False, cancelled=cancelled) is state
    assert final_state(counters, connection_lost=True, cancelled=cancelled) is RunState.FAILED


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_run_with_pending_items_has_not_ended(cancelled: bool) -> None:
    with pytest.raises(ValueError, match="1 item is pending"):
        final_state(Counters(total=1, pending=1), connection_lost=False, cancelled=cancelled)
