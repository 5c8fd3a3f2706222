"""Five hundred worlds: whatever breaks in them, every invariant holds (messaging-facts section 6.4).

`make simulate` runs a thousand. That these are enough is what `test_guards.py` says: without any one guard, one of the
first 400 worlds goes wrong.
"""

from pathlib import Path

import pytest
from simulation.world import simulate

SEEDS, LOT = 500, 25
KEPT = [
    int(line.split()[0])
    for line in (Path(__file__).parent / "kept_seeds.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


def broken(seed: int) -> str:
    """Say what is broken in a world, with the command that shows it again; nothing if nothing is."""
    outcome = simulate(seed)
    again = f'make simulate ARGS="--seed {seed}"'
    return "" if outcome.good else f"seed {seed} ({again}; then keep it): {'; '.join(outcome.broken)}"


@pytest.mark.parametrize("first", range(0, SEEDS, LOT))
def test_every_invariant_holds_whatever_breaks(first: int) -> None:
    assert [problem for seed in range(first, first + LOT) if (problem := broken(seed))] == []


@pytest.mark.parametrize("seed", KEPT)
def test_what_once_broke_holds(seed: int) -> None:
    assert broken(seed) == ""


def test_the_same_seed_is_the_same_world() -> None:
    assert simulate(11) == simulate(11)
