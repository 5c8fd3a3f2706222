"""What becomes of a message: nothing is lost, nothing is tried for ever, and a limit alone ends nothing."""

import pytest
from halosync.domain.delivery import (
    MOST_PUBLISHING,
    PUBLISH_AGAIN_S,
    Acknowledge,
    DeliveryRules,
    Ending,
    Finished,
    MakeDeadLetter,
    Outage,
    PassingFailure,
    Postponed,
    PublishAgain,
    Redeliver,
    ReturnToQueue,
    Unprocessable,
    Unpublishable,
    next_delivery,
)
from hypothesis import given
from hypothesis import strategies as st

seconds = st.floats(0.01, 3600.0)
some_rules = st.builds(
    DeliveryRules,
    delays_s=st.lists(seconds, min_size=1, max_size=5).map(sorted),
    tiers_s=st.lists(seconds, min_size=1, max_size=6),
    max_attempts=st.integers(1, 20),
)
some_attempts = st.integers(0, 30)
postponed = st.builds(Postponed, wait_s=st.floats(0.0, 7200.0), charged=st.booleans())
passing = st.builds(PassingFailure, why=st.text(min_size=1))
RULES = DeliveryRules(delays_s=(5.0, 30.0), tiers_s=(1.0, 5.0, 30.0), max_attempts=3)


@pytest.mark.parametrize(
    ("ending", "attempts", "follows"),
    [
        (Finished(), 2, Acknowledge()),
        (Postponed(12.0), 0, Redeliver(5.0, 0)),
        (Postponed(0.2, charged=True), 1, Redeliver(1.0, 2)),
        (Postponed(12.0, charged=True), 2, MakeDeadLetter("given up after 3 attempts")),
        (PassingFailure("the host is slow"), 0, Redeliver(5.0, 1)),
        (PassingFailure("the host is slow"), 1, Redeliver(30.0, 2)),
        (PassingFailure("the host is slow"), 2, MakeDeadLetter("given up after 3 attempts: the host is slow")),
        (Unprocessable("line 3"), 0, MakeDeadLetter("line 3")),
        (Outage(), 2, Redeliver(5.0, 2, outages=1)),
        (Unpublishable(1), 2, PublishAgain(PUBLISH_AGAIN_S)),
        (Unpublishable(MOST_PUBLISHING), 2, ReturnToQueue()),
    ],
)
def test_what_follows(ending: Ending, attempts: int, follows: object) -> None:
    assert next_delivery(ending, attempts, RULES) == follows


@given(
    st.one_of(
        postponed,
        passing,
        st.just(Outage()),
        st.builds(Unprocessable, st.text()),
        st.builds(Unpublishable, st.integers()),
    ),
    some_attempts,
    some_rules,
)
def test_only_what_is_done_is_forgotten(ending: Ending, attempts: int, rules: DeliveryRules) -> None:
    assert not isinstance(next_delivery(ending, attempts, rules), Acknowledge)


@given(postponed, st.data(), some_rules)
def test_a_wait_alone_ends_nothing_and_costs_only_what_it_says(
    ending: Postponed, data: st.DataObject, rules: DeliveryRules
) -> None:
    attempts = data.draw(st.integers(0, rules.max_attempts - 1))
    follows = next_delivery(ending, attempts, rules)
    if ending.charged and attempts + 1 == rules.max_attempts:
        assert follows == MakeDeadLetter(f"given up after {rules.max_attempts} attempts")
        return
    assert isinstance(follows, Redeliver)
    assert follows.attempts == attempts + ending.charged
    assert follows.tier_s in rules.tiers_s
    assert follows.tier_s <= ending.wait_s or follows.tier_s == min(rules.tiers_s)


@given(some_rules)
def test_a_failure_that_does_not_pass_waits_ever_longer_and_is_given_up(rules: DeliveryRules) -> None:
    waits_s, attempts = [], 0
    while isinstance(follows := next_delivery(PassingFailure("away"), attempts, rules), Redeliver):
        waits_s.append(follows.tier_s)
        attempts = follows.attempts
    assert follows == MakeDeadLetter(f"given up after {rules.max_attempts} attempts: away")
    assert len(waits_s) == rules.max_attempts - 1
    assert waits_s == sorted(waits_s)


@given(st.integers(), st.integers(), some_rules)
def test_an_outage_of_our_own_costs_no_attempt_however_long_it_lasts(
    attempts: int, outages: int, rules: DeliveryRules
) -> None:
    """Nor does it forget those that were charged: what a header says is in bounds at once."""
    waits_s = []
    for _ in range(rules.max_attempts + 3):
        follows = next_delivery(Outage(), attempts, rules, outages)
        assert isinstance(follows, Redeliver)
        assert 0 <= follows.attempts <= rules.max_attempts
        attempts, outages = follows.attempts, follows.outages
        waits_s.append(follows.tier_s)
    assert waits_s == sorted(waits_s), "it waits ever longer"
    assert outages <= len(rules.delays_s), "the count does not grow without end"


@given(st.one_of(postponed, passing), some_attempts, some_rules)
def test_whatever_else_follows_ends_the_row_of_outages(ending: Ending, attempts: int, rules: DeliveryRules) -> None:
    follows = next_delivery(ending, attempts, rules, outages=3)
    assert isinstance(follows, MakeDeadLetter) or (isinstance(follows, Redeliver) and follows.outages == 0)


@given(st.one_of(postponed, passing), some_attempts, some_rules)
def test_too_many_attempts_end_as_a_dead_letter(ending: Ending, attempts: int, rules: DeliveryRules) -> None:
    follows = next_delivery(ending, rules.max_attempts + attempts, rules)
    assert isinstance(follows, MakeDeadLetter)


@given(passing, st.integers(), some_rules)
def test_whatever_a_header_says_a_failing_message_ends_in_time(
    ending: Ending, attempts: int, rules: DeliveryRules
) -> None:
    deliveries = 0
    while isinstance(follows := next_delivery(ending, attempts, rules), Redeliver):
        attempts, deliveries = follows.attempts, deliveries + 1
    assert deliveries < rules.max_attempts


@pytest.mark.parametrize("ending", [Finished(), PassingFailure("away"), Outage(), Unpublishable(1)])
def test_without_delays_there_is_no_decision(ending: Ending) -> None:
    with pytest.raises(ValueError, match=r"^There must be at least one retry delay\.$"):
        next_delivery(ending, 0, DeliveryRules((), (1.0,), 3))


def test_a_long_outage_is_asked_about_as_seldom_as_the_last_delay_says() -> None:
    rules = DeliveryRules((1.0, 10.0, 60.0), (1.0, 10.0, 60.0), 3)
    waits_s = []
    for outages in range(5):
        follows = next_delivery(Outage(), 0, rules, outages)
        assert isinstance(follows, Redeliver)
        waits_s.append(follows.tier_s)
    assert waits_s == [1.0, 10.0, 60.0, 60.0, 60.0]
