"""The rules of the request budget, for Postgres and for the double in memory alike: how many, and how long to wait."""

import pytest
from halosync.ports.permits import Rate

from .conftest import SECOND_NAME, TENANT, Budget, Standing

pytestmark = pytest.mark.integration

HOUR = 3600.0
FIVE = Rate(5, HOUR)


def about(seconds: float) -> object:
    """Compare with so many seconds, give or take what the test itself takes."""
    return pytest.approx(seconds, abs=20)


# ---------------------------------------------------------------- how many


async def test_a_lease_is_what_was_wanted_or_what_is_left(budget: Budget) -> None:
    assert [await budget.granted(3), await budget.granted(3)] == [3, 2]
    await budget.wait_s()


async def test_tenants_have_budgets_of_their_own(budget: Budget) -> None:
    await budget.spend(5)
    await budget.refused(60.0)
    assert await budget.granted(5, tenant="fabrikam") == 5


async def test_a_halo_with_two_names_has_one_budget(budget: Budget) -> None:
    lease = await budget.take(3, tenant=SECOND_NAME)
    assert await budget.granted(3) == 2
    await budget.wait_s(tenant=SECOND_NAME)
    await budget.limiter.finish(lease, 0)
    assert await budget.granted(5, tenant=SECOND_NAME) == 3
    assert (await budget.standing()).in_use == 5


@pytest.mark.parametrize(("one", "other"), [(TENANT, SECOND_NAME), (SECOND_NAME, TENANT)])
async def test_a_halo_that_answered_429_is_asked_under_none_of_its_names(budget: Budget, one: str, other: str) -> None:
    await budget.granted(1)
    await budget.refused(60.0, tenant=one)
    assert await budget.wait_s(tenant=other) == about(60)


@pytest.mark.parametrize(("limit", "reserve"), [(1, 0), (49, 0), (50, 1), (149, 2), (500, 10)])
async def test_batch_work_leaves_a_reserve_to_calls_that_a_person_waits_for(
    budget: Budget, limit: int, reserve: int
) -> None:
    rate = Rate(limit, HOUR)
    assert await budget.granted(limit, rate) == limit - reserve
    await budget.wait_s(rate)
    assert await budget.standing() == Standing(limit, reserve, in_use=limit - reserve, blocked_s=0.0)
    if reserve:
        assert await budget.granted(limit, rate, interactive=True) == reserve
    await budget.wait_s(rate, interactive=True)


async def test_a_lower_limit_holds_at_once_and_a_higher_one_when_the_lower_is_over(budget: Budget) -> None:
    await budget.spend(4, Rate(6, HOUR))
    await budget.wait_s(Rate(4, HOUR))
    await budget.advance(HOUR / 2)
    await budget.spend(1, FIVE)
    await budget.wait_s(Rate(6, HOUR))
    await budget.advance(HOUR / 2 + 1)
    assert await budget.granted(9, Rate(6, HOUR)) == 4
    await budget.advance(HOUR / 2 + 1)
    assert await budget.granted(9, Rate(6, HOUR)) == 2


async def test_of_two_windows_the_longer_holds_while_permits_of_both_are_in_use(budget: Budget) -> None:
    await budget.spend(2, FIVE)
    await budget.advance(HOUR / 2)
    await budget.spend(3, Rate(5, 60.0))
    await budget.advance(61)
    await budget.wait_s(Rate(5, 60.0))
    await budget.advance(HOUR / 2)
    assert await budget.granted(5, Rate(5, 60.0)) == 2
    await budget.advance(HOUR / 2)
    assert await budget.granted(5, Rate(5, 60.0)) == 5


# ---------------------------------------------------------------- leases


async def test_what_was_not_spent_is_free_at_once(budget: Budget) -> None:
    await budget.limiter.finish(await budget.take(5), 2)
    lease = await budget.take(5)
    assert lease.granted == 3
    await budget.limiter.finish(lease, 0)
    assert await budget.granted(5) == 3


async def test_a_permit_counts_for_a_window_from_the_end_of_its_request(budget: Budget) -> None:
    lease = await budget.take(5, lease_s=1000.0)
    await budget.advance(900)
    await budget.limiter.finish(lease, 5)
    assert await budget.wait_s() == about(HOUR)
    await budget.advance(HOUR - 100)
    assert await budget.wait_s() == about(100)
    await budget.advance(101)
    assert await budget.granted(9) == 5


async def test_the_permits_of_a_dead_holder_come_back_after_lease_and_window(budget: Budget) -> None:
    await budget.take(5, lease_s=1000.0)
    await budget.advance(1000 + HOUR - 100)
    assert await budget.wait_s() == about(100)
    await budget.advance(101)
    assert await budget.granted(9) == 5


async def test_only_the_first_word_on_a_lease_counts(budget: Budget) -> None:
    lease = await budget.take(5)
    await budget.limiter.finish(lease, 4)
    await budget.limiter.finish(lease, 0)
    await budget.limiter.finish(lease, 5)
    assert await budget.granted(9) == 1


async def test_a_word_that_comes_late_lengthens_and_one_that_comes_too_late_changes_nothing(budget: Budget) -> None:
    late, too_late = await budget.take(2), await budget.take(3)
    await budget.advance(HOUR)
    await budget.limiter.finish(late, 2)
    await budget.advance(HOUR - 100)
    assert await budget.granted(9) == 3
    await budget.limiter.finish(too_late, 3)
    await budget.limiter.finish(too_late, 0)
    await budget.wait_s()


# ---------------------------------------------------------------- how long to wait


async def test_while_nothing_is_finished_the_wait_is_as_long_as_it_has_been_open(budget: Budget) -> None:
    lease = await budget.take(5, lease_s=1000.0)
    assert 1.0 <= await budget.wait_s() < 20
    await budget.advance(300)
    assert await budget.wait_s() == about(300)
    await budget.limiter.finish(lease, 3)
    assert await budget.granted(9) == 2


@pytest.mark.parametrize(("window_s", "shortest_s"), [(HOUR, 1.0), (300.0, 1.0), (60.0, 0.2), (1.0, 0.05)])
async def test_the_shortest_wait_is_no_busy_loop(budget: Budget, window_s: float, shortest_s: float) -> None:
    await budget.take(5, Rate(5, window_s), lease_s=1000.0)
    assert shortest_s <= await budget.wait_s(Rate(5, window_s)) < shortest_s + 20


async def test_an_open_lease_of_a_dead_holder_is_not_waited_for(budget: Budget) -> None:
    await budget.take(4, lease_s=60.0)
    await budget.advance(61)
    await budget.spend(1)
    assert await budget.wait_s() == about(HOUR - 1)


async def test_the_wait_is_for_as_many_permits_as_are_missing(budget: Budget) -> None:
    await budget.spend(2)
    await budget.advance(100)
    await budget.spend(2)
    await budget.advance(100)
    await budget.take(1)
    assert await budget.wait_s(Rate(4, HOUR)) == about(HOUR - 200)
    assert await budget.wait_s(Rate(3, HOUR)) == about(HOUR - 200)
    assert await budget.wait_s(Rate(2, HOUR)) == about(HOUR - 100)
    assert await budget.wait_s() < 20, "the open one may come back at any time"
