"""Which licence a create of unknown outcome has made, and which it may take over (spec section 5.2)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from halo_writer.effects import look
from halo_writer.findings import Adopt, FoundAsWanted, NotDone, Shown, Strangers, Stuck, WriteFinding
from halo_writer.writes import write_of
from halosync.domain import item_sentences, write_sentences
from halosync.domain.details import stamp_of
from halosync.domain.model import Licence, PriceField, Reason
from halosync.ports.licence_write import NewLicence

from .effect_examples import AFTER, BATCH, CREATE, DEARER, INACTIVE, OTHER, UNCHANGED, WANTED, batch

LONG = "MS-365-BUSINESS-PREMIUM-ADDON"


@pytest.mark.parametrize(
    ("name", "shown", "found"),
    [
        ("R&D", "R&amp;D", True),
        ("R&D", "R&D-2", False),
        (LONG, LONG[:20], True),
        (LONG, LONG[:16], True),
        (LONG, LONG[:15], False),
        (LONG, LONG[1:21], False),
    ],
)
def test_a_created_licence_that_halo_calls_otherwise_is_among_those_that_nobody_knew(
    name: str, shown: str, found: bool
) -> None:
    create, licence = replace(CREATE, set_name=name, licence_name=name), replace(WANTED, name=shown)
    finding = look(create, BATCH, [licence], Strangers([licence], [name]))
    assert finding == (Shown(licence) if found else UNSURE)
    assert look(create, BATCH, [licence]) == NotDone()  # known before: it is another one


UNSURE = Stuck(Reason.OUTCOME_UNKNOWN, write_sentences.perhaps_created([WANTED.id]))


def stamped(licence: Licence, item_id: int = 5) -> Licence:
    return replace(licence, name="Halo's own", stamp=stamp_of(BATCH.run_id, item_id))


def test_a_created_licence_is_known_by_its_stamp_whatever_it_is_called() -> None:
    ours, in_another_state = stamped(WANTED), stamped(UNCHANGED)
    assert look(CREATE, BATCH, [OTHER, ours]) == Shown(ours)
    assert look(CREATE, BATCH, [OTHER, in_another_state]) == Adopt(in_another_state, ours=True)
    dearer = stamped(DEARER)
    assert look(CREATE, batch(price_field=PriceField.NONE), [dearer]) == Shown(dearer)


DEAR_AND_FEW = replace(DEARER, quantity=Decimal(10))
FOREIGN = replace(UNCHANGED, foreign_mark="snowid")
MANAGED = Stuck(Reason.MANAGED_ELSEWHERE, item_sentences.managed_elsewhere([70], "snowid"))
UNREVIEWED = Stuck(Reason.OUTCOME_UNKNOWN, write_sentences.not_reviewed(70))


@pytest.mark.parametrize(
    ("licence", "changes", "finding"),
    [
        (DEARER, {}, UNREVIEWED),
        (replace(DEARER, name="MS-365 "), {}, UNREVIEWED),
        (replace(DEARER, stamp="0123456789ab"), {}, UNREVIEWED),
        (DEARER, {"unreviewed": False}, Adopt(DEARER)),
        (stamped(DEARER), {}, Adopt(stamped(DEARER), ours=True)),  # ours
        (UNCHANGED, {}, Adopt(UNCHANGED)),  # its price stays
        (DEAR_AND_FEW, {"price_field": PriceField.PURCHASE_PRICE}, Adopt(DEAR_AND_FEW)),  # nobody is billed that one
        (DEAR_AND_FEW, {"price_field": PriceField.NONE}, Adopt(DEAR_AND_FEW)),
    ],
)
def test_a_create_adopts_no_licence_that_this_would_reprice_before_the_first_review(
    licence: Licence, changes: dict[str, object], finding: WriteFinding
) -> None:
    assert look(CREATE, batch(**{"unreviewed": True, **changes}), [licence]) == finding


def test_an_escaped_licence_that_nobody_knew_is_not_repriced_before_the_first_review_either() -> None:
    create, licence = replace(CREATE, set_name="R&D"), replace(DEARER, name="R&amp;D")
    strangers = Strangers([licence], ["R&D"])
    assert look(create, batch(unreviewed=True), [licence], strangers) == UNREVIEWED
    assert look(create, BATCH, [licence], strangers) == Adopt(licence)


@pytest.mark.parametrize(
    ("licence", "adopt_foreign", "finding"),
    [
        (FOREIGN, False, MANAGED),
        (replace(FOREIGN, quantity=WANTED.quantity), False, MANAGED),
        (FOREIGN, True, Adopt(FOREIGN)),
        (stamped(FOREIGN), False, MANAGED),  # ours, and marked since
        (
            stamped(replace(WANTED, foreign_mark="snowid")),
            False,
            Shown(stamped(replace(WANTED, foreign_mark="snowid"))),
        ),
    ],
)
def test_a_create_changes_no_licence_of_another_program(
    licence: Licence, adopt_foreign: bool, finding: WriteFinding
) -> None:
    assert look(CREATE, batch(adopt_foreign=adopt_foreign), [licence]) == finding


def test_a_stamp_of_another_item_or_on_two_licences_proves_nothing() -> None:
    assert look(CREATE, BATCH, [stamped(WANTED, 6)]) == NotDone()
    assert look(replace(CREATE, item_id=6), BATCH, [stamped(WANTED)]) == NotDone()
    copied = replace(stamped(WANTED), id=71)
    assert look(CREATE, BATCH, [stamped(WANTED), copied]) == NotDone()
    named = replace(WANTED, id=72)
    assert look(CREATE, BATCH, [stamped(WANTED), copied, named]) == Shown(named)


def test_a_stranger_of_another_type_is_not_the_created_one() -> None:
    create = replace(CREATE, set_name="R&D", new=NewLicence(licence_type=3))
    ours, other = (replace(WANTED, name="R&amp;D", licence_type=each) for each in (3, 4))
    assert look(create, BATCH, [other], Strangers([other], ["R&D"])) == NotDone()
    assert look(create, BATCH, [other, ours], Strangers([other, ours], ["R&D"])) == Shown(ours)


def test_a_create_sends_what_else_it_says() -> None:
    new = NewLicence(licence_type=3, product_sku="MS-365")
    assert write_of(replace(CREATE, new=new), BATCH).new == new


def test_a_cut_name_without_a_price_to_write_is_compared_in_all_else() -> None:
    create, cut = replace(CREATE, set_name=LONG, licence_name=LONG), replace(DEARER, name=LONG[:20])
    assert look(create, batch(price_field=PriceField.NONE), [cut], Strangers([cut], [LONG])) == Shown(cut)


def test_a_cut_name_in_another_state_is_not_believed_and_two_strangers_are_ambiguous() -> None:
    create = replace(CREATE, set_name=LONG, licence_name=LONG)
    other = replace(UNCHANGED, name=LONG[:20])
    assert look(create, BATCH, [other], Strangers([other], [LONG])) == UNSURE
    twins = [replace(WANTED, id=number, name=LONG[:20]) for number in (70, 71)]
    assert isinstance(look(create, BATCH, twins, Strangers(twins, [LONG])), Stuck)


def test_a_cut_name_that_two_creates_may_have_is_neithers() -> None:
    create, cut = replace(CREATE, set_name=LONG, licence_name=LONG), replace(WANTED, name=LONG[:20])
    assert look(create, BATCH, [cut], Strangers([cut], [LONG, f"{LONG}-2"])) == UNSURE


@pytest.mark.parametrize(
    "stranger",
    [
        replace(WANTED, name="Q&amp;A"),  # another create of the run
        replace(WANTED, name="Z", stamp="0123456789ab"),
        replace(WANTED, name="Z", foreign_mark="snowid"),
        replace(WANTED, name="Z", licence_type=3),
    ],
)
def test_a_stranger_that_is_explained_keeps_no_create_from_being_sent_again(stranger: Licence) -> None:
    create = replace(CREATE, new=NewLicence(licence_type=1))
    assert look(create, BATCH, [stranger], Strangers([stranger], [CREATE.licence_name, "Q&A"])) == NotDone()


def test_what_an_undo_brings_back_is_no_licence_that_was_there_before() -> None:
    create, asleep = replace(CREATE, restores=True), replace(WANTED, id=69, is_active=False)
    assert look(create, BATCH, [asleep]) == NotDone()
    assert look(create, BATCH, [asleep], Strangers([asleep])) == NotDone()  # deleted by halosync once
    assert look(create, BATCH, [asleep, WANTED], Strangers([WANTED])) == Shown(WANTED)
    was_inactive = replace(create, after=replace(AFTER, active=False))
    assert look(was_inactive, BATCH, [INACTIVE], Strangers([INACTIVE])) == Shown(INACTIVE)


def test_what_others_made_as_it_is_wanted_is_not_taken_for_what_the_create_made() -> None:
    create = replace(CREATE, new=NewLicence(notes="[halosync …]"))
    another_stamp = replace(WANTED, stamp="0123456789ab")
    neighbour = replace(OTHER, stamp="0123456789ab")  # so this Halo keeps stamps
    assert look(create, BATCH, [WANTED, neighbour]) == FoundAsWanted(WANTED)
    assert look(CREATE, BATCH, [another_stamp]) == FoundAsWanted(another_stamp)
    assert look(create, BATCH, [WANTED]) == Shown(WANTED)  # a Halo that may keep none
    assert look(CREATE, BATCH, [WANTED, neighbour]) == Shown(WANTED)  # none was sent
    assert look(create, BATCH, [replace(WANTED, stamp=stamp_of(BATCH.run_id, 5)), neighbour]) != FoundAsWanted(WANTED)


def test_where_halo_keeps_stamps_a_stranger_without_one_is_somebody_elses() -> None:
    create = replace(CREATE, new=NewLicence(notes="[halosync ba9876543210]"))
    strange, stamped = replace(WANTED, name="Z"), replace(WANTED, id=71, name="Y", stamp="0123456789ab")
    assert look(create, BATCH, [strange, stamped], Strangers([strange], [])) == NotDone()
    assert look(create, BATCH, [strange], Strangers([strange], [])) == UNSURE


@pytest.mark.parametrize("kind", [None, 0, 1])
def test_a_create_of_a_type_does_not_take_a_licence_of_another_type(kind: int | None) -> None:
    create = replace(CREATE, new=NewLicence(licence_type=1))
    found = replace(UNCHANGED, licence_type=kind)
    assert look(create, BATCH, [found]) == (NotDone() if kind == 0 else Adopt(found))
