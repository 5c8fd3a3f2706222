"""Every reason has its answer."""

import pytest
from halosync.domain.mending import MENDABLE_SKIPS, MENDING, Mending, calls_for_somebody, mending
from halosync.domain.model import Outcome, Reason


def test_every_reason_has_an_answer_and_every_answer_a_reason() -> None:
    assert set(MENDING) == set(Reason)
    assert set(MENDING.values()) == set(Mending)


@pytest.mark.parametrize("reason", [None, "", "a_reason_of_tomorrow"])
def test_what_is_not_known_has_no_button(reason: str | None) -> None:
    assert mending(reason) is Mending.NONE


@pytest.mark.parametrize("reason", Reason)
def test_a_known_code_is_looked_up(reason: Reason) -> None:
    assert mending(str(reason)) is MENDING[reason]


def test_what_failed_or_is_held_calls_for_somebody_whatever_the_reason() -> None:
    for reason in (None, *Reason):
        assert calls_for_somebody(Outcome.FAILED, reason)
        assert calls_for_somebody(Outcome.HELD, reason)
        assert not calls_for_somebody(Outcome.SYNCED, reason)
        assert not calls_for_somebody(Outcome.PENDING, reason)
        assert not calls_for_somebody(None, reason)


def test_a_skipped_item_calls_for_somebody_only_if_something_can_be_done() -> None:
    calling = {reason for reason in Reason if calls_for_somebody(Outcome.SKIPPED, reason)}
    assert calling == set(MENDABLE_SKIPS)
    assert not calls_for_somebody(Outcome.SKIPPED, None)
    assert Reason.CUSTOMER_NOT_FOUND in calling
    assert not calling & {Reason.NOT_RECURRING, Reason.QUANTITY_ZERO, Reason.CUSTOMER_EXCLUDED}
