"""How large the arrays are that a writer sends to a tenant: it starts where the settings say (spec section 9)."""

import pytest
from halo_writer.array_sizing import ArraySizing, Turn
from halosync.domain.array_size import ArraySize, ArraySizeBounds, CeilingReason
from halosync.domain.retry import FailureClass
from halosync.ports.failures import HaloFailure

TENANT, BOUNDS = "acme", ArraySizeBounds(start=50, most=500, slow_s=10.0)


class Sizes:
    """What all writers remember, and whether one of them is trying a larger array."""

    def __init__(self) -> None:
        self.known: ArraySize | None = None
        self.tried = False

    async def learnt(self, _tenant: str) -> ArraySize | None:
        return self.known

    async def learn_first(self, _tenant: str, size: ArraySize) -> None:
        self.known = self.known or size

    async def begin_trial(self, _tenant: str, size: ArraySize, *, trial_s: float) -> bool:
        assert trial_s > 0
        began, self.tried, self.known = not self.tried, True, self.known or size
        return began

    async def learn(self, _tenant: str, size: ArraySize) -> None:
        self.known, self.tried = size, False


@pytest.fixture
def sizes() -> Sizes:
    return Sizes()


@pytest.fixture
def sizing(sizes: Sizes) -> ArraySizing:
    return ArraySizing(sizes, BOUNDS, request_s=30.0)


async def test_the_first_array_of_a_tenant_has_no_more_rows_than_the_settings_say(sizing: ArraySizing) -> None:
    for _ in range(2):  # of another writer, too, as long as none was taken
        assert await sizing.turn(TENANT, 70) == Turn(50, ArraySize(50), is_first=True)


async def test_twice_as_many_are_tried_once_so_many_were_taken(sizing: ArraySizing) -> None:
    await sizing.taken(TENANT, await sizing.turn(TENANT, 500), 50, 0.5)
    assert await sizing.turn(TENANT, 450) == Turn(100, ArraySize(50), is_trial=True)
    assert await sizing.turn(TENANT, 450) == Turn(50, ArraySize(50))  # one writer at a time


async def test_rows_that_were_sent_before_are_no_trial(sizing: ArraySizing, sizes: Sizes) -> None:
    """A Halo that is too slow for larger arrays would let them fail until their attempts are used up."""
    sizes.known = ArraySize(10)
    assert await sizing.turn(TENANT, 18, again=True) == Turn(10, ArraySize(10))
    assert await sizing.turn(TENANT, 18) == Turn(20, ArraySize(10), is_trial=True)


async def test_fewer_rows_than_the_settings_say_prove_nothing(sizing: ArraySizing, sizes: Sizes) -> None:
    await sizing.taken(TENANT, await sizing.turn(TENANT, 20), 20, 0.5)
    assert sizes.known is None


async def test_a_first_array_that_ends_late_takes_nothing_back_that_was_learnt_since(
    sizing: ArraySizing, sizes: Sizes
) -> None:
    late = await sizing.turn(TENANT, 500)
    sizes.known = ArraySize(200)
    await sizing.taken(TENANT, late, 50, 0.5)
    assert sizes.known == ArraySize(200)


@pytest.mark.parametrize(("status", "learnt"), [(403, ArraySize(50)), (400, ArraySize(50, 100, CeilingReason.REFUSED))])
async def test_a_missing_right_says_nothing_of_the_size(
    sizing: ArraySizing, sizes: Sizes, status: int, learnt: ArraySize
) -> None:
    sizes.known = ArraySize(50)
    trial = await sizing.turn(TENANT, 500)
    await sizing.failed(TENANT, trial, trial.rows, HaloFailure(FailureClass.REJECTED, "no", status=status))
    assert (sizes.known, sizes.tried) == (learnt, False)
