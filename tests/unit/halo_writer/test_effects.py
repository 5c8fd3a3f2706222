"""What is sent for an action (spec section 5.2)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from halo_writer.writes import write_of
from halosync.domain.model import PriceField, Removal
from halosync.ports.batch_work import OpenAction
from halosync.ports.licence_write import LicenceWrite

from .effect_examples import ADOPTED, BATCH, BEFORE, CREATE, DELETE, UPDATE, batch

# What is sent


def test_an_update_sends_the_state_to_reach_and_leaves_name_and_activity_alone() -> None:
    assert write_of(UPDATE, BATCH) == LicenceWrite(
        client_id=7,
        licence_id=70,
        name=None,
        quantity=Decimal(12),
        price=Decimal("31.50"),
        price_field=PriceField.PRICE,
        billing_cycle="Monthly",
        is_active=None,
    )


def test_a_create_sends_its_name_and_no_id() -> None:
    assert write_of(CREATE, BATCH) == LicenceWrite(
        client_id=7,
        licence_id=None,
        name="MS-365",
        quantity=Decimal(12),
        price=Decimal("31.50"),
        price_field=PriceField.PRICE,
        billing_cycle="Monthly",
        is_active=None,
    )


@pytest.mark.parametrize("price_field", PriceField)
def test_the_price_goes_into_the_field_that_the_partner_chose(price_field: PriceField) -> None:
    assert write_of(UPDATE, batch(price_field=price_field)).price_field is price_field


@pytest.mark.parametrize(
    ("action", "is_active"),
    [
        (UPDATE, None),
        (replace(UPDATE, before=None), None),
        (replace(UPDATE, before=replace(BEFORE, active=False)), True),
        (CREATE, None),
        (ADOPTED, True),
    ],
)
def test_only_what_may_be_inactive_is_made_active(action: OpenAction, is_active: bool | None) -> None:
    assert write_of(action, BATCH).is_active is is_active


@pytest.mark.parametrize(
    ("removal", "write"),
    [
        (Removal.DEACTIVATE, LicenceWrite(client_id=7, licence_id=70, is_active=False)),
        (Removal.ZERO, LicenceWrite(client_id=7, licence_id=70, quantity=Decimal(0))),
    ],
)
def test_a_removal_that_is_no_delete_sends_what_it_makes_of_the_licence(removal: Removal, write: LicenceWrite) -> None:
    assert write_of(DELETE, batch(removal=removal)) == write


def test_a_removal_without_a_licence_names_one_that_there_is_not() -> None:
    write = write_of(replace(DELETE, licence_id=None), batch(removal=Removal.ZERO))
    assert write.licence_id == 0


@pytest.mark.parametrize("action", [UPDATE, CREATE])
def test_what_has_no_state_to_reach_is_not_sent(action: OpenAction) -> None:
    with pytest.raises(ValueError, match=rf"^item 5: {action.action} without a state to reach$"):
        write_of(replace(action, after=None), BATCH)
