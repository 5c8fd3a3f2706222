"""What is sent for an action, and what Halo's list says about it (spec section 5.2)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from halo_writer.effects import look, result_of
from halo_writer.findings import Adopt, Finding, FoundAsWanted, Gone, NotDone, Shown, Strangers, Stuck
from halo_writer.writes import write_of
from halosync.domain import item_sentences, write_sentences
from halosync.domain.batching import BatchKind
from halosync.domain.details import stamp_of
from halosync.domain.licences import state_of
from halosync.domain.model import Action, KeptOtherwise, Licence, LicenceState, PriceField, Reason, Removal
from halosync.domain.states import ActionState
from halosync.ports.batch_work import AppliedAction, BatchAtWork, FailedAction, OpenAction
from halosync.ports.licence_write import LicenceWrite, NewLicence

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
    unreviewed=False,
    adopt_foreign=False,
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
DEARER, YEARLY = replace(WANTED, price=Decimal(99)), replace(WANTED, billing_cycle="Annual")
INACTIVE = replace(WANTED, is_active=False)
SPACED = replace(WANTED, name=" ms-365 ")
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
        ([OTHER, WANTED], Shown(WANTED)),
        ([OTHER, UNCHANGED], NotDone(UNCHANGED)),
        ([OTHER, DEARER], NotDone(DEARER)),
        ([OTHER, YEARLY], NotDone(YEARLY)),
        ([OTHER, INACTIVE], NotDone(INACTIVE)),
        ([OTHER], Stuck(Reason.HALO_REJECTED, write_sentences.vanished(70))),
        ([], Stuck(Reason.HALO_REJECTED, write_sentences.vanished(70))),
    ],
)
def test_an_update_is_done_when_the_licence_of_its_id_is_as_wanted(licences: list[Licence], finding: Finding) -> None:
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
def test_a_create_is_looked_for_by_its_name_and_never_made_twice(licences: list[Licence], finding: Finding) -> None:
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
    licence: Licence, changes: dict[str, Any], finding: Finding
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
    licence: Licence, adopt_foreign: bool, finding: Finding
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


def test_a_price_as_it_was_before_is_no_proof_of_one_within_half_a_cent() -> None:
    asked = replace(UPDATE, after=replace(AFTER, price=Decimal("31.504")))
    assert look(asked, BATCH, [WANTED]) == NotDone(WANTED)
    assert look(replace(asked, before=replace(BEFORE, price=Decimal(30))), BATCH, [WANTED]) == Shown(WANTED)


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


@pytest.mark.parametrize("kind", [None, 0, 1])
def test_a_create_of_a_type_does_not_take_a_licence_of_another_type(kind: int | None) -> None:
    create = replace(CREATE, new=NewLicence(licence_type=1))
    found = replace(UNCHANGED, licence_type=kind)
    assert look(create, BATCH, [found]) == (NotDone() if kind == 0 else Adopt(found))
