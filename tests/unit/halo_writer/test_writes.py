"""Which fields a write makes empty: those that an undo found filled, and that were empty before (spec section 11)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from halo_writer.writes import write_of
from halosync.domain.model import Action, LicenceState, PriceField

from .effect_examples import BATCH, CREATE, UPDATE

FULL = LicenceState(Decimal(10), Decimal("31.50"), "Monthly", active=True)
EMPTY = LicenceState(None, None, None, active=True)


@pytest.mark.parametrize(
    ("price_field", "unset"),
    [
        (PriceField.PRICE, {"count", "price", "billing_cycle"}),
        (PriceField.PURCHASE_PRICE, {"count", PriceField.PURCHASE_PRICE.value, "billing_cycle"}),
        (PriceField.NONE, {"count", "billing_cycle"}),
    ],
)
def test_what_was_empty_before_is_made_empty_again(price_field: PriceField, unset: set[str]) -> None:
    emptied = replace(UPDATE, before=FULL, after=EMPTY)
    assert write_of(emptied, replace(BATCH, price_field=price_field)).unset == unset


def test_a_field_that_is_filled_or_was_empty_all_along_is_not_made_empty() -> None:
    assert write_of(replace(UPDATE, before=FULL, after=FULL), BATCH).unset == frozenset()
    assert write_of(replace(UPDATE, before=EMPTY, after=FULL), BATCH).unset == frozenset()
    assert write_of(replace(UPDATE, before=EMPTY, after=EMPTY), BATCH).unset == frozenset()
    only_cycle = replace(FULL, billing_cycle=None)
    assert write_of(replace(UPDATE, before=FULL, after=only_cycle), BATCH).unset == {"billing_cycle"}


def test_a_create_makes_nothing_empty() -> None:
    assert CREATE.action is Action.CREATE
    assert write_of(replace(CREATE, after=EMPTY), BATCH).unset == frozenset()
