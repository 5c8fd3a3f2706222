"""Which deletions by somebody in Halo a plan agrees with."""

from dataclasses import replace
from decimal import Decimal

from halosync.domain.deletions import accepted_by_sync, accepted_by_undo
from halosync.domain.model import Action, Client, Licence, Line, LineKind, Outcome, Reason
from halosync.domain.plan import PlanInput, PlannedItem
from halosync.domain.planning import make_plan

VANISHED = {1: (7, "MS-365"), 2: (8, "MS-365")}
CREATE = PlannedItem(("C",), "Contoso", 7, "ms-365", None, None, Action.CREATE, Outcome.HELD, Reason.EDITED_IN_HALO)


def test_a_product_that_the_invoice_does_not_bill_is_agreed_with_where_the_plan_says_all_of_its_client() -> None:
    assert accepted_by_sync(VANISHED, [], {7}) == {1}
    assert accepted_by_sync(VANISHED, [], set()) == set(), "a client of a customer that was left out"
    assert accepted_by_sync({}, [CREATE], {7}) == set()


def test_what_the_plan_would_create_or_says_nothing_of_is_not_agreed_with() -> None:
    skipped = replace(CREATE, action=Action.NONE, outcome=Outcome.SKIPPED)
    assert accepted_by_sync(VANISHED, [CREATE], {7, 8}) == {2}
    assert accepted_by_sync(VANISHED, [replace(skipped, reason=Reason.NOT_RECURRING)], {7}) == set()
    assert accepted_by_sync(VANISHED, [replace(skipped, reason=Reason.QUANTITY_ZERO)], {7}) == {1}
    assert accepted_by_sync(VANISHED, [replace(CREATE, product_code=None)], {7}) == {1}


def test_a_product_that_has_another_licence_is_missed_by_nobody() -> None:
    assert accepted_by_sync(VANISHED, [replace(CREATE, action=Action.UPDATE, halo_licence_id=9)], {7}) == {1}


def test_an_undo_agrees_with_what_it_finds_gone_and_not_with_what_it_leaves() -> None:
    gone = replace(CREATE, halo_licence_id=1, action=Action.UNCHANGED, outcome=Outcome.SYNCED, reason=None)
    left = replace(gone, halo_licence_id=2, action=Action.NONE, outcome=Outcome.SKIPPED, reason=Reason.CHANGED_SINCE)
    assert accepted_by_undo(VANISHED, [gone, left, CREATE]) == {1}


def test_a_plan_says_which_deletions_it_agrees_with() -> None:
    line = Line(1, "C", "Contoso", "P-1", LineKind.RECURRING, Decimal(1), Decimal(1), "Monthly")
    inputs = PlanInput([line], [Client(7, "Contoso")], [], vanished={1: (7, "P-1"), 2: (7, "P-2"), 3: (8, "P-3")})
    assert make_plan(inputs).accepted_deletions == {2}
    undone = replace(CREATE, halo_licence_id=3, action=Action.CREATE, outcome=Outcome.SYNCED, reason=None, item_id=1)
    there = [Licence(9, 7, "P-9", Decimal(1), Decimal(1), None, "Monthly")]
    undo = make_plan(replace(inputs, licences=there, undone=(undone,), removed=frozenset({3})))
    assert [(item.outcome, item.halo_licence_id) for item in undo.items] == [(Outcome.SYNCED, 3)]
    assert undo.accepted_deletions == {3}
