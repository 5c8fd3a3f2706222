"""Every code has words, and no word is left over."""

import re
from pathlib import Path

from halosync.domain.model import Action, LineKind, Outcome, Reason
from halosync.domain.states import RunState
from report_api.runs import sentences

PLANNER = Path(__file__).resolve().parents[3] / "services" / "planner" / "src" / "planner" / "run_planner.py"


def test_every_code_has_words() -> None:
    assert set(sentences.STATES) == set(RunState)
    assert set(sentences.OUTCOMES) == set(Outcome)
    assert set(sentences.PREVIEWED) == set(Outcome)
    assert set(sentences.ACTIONS) == set(Action)
    assert set(sentences.REASONS) == set(Reason)
    assert set(sentences.DONE) == set(Action)
    assert set(sentences.KINDS) == set(LineKind)


def test_every_code_with_which_a_planner_ends_a_run_has_a_heading() -> None:
    codes = set(re.findall(r"_fail\(run, claim, \"(\w+)\"", PLANNER.read_text("utf-8")))
    assert "read_shrunk" in codes
    assert codes <= set(sentences.ERRORS)


def test_things_are_mended_for_codes_that_exist() -> None:
    assert set(sentences.REMEDY_LINKS) <= set(Reason) | set(sentences.ERRORS)


def test_a_code_that_came_later_is_shown_with_spaces() -> None:
    assert sentences.reason_label("moon_too_low") == "Moon too low"
    assert sentences.error_label("moon_too_low") == "Moon too low"
    assert sentences.reason_label(None) is None
    assert sentences.error_label(None) == "The run failed"


def test_what_a_preview_would_do_is_not_called_done_or_pending() -> None:
    assert sentences.outcome_meaning(Outcome.PENDING, RunState.PREVIEWED).label == "Would be done"
    assert sentences.outcome_meaning(Outcome.PENDING, RunState.WRITING).label == "Not yet done"
    assert sentences.outcome_meaning(Outcome.HELD, RunState.PREVIEWED).label == "Would be held"


def test_a_run_that_nobody_asked_for_says_so() -> None:
    assert sentences.requester("auto_sync") == "Automatic Sync"
    assert sentences.requester("Jo's key") == "Jo's key"


def test_a_success_that_left_something_out_is_not_praised() -> None:
    praised = sentences.ended_meaning(RunState.SUCCEEDED, 0)
    told = sentences.ended_meaning(RunState.SUCCEEDED, 800)
    assert (praised.tone, told.tone) == ("good", "none")
    assert told.sentence == f"{praised.sentence} What was skipped says why."
    assert sentences.ended_meaning(RunState.PARTIAL, 1) == sentences.STATES[RunState.PARTIAL]
