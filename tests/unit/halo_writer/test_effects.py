"""What is sent for an action, and what Halo's list says about it (spec section 5.2)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from halo_writer.effects import Adopt, Done, Finding, NotDone, Stuck, look, write_of
from halosync.domain import item_sentences
from halosync.domain.batching import BatchKind
from halosync.domain.model import Action, Licence, LicenceState, PriceField, Reason, Removal
from halosync.domain.states import ActionState
from halosync.ports.batch_work import BatchAtWork, OpenAction
from halosync.ports.licence_write import LicenceWrite

BEFORE = LicenceState(Decimal(10), Decimal("31.50"), "Monthly", active=True)
AFTER = LicenceState(Decimal(12), Decimal("31.50"), "Monthly", active=True)
BATCH = BatchAtWork(
    batch_id=1,
    run_id=UUID(int=1),
    partner_id="acme-msp",
    tenant="acme",
    kind=BatchKind.WRITE,
    failures=0,
    refused_generation=None,
    refused_rows=None,
    removal=Removal.DELETE,
    price_field=PriceField.PRICE,
    rate=None,
    stopping=False,
    connected=True,
)
UPDATE = OpenAction(
    item_id=5,
    client_id=7,
    licence_id=70,
    action=Action.UPDATE,
    set_name=None,
    licence_name="MS-365",
    attempt=1,
    mark_no=1,
    action_state=ActionState.UNKNOWN,
    before=BEFORE,
    after=AFTER,
    settle_wait_s=0.0,
    unseen=False,
)
CREATE = replace(UPDATE, action=Action.CREATE, licence_id=None, set_name="MS-365", before=None)
DELETE = replace(UPDATE, action=Action.DELETE, after=None)
ADOPTED = replace(CREATE, licence_id=70)
"""A create that has found a licence of its name, and goes on as an update of that one."""

WANTED = Licence(70, 7, "MS-365", Decimal(12), Decimal("31.50"), None, "Monthly")
UNCHANGED = replace(WANTED, quantity=Decimal(10))
OTHER = replace(WANTED, id=71, name="AV-1")


def batch(**changes: Any) -> BatchAtWork:
    return replace(BATCH, **changes)


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


# What Halo's list says


@pytest.mark.parametrize(
    ("licences", "finding"),
    [
        ([OTHER, WANTED], Done(70)),
        ([OTHER, UNCHANGED], NotDone()),
        ([OTHER, replace(WANTED, price=Decimal(30))], NotDone()),
        ([OTHER, replace(WANTED, billing_cycle="Annual")], NotDone()),
        ([OTHER, replace(WANTED, is_active=False)], NotDone()),
        ([OTHER], Stuck(Reason.HALO_REJECTED, item_sentences.vanished(70))),
        ([], Stuck(Reason.HALO_REJECTED, item_sentences.vanished(70))),
    ],
)
def test_an_update_is_done_when_the_licence_of_its_id_is_as_wanted(licences: list[Licence], finding: Finding) -> None:
    assert look(UPDATE, BATCH, licences) == finding
    assert look(ADOPTED, BATCH, licences) == finding


def test_a_name_is_compared_exactly_where_the_action_sets_one() -> None:
    other_spelling = [replace(WANTED, name="ms-365")]
    assert look(UPDATE, BATCH, other_spelling) == Done(70)
    assert look(replace(UPDATE, set_name="MS-365"), BATCH, other_spelling) == NotDone()
    assert look(replace(UPDATE, set_name="MS-365"), BATCH, [WANTED]) == Done(70)


@pytest.mark.parametrize(
    ("price_field", "done"), [(PriceField.PRICE, False), (PriceField.PURCHASE_PRICE, True), (PriceField.NONE, True)]
)
def test_only_the_price_that_is_written_is_compared(price_field: PriceField, done: bool) -> None:
    licence = replace(WANTED, price=Decimal(99), purchase_price=Decimal("31.50"))
    assert look(UPDATE, batch(price_field=price_field), [licence]) == (Done(70) if done else NotDone())
    assert look(CREATE, batch(price_field=price_field), [licence]) == (Done(70) if done else Adopt(70))


def test_without_a_price_field_all_else_is_compared_all_the_same() -> None:
    assert look(UPDATE, batch(price_field=PriceField.NONE), [UNCHANGED]) == NotDone()


@pytest.mark.parametrize(
    ("licences", "finding"),
    [
        ([], NotDone()),
        ([OTHER], NotDone()),
        ([OTHER, WANTED], Done(70)),
        ([OTHER, UNCHANGED], Adopt(70)),
        ([OTHER, replace(WANTED, name=" ms-365 ")], Adopt(70)),
        ([OTHER, replace(WANTED, is_active=False)], Adopt(70)),
        ([replace(WANTED, id=69, is_active=False), WANTED], Done(70)),
        (
            [WANTED, replace(WANTED, id=69)],
            Stuck(Reason.LICENCE_AMBIGUOUS, item_sentences.licence_ambiguous("MS-365", [69, 70], 2)),
        ),
    ],
)
def test_a_create_is_looked_for_by_its_name_and_never_made_twice(licences: list[Licence], finding: Finding) -> None:
    assert look(CREATE, BATCH, licences) == finding


def test_a_create_that_sets_no_name_is_looked_for_by_the_name_of_its_licence() -> None:
    assert look(replace(CREATE, set_name=None, licence_name="AV-1"), BATCH, [OTHER, WANTED]) == Done(71)


def test_a_create_is_looked_for_by_the_name_that_it_sets() -> None:
    assert look(replace(CREATE, set_name="AV-1", licence_name="MS-365"), BATCH, [OTHER, WANTED]) == Done(71)


@pytest.mark.parametrize(
    ("removal", "licences", "done"),
    [
        (Removal.DELETE, [OTHER], True),
        (Removal.DELETE, [WANTED], False),
        (Removal.DELETE, [replace(WANTED, is_active=False)], True),
        (Removal.DEACTIVATE, [OTHER], True),
        (Removal.DEACTIVATE, [WANTED], False),
        (Removal.DEACTIVATE, [replace(WANTED, is_active=False)], True),
        (Removal.ZERO, [OTHER], True),
        (Removal.ZERO, [WANTED], False),
        (Removal.ZERO, [replace(WANTED, quantity=Decimal(0))], True),
    ],
)
def test_a_removal_is_done_when_the_licence_is_gone_or_as_it_leaves_it(
    removal: Removal, licences: list[Licence], done: bool
) -> None:
    assert look(DELETE, batch(removal=removal), licences) == (Done(70) if done else NotDone())


@pytest.mark.parametrize("before", [None, replace(BEFORE, active=False)])
def test_an_inactive_licence_is_no_proof_of_a_delete_where_it_was_inactive_before(before: LicenceState | None) -> None:
    inactive = [replace(WANTED, is_active=False)]
    assert look(replace(DELETE, before=before), BATCH, inactive) == NotDone()
    assert look(replace(DELETE, before=before), BATCH, []) == Done(70)
