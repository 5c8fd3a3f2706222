"""What a 429 does to the request budget, in Postgres and in the double alike: the block, and what is learnt from it."""

import pytest
from halosync.ports.permits import NoPermit, Rate

from .conftest import Budget

pytestmark = pytest.mark.integration

HOUR = 3600.0
FIVE, HUNDRED = Rate(5, HOUR), Rate(100, HOUR)


def about(seconds: float) -> object:
    """Compare with so many seconds, give or take what the test itself takes."""
    return pytest.approx(seconds, abs=20)


# ---------------------------------------------------------------- the block


async def test_a_429_stops_everybody_until_retry_after(budget: Budget) -> None:
    await budget.spend(1)
    assert await budget.refused(120.0) == about(120)
    assert await budget.wait_s(interactive=True) == about(120)
    assert (await budget.standing()).blocked_s == about(120)
    await budget.advance(121)
    assert await budget.granted() == 1
    assert (await budget.standing()).blocked_s == 0.0


async def test_an_earlier_block_is_never_shortened(budget: Budget) -> None:
    await budget.spend(1)
    await budget.refused(1000.0)
    for retry_after_s in (0.0, 1.0):
        assert await budget.refused(retry_after_s) == about(1000)
    assert await budget.refused(5000.0) == about(5000)
    assert await budget.wait_s() == about(5000)


async def test_without_retry_after_a_block_lasts_until_the_oldest_finished_permit_comes_back(budget: Budget) -> None:
    await budget.spend(1)
    await budget.advance(1000)
    await budget.spend(1)
    assert await budget.refused() == about(HOUR - 1000)


async def test_a_permit_that_comes_back_in_no_time_blocks_for_a_second_all_the_same(budget: Budget) -> None:
    await budget.spend(1, Rate(5, 1000.0))
    await budget.advance(999.5)
    assert await budget.refused() == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("open_permits", [0, 1])
async def test_without_a_finished_permit_a_block_lasts_for_the_window(budget: Budget, open_permits: int) -> None:
    lease = await budget.take(1, lease_s=0.1)
    if not open_permits:
        await budget.limiter.finish(lease, 0)
    await budget.advance(100)
    assert await budget.refused() == about(HOUR)


async def test_a_tenant_that_never_had_a_permit_cannot_be_refused(budget: Budget) -> None:
    with pytest.raises(LookupError):
        await budget.refused(1.0)


async def test_a_retry_after_that_does_not_hold_is_believed_less_and_less(budget: Budget) -> None:
    await budget.spend(1, HUNDRED)
    blocks = []
    for _ in range(10):
        blocks.append(await budget.refused(1.0))
        await budget.advance(blocks[-1] + 1)
    assert blocks[:8] == pytest.approx([1, 36, 108, 252, 540, 1116, 2268, HOUR], abs=1)
    assert blocks[8] == pytest.approx(1, abs=1), "there was none for a window: it begins anew"


@pytest.mark.parametrize("retry_after_s", [None, 0.0, 1.0])
async def test_a_tenant_that_stays_full_is_asked_a_few_times_in_a_window_and_not_in_a_loop(
    budget: Budget, retry_after_s: float | None
) -> None:
    """Ours are of the fixed window before and come back one by one, while others have used this one up."""
    asked = 0
    for _ in range(50):
        await budget.spend(1, HUNDRED)
        await budget.advance(1)
    await budget.advance(HOUR - 60)
    left_s = HOUR
    while left_s > 0:
        try:
            lease = await budget.take(1, HUNDRED)
        except NoPermit as refused:
            wait_s = max(refused.wait_s, 1.0)
        else:
            asked += 1
            await budget.limiter.finish(lease, 1)
            wait_s = await budget.refused(retry_after_s)
        await budget.advance(wait_s)
        left_s -= wait_s
    assert 1 <= asked <= 9


# ---------------------------------------------------------------- what is learnt


async def test_what_others_use_is_learnt_and_forgotten(budget: Budget) -> None:
    await budget.spend(40, HUNDRED)
    await budget.refused()
    assert await budget.effective() == 40, "for a window, what the 429 showed"
    await budget.advance(HOUR - 60)
    assert await budget.effective() == 40
    limits: list[int] = []
    for _ in range(6):
        await budget.advance(61 if not limits else HOUR)
        limits.append(await budget.effective())
    # Half of what the 429 showed is expected again; then 2 % is taken off, 4 % more, 8 % more ...
    assert limits == [72, 76, 84, 100, 100, 100]


async def test_the_learnt_limit_holds(budget: Budget) -> None:
    await budget.spend(60, HUNDRED)
    await budget.refused()
    await budget.wait_s(HUNDRED, interactive=True)
    await budget.advance(HOUR + 1)
    assert await budget.granted(100, HUNDRED) == 82 - 1
    assert await budget.granted(100, HUNDRED, interactive=True) == 1
    await budget.wait_s(HUNDRED, interactive=True)


async def test_others_that_go_on_are_learnt_better_each_time(budget: Budget) -> None:
    limits = []
    for _ in range(6):
        await budget.spend(40, HUNDRED)
        await budget.refused()
        await budget.advance(HOUR + 1)
        limits.append(await budget.effective())
    assert limits == sorted(limits, reverse=True)
    assert limits[0] == 72
    assert 40 <= limits[-1] <= 46


async def test_with_retry_after_halo_itself_says_when_there_is_room(budget: Budget) -> None:
    await budget.spend(40, HUNDRED)
    await budget.refused(60.0)
    await budget.advance(61)
    assert await budget.effective() == 70
    assert await budget.granted(100, HUNDRED) == 29


async def test_a_429_of_our_own_making_lowers_nothing(budget: Budget) -> None:
    await budget.spend(100, HUNDRED)
    for _ in range(20):
        await budget.advance(await budget.refused() + 1)
        assert await budget.effective() == 100
        if (await budget.standing()).in_use == 0:
            await budget.spend(100, HUNDRED)


async def test_requests_that_were_on_their_way_teach_nothing_twice(budget: Budget) -> None:
    await budget.spend(40, HUNDRED)
    for _ in range(16):
        assert await budget.refused(60.0) == about(60)
    await budget.advance(61)
    assert await budget.effective() == 70
    assert await budget.refused(5.0) == about(36), "the second trouble, not the seventeenth"


async def test_the_limit_never_falls_below_one_and_comes_back(budget: Budget) -> None:
    await budget.take(1, HUNDRED)
    for _ in range(30):
        await budget.advance(await budget.refused() + 1)
        assert await budget.effective() >= 1
        if (await budget.standing()).in_use == 0:
            assert await budget.granted(1, HUNDRED) == 1
    await budget.advance(7 * HOUR)
    assert await budget.effective() == 100
    assert await budget.granted(100, HUNDRED, interactive=True) == 100


async def test_a_429_never_raises_the_limit(budget: Budget) -> None:
    await budget.spend(20, HUNDRED)
    await budget.refused(1.0)
    await budget.advance(2)
    await budget.spend(40, HUNDRED)
    lower = Rate(70, HOUR)
    await budget.wait_s(lower)
    assert await budget.effective() == 30
    await budget.refused(1.0)  # with 60 of ours in use it shows 10 of others, less than is believed
    await budget.advance(40)
    assert await budget.effective() == 30
