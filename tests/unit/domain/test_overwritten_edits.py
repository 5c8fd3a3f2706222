"""Which item would overwrite what somebody has edited in Halo (spec section 11)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from devstack.fields import Fields
from halosync.domain.drift import hold_edited, overwrites_edit
from halosync.domain.model import Action, Drift, LicenceState, Outcome, Reason
from halosync.domain.plan import PlannedItem

STATE = LicenceState(Decimal(5), Decimal("31.50"), "Monthly", active=True)
NAME, QUANTITY, PRICE, CYCLE = (Drift(field, "a", "b") for field in ("name", "quantity", "price", "billing_cycle"))
ACTIVE = Drift("active", we_wrote=True, halo_has=False)


def item(*drift: Drift, action: Action = Action.UPDATE, **more: Any) -> PlannedItem:
    """Return an update that changes nothing of what is there."""
    plain = PlannedItem(("C-1",), "Contoso", 7, "P", "P", 1, action, Outcome.PENDING, None, None, STATE, STATE)
    return replace(plain, drift=drift, **more)


CHANGES: dict[str, tuple[Drift, Fields]] = {
    "name": (NAME, {"set_name": "P"}),
    "quantity": (QUANTITY, {"after": replace(STATE, quantity=Decimal(6))}),
    "price": (PRICE, {"after": replace(STATE, price=Decimal(32))}),
    "price from nothing": (PRICE, {"before": replace(STATE, price=None)}),
    "price to nothing": (PRICE, {"after": replace(STATE, price=None)}),
    "billing cycle": (CYCLE, {"after": replace(STATE, billing_cycle="Annual")}),
    "billing cycle from nothing": (CYCLE, {"before": replace(STATE, billing_cycle=None)}),
    "billing cycle to nothing": (CYCLE, {"after": replace(STATE, billing_cycle=None)}),
    "activity": (ACTIVE, {"after": replace(STATE, active=False)}),
}


@pytest.mark.parametrize("case", CHANGES)
def test_an_edited_field_that_would_change_is_overwritten_and_another_is_not(case: str) -> None:
    edited, change = CHANGES[case]
    assert overwrites_edit(item(edited, **change))
    assert not overwrites_edit(item(edited))
    for other in {NAME, QUANTITY, PRICE, CYCLE, ACTIVE} - {edited}:
        assert not overwrites_edit(item(other, **change))


def test_of_several_edits_one_is_enough() -> None:
    assert overwrites_edit(item(NAME, QUANTITY, after=replace(STATE, quantity=Decimal(6))))


def test_the_same_in_other_words_is_no_change() -> None:
    assert not overwrites_edit(item(PRICE, after=replace(STATE, price=Decimal("31.5"))))
    assert not overwrites_edit(item(CYCLE, after=replace(STATE, billing_cycle=" MONTHLY ")))


@pytest.mark.parametrize(
    ("action", "before", "after", "overwrites"),
    [
        (Action.DELETE, STATE, STATE, True),
        (Action.DELETE, STATE, None, True),
        (Action.UPDATE, None, STATE, True),
        (Action.UPDATE, STATE, None, True),
        (Action.CREATE, None, STATE, True),
        (Action.UNCHANGED, STATE, None, False),
    ],
)
def test_without_both_states_a_removal_or_update_overwrites(
    action: Action, before: LicenceState | None, after: LicenceState | None, overwrites: bool
) -> None:
    assert overwrites_edit(item(QUANTITY, action=action, before=before, after=after)) is overwrites


def test_what_is_not_to_be_carried_out_or_was_not_edited_overwrites_nothing() -> None:
    assert not overwrites_edit(item(QUANTITY, action=Action.DELETE, outcome=Outcome.SKIPPED))
    assert not overwrites_edit(item(action=Action.DELETE))


@pytest.mark.parametrize(
    ("action", "word"), [(Action.DELETE, "not removed until"), (Action.UPDATE, "not overwritten until")]
)
def test_what_is_held_says_what_it_would_do_and_what_is_released_goes(action: Action, word: str) -> None:
    items = [item(QUANTITY, action=action, after=None)] * 2
    hold_edited(items, {1})
    assert (items[0].outcome, items[0].reason) == (Outcome.HELD, Reason.EDITED_IN_HALO)
    assert word in (items[0].detail or "")
    assert items[1].outcome is Outcome.PENDING
