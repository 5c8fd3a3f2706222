"""Worlds in which people undo, release in parts and edit (spec section 11): what an undo must not do would be seen."""

from dataclasses import replace
from typing import Any

import pytest
from halosync.domain import client_rules, undo, undo_picture
from halosync.domain.licences import traits_of
from halosync.domain.model import Action, Drift, OnDrift, Traits
from halosync.domain.undo import _Undoing
from halosync.domain.undo_picture import UndoPicture, name_then
from simulation.fault_rates import NONE, FaultRates
from simulation.plans import MemoryPlans
from simulation.scenario import Scenario
from simulation.story import Chapter
from simulation.world import WorldResult, simulate

THINKING = Scenario(chapters=(Chapter.UNDO, Chapter.EDIT, Chapter.SYNC) * 3, on_drift=OnDrift.HOLD)
SEEDS = range(8)


def worlds(rates: FaultRates = NONE, scenario: Scenario = THINKING) -> list[WorldResult]:
    return [simulate(seed, rates=rates, scenario=scenario) for seed in SEEDS]


def broken(found: list[WorldResult]) -> str:
    return "; ".join(sentence for world in found for sentence in world.broken)


def is_found_out(words: str, scenario: Scenario = THINKING, rates: FaultRates = NONE) -> bool:
    """Tell whether one of the worlds says so; the first that does is enough."""
    return any(words in broken([simulate(seed, rates=rates, scenario=scenario)]) for seed in SEEDS)


def test_what_was_undone_and_edited_is_right_in_the_end_whatever_answers_are_lost() -> None:
    found = worlds(FaultRates(unanswered=0.3, applied=1.0, kill=0.004))
    assert broken(found) == ""
    assert sum(world.undos for world in found) > len(found)


def test_an_undo_that_overwrites_an_edit_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def sees_no_edit(*_: object) -> tuple[Drift, ...]:
        return ()

    monkeypatch.setattr(UndoPicture, "drift", sees_no_edit)
    assert is_found_out("which was not as that run left it")


def test_an_undo_that_puts_nothing_back_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Undoing, "_put_back", lambda self, _item, _then, licence: self._as_it_is(_item, licence))
    assert is_found_out("is put back to")


UNDOING = Scenario(keeps="escaped", chapters=(Chapter.UNDO,) * 4)
"""Undos of undos, which bring back what halosync has made, in a Halo that keeps names escaped, as some do."""


def test_names_and_product_codes_come_back_as_they_were_whatever_halo_makes_of_names() -> None:
    found = worlds(scenario=UNDOING)
    assert broken(found) == ""
    assert sum(world.undos for world in found) > len(found)


def test_a_licence_that_comes_back_under_another_name_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UndoPicture, "asked_name", lambda _self, item: name_then(item))
    assert is_found_out("&amp;amp;", UNDOING)


def test_a_licence_that_comes_back_without_its_product_code_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(*arguments: Any) -> Traits:
        return replace(traits_of(*arguments), product_sku=None)

    monkeypatch.setattr(client_rules, "traits_of", forgetful)
    monkeypatch.setattr(undo_picture, "traits_of", forgetful)
    assert is_found_out("is put back to", UNDOING)


def test_an_undo_that_removes_what_was_only_changed_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Undoing, "_put_back", lambda self, item, _then, licence: self._remove(item, licence))
    assert is_found_out("which that run has not made")


def test_an_undo_that_leaves_a_licence_out_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undo, "did_nothing", lambda item: item.action is Action.UPDATE)
    assert is_found_out("has no item for licence")


GIVING_UP = Scenario(stale=6, batch_size=50, max_attempts=2, chapters=(Chapter.NEXT_MONTH, Chapter.UNDO) * 6)
LOSING = FaultRates(unanswered=0.3, applied=0.0)
"""Runs give up writes that Halo never had, later runs do them, and then somebody undoes the first ones."""


def test_what_a_later_run_has_done_is_not_taken_back_with_a_run_that_only_tried() -> None:
    found = worlds(LOSING, GIVING_UP)
    assert broken(found) == ""
    assert sum(world.undos for world in found) > len(found)


def test_an_undo_that_takes_back_what_a_later_run_has_done_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def sees_no_later_run(*_: object) -> frozenset[int]:
        return frozenset()

    monkeypatch.setattr(MemoryPlans, "_unsure_since", sees_no_later_run)
    assert is_found_out("which that run has not", GIVING_UP, LOSING)


def test_released_changes_are_done_and_no_others() -> None:
    asked = Scenario(reviews=True, known=8, chapters=(Chapter.RELEASE,) * 3)
    found = worlds(scenario=asked)
    assert broken(found) == ""
    assert max(world.runs for world in found) > len(asked.chapters)
