import pytest
from halosync.domain.model import Reason
from halosync.domain.retry import (
    Again,
    FailureClass,
    GiveUp,
    LookUp,
    NextStep,
    RefreshToken,
    delay_tier,
    next_step,
)
from hypothesis import given
from hypothesis import strategies as st

TIERS = (5.0, 30.0, 120.0, 300.0)


def after(failure: FailureClass, attempts: int = 1, wait_s: float | None = None, refreshed: bool = False) -> NextStep:
    return next_step(
        failure, attempts=attempts, max_attempts=8, delays_s=TIERS, wait_s=wait_s, token_refreshed=refreshed
    )


@pytest.mark.parametrize(
    ("attempts", "step"),
    [
        (0, Again(5.0, charged=True)),
        (1, Again(5.0, charged=True)),
        (2, Again(30.0, charged=True)),
        (4, Again(300.0, charged=True)),
        (7, Again(300.0, charged=True)),
        (8, GiveUp(Reason.HALO_UNAVAILABLE)),
        (9, GiveUp(Reason.HALO_UNAVAILABLE)),
    ],
)
def test_a_passing_failure_is_tried_again_until_the_attempts_are_used_up(attempts: int, step: NextStep) -> None:
    assert after(FailureClass.TRANSIENT, attempts) == step


@pytest.mark.parametrize(("wait_s", "waited_s"), [(None, 300.0), (7.0, 7.0), (-1.0, 0.0)])
def test_a_limit_is_waited_out_as_long_as_it_says_and_else_the_longest_delay(
    wait_s: float | None, waited_s: float
) -> None:
    assert after(FailureClass.RATE_LIMITED, 99, wait_s) == Again(waited_s, charged=False)


@given(st.integers(0, 10**6), st.none() | st.floats(-5, 10**6))
def test_a_limit_alone_never_ends_anything_and_costs_no_attempt(attempts: int, wait_s: float | None) -> None:
    expected = 300.0 if wait_s is None else max(wait_s, 0.0)
    assert after(FailureClass.RATE_LIMITED, attempts, wait_s) == Again(expected, charged=False)


def test_a_token_is_refreshed_once() -> None:
    assert after(FailureClass.UNAUTHORIZED) == RefreshToken()
    assert after(FailureClass.UNAUTHORIZED, refreshed=True) == GiveUp(Reason.PERMISSION_DENIED)


def test_what_halo_rejects_is_not_sent_again() -> None:
    assert after(FailureClass.REJECTED) == GiveUp(Reason.HALO_REJECTED)


@given(st.integers(0, 100))
def test_what_has_an_unknown_outcome_is_looked_up_and_never_just_sent_again(attempts: int) -> None:
    assert after(FailureClass.OUTCOME_UNKNOWN, attempts) == LookUp()


def test_what_failed_as_a_whole_is_looked_up_as_well() -> None:
    assert after(FailureClass.FAILED_WHOLE) == LookUp()


@pytest.mark.parametrize(("attempts", "delay_s"), [(1, 5.0), (3, 120.0), (9, 300.0)])
def test_what_is_locked_is_looked_up_after_a_while(attempts: int, delay_s: float) -> None:
    assert after(FailureClass.LOCKED, attempts) == LookUp(delay_s)


def test_an_outage_that_says_how_long_it_takes_is_waited_out() -> None:
    assert after(FailureClass.TRANSIENT, wait_s=90.0) == Again(90.0, charged=True)
    assert after(FailureClass.TRANSIENT, wait_s=1.0) == Again(5.0, charged=True)


def test_a_tier_of_less_than_a_second_is_as_it_was_set() -> None:
    step = next_step(
        FailureClass.TRANSIENT, attempts=1, max_attempts=8, delays_s=[0.25], wait_s=None, token_refreshed=False
    )
    assert step == Again(0.25, charged=True)


@pytest.mark.parametrize("failure", FailureClass)
def test_every_class_needs_delays(failure: FailureClass) -> None:
    with pytest.raises(ValueError, match=r"^There must be at least one retry delay\.$"):
        next_step(failure, attempts=1, max_attempts=1, delays_s=(), wait_s=None, token_refreshed=False)


@pytest.mark.parametrize(
    ("wait_s", "tier"), [(0, 5.0), (4.9, 5.0), (5, 5.0), (29, 5.0), (30, 30.0), (299, 120.0), (9999, 300.0)]
)
def test_the_delay_tier_wakes_early_rather_than_late(wait_s: float, tier: float) -> None:
    assert delay_tier(wait_s, TIERS) == tier
    assert delay_tier(wait_s, TIERS[::-1]) == tier


def test_there_must_be_a_tier() -> None:
    with pytest.raises(ValueError, match=r"^There must be at least one delay tier\.$"):
        delay_tier(1, ())
