"""Every reason has its answer."""

import pytest
from halosync.domain.model import Outcome, Reason
from halosync.domain.remedy import REMEDIES, SKIPS_NEEDING_ATTENTION, Remedy, needs_attention, remedy_of


def test_every_reason_has_an_answer_and_every_answer_a_reason() -> None:
    assert set(REMEDIES) == set(Reason)
    assert set(REMEDIES.values()) == set(Remedy)


@pytest.mark.parametrize("reason", [None, "", "a_reason_of_tomorrow"])
def test_what_is_not_known_has_no_button(reason: str | None) -> None:
    assert remedy_of(reason) is Remedy.NONE


@pytest.mark.parametrize("reason", Reason)
def test_a_known_code_is_looked_up(reason: Reason) -> None:
    assert remedy_of(str(reason)) is REMEDIES[reason]


def test_what_failed_or_is_held_needs_attention_whatever_the_reason() -> None:
    for reason in (None, *Reason):
        assert needs_attention(Outcome.FAILED, reason)
        assert needs_attention(Outcome.HELD, reason)
        assert not needs_attention(Outcome.SYNCED, reason)
        assert not needs_attention(Outcome.PENDING, reason)
        assert not needs_attention(None, reason)


def test_a_skipped_item_needs_attention_only_if_something_can_be_done() -> None:
    needing = {reason for reason in Reason if needs_attention(Outcome.SKIPPED, reason)}
    assert needing == set(SKIPS_NEEDING_ATTENTION)
    assert not needs_attention(Outcome.SKIPPED, None)
    assert Reason.CUSTOMER_NOT_FOUND in needing
    assert not needing & {Reason.NOT_RECURRING, Reason.QUANTITY_ZERO, Reason.CUSTOMER_EXCLUDED}
