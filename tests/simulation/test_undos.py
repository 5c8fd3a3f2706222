"""Worlds in which people undo, release in parts and edit (spec section 11): what an undo must not do would be seen."""

import pytest
from halosync.domain.model import Drift, OnDrift
from halosync.domain.undo import _Undoing
from halosync.domain.undo_picture import UndoPicture
from simulation.fault_rates import NONE, FaultRates
from simulation.scenario import Scenario
from simulation.story import Chapter
from simulation.world import WorldResult, simulate

THINKING = Scenario(chapters=(Chapter.UNDO, Chapter.EDIT, Chapter.SYNC) * 3, on_drift=OnDrift.HOLD)
SEEDS = range(8)


def worlds(rates: FaultRates = NONE, scenario: Scenario = THINKING) -> list[WorldResult]:
    return [simulate(seed, rates=rates, scenario=scenario) for seed in SEEDS]


def broken(found: list[WorldResult]) -> str:
    return "; ".join(sentence for world in found for sentence in world.broken)


def test_what_was_undone_and_edited_is_right_in_the_end_whatever_answers_are_lost() -> None:
    found = worlds(FaultRates(unanswered=0.3, applied=1.0, kill=0.004))
    assert broken(found) == ""
    assert sum(world.undos for world in found) > len(found)


def test_an_undo_that_overwrites_an_edit_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def sees_no_edit(*_: object) -> tuple[Drift, ...]:
        return ()

    monkeypatch.setattr(UndoPicture, "drift", sees_no_edit)
    assert "which was not as that run left it" in broken(worlds())


def test_an_undo_that_puts_nothing_back_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Undoing, "_put_back", lambda self, _item, _then, licence: self._as_it_is(_item, licence))
    assert "is put back to" in broken(worlds())


def test_released_changes_are_done_and_no_others() -> None:
    asked = Scenario(reviews=True, known=8, chapters=(Chapter.RELEASE,) * 3)
    found = worlds(scenario=asked)
    assert broken(found) == ""
    assert max(world.runs for world in found) > len(asked.chapters)
