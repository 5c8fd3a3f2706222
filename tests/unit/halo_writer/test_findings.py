"""What Halo's list says about an update, a create by its name, and a removal (spec section 5.2)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from halo_writer.effects import look
from halo_writer.findings import Adopt, Gone, NotDone, Shown, Stuck, WriteFinding
from halosync.domain import item_sentences, write_sentences
from halosync.domain.model import Licence, LicenceState, PriceField, Reason, Removal

from .effect_examples import (
    ADOPTED,
    AFTER,
    BATCH,
    BEFORE,
    CREATE,
    DEARER,
    DELETE,
    INACTIVE,
    OTHER,
    UNCHANGED,
    UPDATE,
    WANTED,
    YEARLY,
    batch,
)

SPACED = replace(WANTED, name=" ms-365 ")


# What Halo's list says


@pytest.mark.parametrize(
    ("licences", "finding"),
    [
        ([OTHER, WANTED], Shown(WANTED)),
        ([OTHER, UNCHANGED], NotDone(UNCHANGED)),
        ([OTHER, DEARER], NotDone(DEARER)),
        ([OTHER, YEARLY], NotDone(YEARLY)),
        ([OTHER, INACTIVE], NotDone(INACTIVE)),
        ([OTHER], Stuck(Reason.HALO_REJECTED, write_sentences.vanished(70))),
        ([], Stuck(Reason.HALO_REJECTED, write_sentences.vanished(70))),
    ],
)
def test_an_update_is_done_when_the_licence_of_its_id_is_as_wanted(
    licences: list[Licence], finding: WriteFinding
) -> None:
    assert look(UPDATE, BATCH, licences) == finding
    assert look(ADOPTED, BATCH, licences) == finding


def test_a_name_is_compared_exactly_where_the_action_sets_one() -> None:
    spelled = replace(WANTED, name="ms-365")
    assert look(UPDATE, BATCH, [spelled]) == Shown(spelled)
    assert look(replace(UPDATE, set_name="MS-365"), BATCH, [spelled]) == NotDone(spelled)
    assert look(replace(UPDATE, set_name="MS-365"), BATCH, [WANTED]) == Shown(WANTED)


@pytest.mark.parametrize(
    ("price_field", "done"), [(PriceField.PRICE, False), (PriceField.PURCHASE_PRICE, True), (PriceField.NONE, True)]
)
def test_only_the_price_that_is_written_is_compared(price_field: PriceField, done: bool) -> None:
    licence = replace(WANTED, price=Decimal(99), purchase_price=Decimal("31.50"))
    assert look(UPDATE, batch(price_field=price_field), [licence]) == (Shown(licence) if done else NotDone(licence))
    assert look(CREATE, batch(price_field=price_field), [licence]) == (Shown(licence) if done else Adopt(licence))


def test_without_a_price_field_all_else_is_compared_all_the_same() -> None:
    assert look(UPDATE, batch(price_field=PriceField.NONE), [UNCHANGED]) == NotDone(UNCHANGED)


@pytest.mark.parametrize(
    ("licences", "finding"),
    [
        ([], NotDone()),
        ([OTHER], NotDone()),
        ([OTHER, WANTED], Shown(WANTED)),
        ([OTHER, UNCHANGED], Adopt(UNCHANGED)),
        ([OTHER, SPACED], Shown(SPACED)),
        ([OTHER, INACTIVE], Adopt(INACTIVE)),
        ([replace(WANTED, id=69, is_active=False), WANTED], Shown(WANTED)),
        (
            [WANTED, replace(WANTED, id=69)],
            Stuck(Reason.LICENCE_AMBIGUOUS, item_sentences.licence_ambiguous("MS-365", [69, 70], 2)),
        ),
    ],
)
def test_a_create_is_looked_for_by_its_name_and_never_made_twice(
    licences: list[Licence], finding: WriteFinding
) -> None:
    assert look(CREATE, BATCH, licences) == finding


def test_a_create_that_sets_no_name_is_looked_for_by_the_name_of_its_licence() -> None:
    assert look(replace(CREATE, set_name=None, licence_name="AV-1"), BATCH, [OTHER, WANTED]) == Shown(OTHER)


def test_a_create_is_looked_for_by_the_name_that_it_sets() -> None:
    assert look(replace(CREATE, set_name="AV-1", licence_name="MS-365"), BATCH, [OTHER, WANTED]) == Shown(OTHER)


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
    assert look(DELETE, batch(removal=removal), licences) == (Gone() if done else NotDone(WANTED))


@pytest.mark.parametrize("before", [None, replace(BEFORE, active=False)])
def test_an_inactive_licence_is_no_proof_of_a_delete_where_it_was_inactive_before(before: LicenceState | None) -> None:
    inactive = [INACTIVE]
    assert look(replace(DELETE, before=before), BATCH, inactive) == NotDone(INACTIVE)
    assert look(replace(DELETE, before=before), BATCH, []) == Gone()


def test_a_price_as_it_was_before_is_no_proof_of_one_within_half_a_cent() -> None:
    asked = replace(UPDATE, after=replace(AFTER, price=Decimal("31.504")))
    assert look(asked, BATCH, [WANTED]) == NotDone(WANTED)
    assert look(replace(asked, before=replace(BEFORE, price=Decimal(30))), BATCH, [WANTED]) == Shown(WANTED)
