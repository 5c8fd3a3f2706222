"""Guards are tested by removal: without each of them some world goes wrong, and with it that very world is well."""

import pytest
from simulation.guards import ALL, NAMES
from simulation.hazards import HAZARDS
from simulation.world import simulate

MOST_SEEDS = 400


@pytest.mark.parametrize("guard", NAMES)
def test_without_a_guard_a_world_goes_wrong_that_is_well_with_it(guard: str) -> None:
    hazard = HAZARDS[guard]
    for seed in range(hazard.first, hazard.first + MOST_SEEDS):
        without = simulate(seed, guards=ALL.without(guard), rates=hazard.rates, scenario=hazard.scenario)
        if any(problem.startswith(hazard.invariant) for problem in without.broken):
            break
    else:
        pytest.fail(f"{MOST_SEEDS} worlds without {guard}, and nobody noticed: it guards nothing, or is never needed")
    assert simulate(seed, rates=hazard.rates, scenario=hazard.scenario).broken == ()


def test_a_guard_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no guard 'belt'"):
        ALL.without("belt")
