"""What Halo keeps of a write is compared with what was asked for (spec section 9)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from halo_writer.effects import look, result_of
from halo_writer.findings import NotDone, Shown
from halosync.domain.licences import state_of
from halosync.domain.model import KeptOtherwise, Licence, LicenceState, PriceField, Reason, Removal
from halosync.ports.batch_work import AppliedAction, FailedAction, OpenAction

from .effect_examples import (
    AFTER,
    BATCH,
    BEFORE,
    CREATE,
    DEARER,
    DELETE,
    INACTIVE,
    UNCHANGED,
    UPDATE,
    WANTED,
    YEARLY,
    batch,
)

# What Halo keeps


def test_what_is_kept_to_the_letter_is_applied_and_leaves_nothing_to_remember() -> None:
    assert result_of(UPDATE, 3, BATCH, WANTED) == AppliedAction(5, 3, 70)
    assert result_of(CREATE, 3, BATCH, replace(WANTED, billing_cycle="MONTHLY")) == AppliedAction(5, 3, 70)


def test_a_created_licence_may_be_called_otherwise_and_a_price_kept_to_the_cent() -> None:
    result = result_of(CREATE, 3, BATCH, replace(WANTED, name="MS&#45;365"))
    assert isinstance(result, AppliedAction)
    assert result.otherwise == KeptOtherwise(AFTER, AFTER, "MS-365", "MS&#45;365")
    cents = result_of(replace(UPDATE, after=replace(AFTER, price=Decimal("31.504"))), 3, BATCH, WANTED)
    assert isinstance(cents, AppliedAction)
    assert cents.otherwise is not None


@pytest.mark.parametrize(
    ("action", "kept"),
    [
        (UPDATE, UNCHANGED),
        (CREATE, UNCHANGED),
        (UPDATE, DEARER),
        (UPDATE, YEARLY),
        (UPDATE, INACTIVE),
        (replace(UPDATE, set_name="MS-366", licence_name="MS-366"), WANTED),
        (DELETE, WANTED),
    ],
)
def test_what_is_not_kept_fails_and_says_which_licence_it_is(action: OpenAction, kept: Licence) -> None:
    result = result_of(action, 3, BATCH, kept, "Not allowed.")
    assert isinstance(result, FailedAction)
    assert (result.item_id, result.mark_no, result.reason, result.licence_id) == (5, 3, Reason.NOT_KEPT, 70)
    assert "Not allowed." in result.detail
    assert result.otherwise is not None
    assert result.otherwise.warning == "Not allowed."
    assert result.otherwise.kept == state_of(kept, PriceField.PRICE)


def test_an_update_that_halo_calls_as_planned_is_kept_whatever_it_was_told() -> None:
    update = replace(UPDATE, set_name="R&D", licence_name="R&amp;D")
    kept = replace(WANTED, name="R&amp;D")
    assert result_of(update, 3, BATCH, kept) == AppliedAction(update.item_id, 3, kept.id)
    assert isinstance(look(update, BATCH, [kept]), Shown)
    assert isinstance(result_of(update, 3, BATCH, replace(kept, name="R&amp;amp;D")), FailedAction)
    assert isinstance(look(update, BATCH, [replace(kept, name="R&amp;amp;D")]), NotDone)


@pytest.mark.parametrize(
    ("removal", "after", "kept"),
    [
        (Removal.DEACTIVATE, replace(BEFORE, active=False), replace(UNCHANGED, is_active=False)),
        (Removal.ZERO, replace(BEFORE, quantity=Decimal(0)), replace(UNCHANGED, quantity=Decimal(0))),
        # What else somebody changed meanwhile is none of its business.
        (Removal.DEACTIVATE, replace(BEFORE, active=False), replace(DEARER, is_active=False)),
    ],
)
def test_a_removal_that_is_no_delete_is_verified_by_what_it_changes(
    removal: Removal, after: LicenceState, kept: Licence
) -> None:
    action = replace(DELETE, after=after)
    assert isinstance(result_of(action, 3, batch(removal=removal), kept), AppliedAction)
    ignored = result_of(action, 3, batch(removal=removal), UNCHANGED)
    assert isinstance(ignored, FailedAction)
    assert ignored.otherwise == KeptOtherwise(after, BEFORE, None, "MS-365")
    cost = replace(UNCHANGED, purchase_price=Decimal(7))
    told = result_of(action, 3, batch(removal=removal, price_field=PriceField.PURCHASE_PRICE), cost)
    assert isinstance(told, FailedAction)
    assert told.otherwise is not None
    assert told.otherwise.kept.price == Decimal(7)


def test_a_price_that_is_not_written_is_not_compared() -> None:
    assert isinstance(result_of(UPDATE, 3, batch(price_field=PriceField.NONE), DEARER), AppliedAction)
