"""Worlds that others have filled: nothing of theirs is touched unseen (spec section 9), and a test would see it."""

from dataclasses import replace
from typing import Any

import pytest
from devstack.fields import Fields
from halosync.domain.client_rules import Rules
from halosync.domain.look_alikes import look_key
from halosync.domain.plan import PlanInput
from simulation.fault_rates import NONE
from simulation.scenario import Scenario
from simulation.world import simulate

OTHERS = Scenario(reviews=True, theirs=2, asleep=True)


def test_a_person_is_asked_once_and_what_is_others_stays() -> None:
    world = simulate(1, rates=NONE, scenario=OTHERS)
    assert world.broken == ()
    assert world.states == ("partial", "succeeded")  # the first one asks, the second one does what was approved


def test_without_a_price_or_a_removal_nobody_is_asked() -> None:
    world = simulate(1, rates=NONE, scenario=replace(OTHERS, known=0, stale=0))
    assert world.broken == ()
    assert world.states == ("succeeded",)


def test_a_planner_that_asks_nobody_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    reviewed = []

    def one_is_forgotten(*_: object) -> bool:
        reviewed.append(1)
        return len(reviewed) % 2 == 0

    monkeypatch.setattr("halosync.domain.planning.needs_review", one_is_forgotten)
    assert any(sentence.startswith("I10") for sentence in simulate(1, rates=NONE, scenario=OTHERS).broken)


MISFITS = Scenario(misfits=True, rivals=2)


def test_what_sets_no_licence_touches_none_and_what_another_partners_halosync_wrote_stays() -> None:
    world = simulate(1, rates=NONE, scenario=MISFITS)
    assert (world.broken, world.states) == ((), ("succeeded",))


def test_a_planner_that_does_not_ask_what_another_partners_halosync_wrote_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_owned = PlanInput.__init__

    def forgetful(self: PlanInput, *given: Any, **named: Any) -> None:
        with_owned(self, *given, **{**named, "owned_by_others": frozenset()})

    monkeypatch.setattr(PlanInput, "__init__", forgetful)
    assert any("RIVALS" in sentence for sentence in simulate(1, rates=NONE, scenario=MISFITS).broken)


def test_a_planner_that_takes_what_only_looks_like_a_customer_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halosync.domain.matching.name_key", look_key)
    assert any("NEARLY" in sentence for sentence in simulate(1, rates=NONE, scenario=MISFITS).broken)


@pytest.mark.parametrize("refusal", ["locked", "log_in_page", "closed"])
def test_what_halo_takes_a_little_later_is_done_in_the_same_sync(refusal: str) -> None:
    half: Fields = {refusal: 0.5}
    rates = replace(NONE, **half)
    world = simulate(1, rates=rates, scenario=Scenario(max_attempts=50))
    assert (world.broken, world.failed, world.states) == ((), (), ("succeeded",))


def test_a_planner_that_does_not_look_at_marks_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Rules, "is_foreign", lambda *_: False)
    assert any("THEIRS" in sentence for sentence in simulate(1, rates=NONE, scenario=OTHERS).broken)


def test_licences_of_clients_that_halo_does_not_list_are_accepted_once_where_each_client_is_read_alone() -> None:
    scenario = Scenario(ignores_page_no=True, page_size=3, most_rows=7, unlisted=15)
    world = simulate(1, rates=NONE, scenario=scenario)
    assert world.broken == ()
    assert world.states[-1] == "succeeded"
    assert "failed" in world.states


def test_clients_with_equally_many_licences_are_read_where_each_is_read_alone() -> None:
    scenario = Scenario(ignores_page_no=True, products=121, known=120, stale=0, page_size=40, most_rows=1000)
    world = simulate(1, rates=NONE, scenario=scenario)
    assert (world.broken, set(world.states)) == ((), {"succeeded"})
