"""Which licence an undo means: one that was brought back, renamed by Halo or by somebody, or taken over."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import pytest
from halosync.domain.approvals import change_of
from halosync.domain.model import (
    Action,
    Cleanup,
    Client,
    Licence,
    Line,
    LineKind,
    Outcome,
    PriceField,
    Reason,
    Traits,
    WrittenLicence,
)
from halosync.domain.plan import PlanInput, PlannedItem, PlanSettings
from halosync.domain.planning import make_plan

from .undone_run import CREATED, DELETED, OTHER, UPDATED, WAS, undoing
from .worlds import licence

BACK = licence(900, name="MS&amp;365", quantity=Decimal(5), price=Decimal(40))


@pytest.mark.parametrize(
    ("there", "removed", "action", "reason"),
    [
        ([BACK], (), Action.UNCHANGED, None),
        ([replace(BACK, name="renamed by somebody")], (), Action.UNCHANGED, None),
        ([replace(BACK, is_active=False)], (), Action.NONE, Reason.CHANGED_SINCE),
        ([replace(BACK, is_active=False)], {900}, Action.UPDATE, None),
        ([replace(BACK, quantity=Decimal(6))], (), Action.NONE, Reason.CHANGED_SINCE),
        ([], (), Action.NONE, Reason.CHANGED_SINCE),
    ],
)
def test_what_an_undo_has_brought_back_is_not_created_again(
    there: list[Licence], removed: Iterable[int], action: Action, reason: Reason | None
) -> None:
    for restored in ({1: 900}, {1: 500, 500: 900}, {1: 900, 900: 1}):
        [item] = undoing(DELETED, there=there, restored=restored, removed=frozenset(removed))
        assert (item.action, item.reason) == (action, reason)
        assert item.halo_licence_id == (900 if there else 1)


def test_what_an_undo_may_have_brought_back_is_not_created_again() -> None:
    perhaps = {1: frozenset({900})}
    [item] = undoing(DELETED, there=[replace(BACK, name="Z")], perhaps_restored=perhaps)
    assert (item.action, item.outcome, item.reason) == (Action.NONE, Outcome.FAILED, Reason.OUTCOME_UNKNOWN)
    assert "#900" in (item.detail or "")


def test_what_a_run_created_and_an_undo_brought_back_since_is_removed_under_its_new_number() -> None:
    [item] = undoing(CREATED, there=[licence(900)], restored={1: 900})
    assert (item.action, item.halo_licence_id) == (Action.DELETE, 900)


def test_an_undo_gives_back_whose_a_licence_was() -> None:
    for owned in (frozenset[int](), frozenset({1})):
        settings = PlanSettings(cleanup=Cleanup.ALL)
        line = Line(1, "C-1", "Contoso", "OTHER", LineKind.RECURRING, Decimal(1), Decimal(1), "Monthly")
        plan = make_plan(PlanInput([line], [Client(7, "Contoso")], [licence()], settings=settings, owned=owned))
        [removal] = [item for item in plan.items if item.action is Action.DELETE]
        assert (removal.was_owned, removal.owned_after) == (bool(owned), True)
        [back] = undoing(replace(removal, outcome=Outcome.SYNCED), there=())
        assert back.owned_after is bool(owned)
        [put_back] = undoing(replace(UPDATED, was_owned=bool(owned)))
        assert put_back.owned_after is bool(owned)


def test_a_licence_that_a_create_only_took_over_is_put_back_and_not_removed() -> None:
    [back] = undoing(replace(CREATED, before=WAS, was=Traits("ms365")))
    assert (back.action, back.after, back.set_name, back.owned_after) == (Action.UPDATE, WAS, "ms365", False)


def test_a_licence_under_another_name_is_not_the_change_that_was_approved() -> None:
    renamed = replace(DELETED, was=Traits("Another product"))
    assert change_of(renamed) != change_of(DELETED)


def test_a_create_of_which_nobody_knows_what_became_is_told_and_not_left_out() -> None:
    [item] = undoing(replace(CREATED, halo_licence_id=None, outcome=Outcome.FAILED), there=[licence()])
    assert (item.action, item.outcome, item.reason) == (Action.NONE, Outcome.FAILED, Reason.OUTCOME_UNKNOWN)
    assert '"MS-365"' in (item.detail or "")


@pytest.mark.parametrize("item", [UPDATED, DELETED])
@pytest.mark.parametrize("there", [[licence()], [licence(quantity=Decimal(5), price=Decimal(40))], [OTHER]])
def test_what_a_later_run_has_perhaps_done_is_not_taken_back(item: PlannedItem, there: list[Licence]) -> None:
    [found] = undoing(item, there=there, unsure_since=frozenset({1}))
    assert (found.action, found.outcome, found.reason) == (Action.NONE, Outcome.SKIPPED, Reason.CHANGED_SINCE)
    assert (found.before, found.after is None) == (item.after, there == [OTHER])
    assert "#1" in (found.detail or "")
    [other] = undoing(item, there=there, unsure_since=frozenset({2}))
    assert "later run" not in (other.detail or "")


def test_where_halo_shows_nothing_of_what_the_run_left_nothing_is_told_as_undone_or_brought_back() -> None:
    for items in (undoing(CREATED, there=()), undoing(DELETED, replace(UPDATED, halo_licence_id=2), there=())):
        assert {(item.outcome, item.reason) for item in items} == {(Outcome.SKIPPED, Reason.CHANGED_SINCE)}
        assert {item.action for item in items} == {Action.NONE}
        assert all("no licence of this client at all" in (item.detail or "") for item in items)


ESCAPED = WrittenLicence("R&D", "R&D", "R&amp;D")
"""What is remembered where Halo answers `R&amp;D` to `R&D`."""


def test_a_licence_comes_back_by_the_name_that_halo_was_told_and_not_by_what_it_made_of_it() -> None:
    line = Line(1, "C-1", "Contoso", "OTHER", LineKind.RECURRING, Decimal(1), Decimal(1), "Monthly")
    there = [licence(name="R&amp;D", product_sku="SKU-1")]
    plan = make_plan(PlanInput([line], [Client(7, "Contoso")], there, written={1: ESCAPED}))
    [removal] = [item for item in plan.items if item.action is Action.DELETE]
    assert removal.was == Traits("R&amp;D", None, None, "R&D", "SKU-1")
    by_cost = PlanSettings(cleanup=Cleanup.ALL, price_field=PriceField.PURCHASE_PRICE)
    dear = [licence(name="R&amp;D", price=Decimal(77), purchase_price=Decimal(50))]
    [bought] = make_plan(PlanInput([line], [Client(7, "Contoso")], dear, settings=by_cost)).items[1:]
    assert bought.was == Traits("R&amp;D", Decimal(77))
    [back] = undoing(replace(removal, outcome=Outcome.SYNCED), there=())
    assert (back.action, back.set_name, back.licence_name) == (Action.CREATE, "R&D", "R&amp;D")
    assert back.was == removal.was


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ({}, "A &amp; B"),
        ({9: WrittenLicence("X", "A long name", "A long")}, "A &amp; B"),
        ({9: WrittenLicence("X")}, "A &amp; B"),
        ({9: ESCAPED}, "A & B"),
    ],
)
def test_a_name_that_somebody_else_gave_is_told_as_halo_is_known_to_keep_it(
    written: dict[int, WrittenLicence], sent: str
) -> None:
    renamed = replace(UPDATED, set_name="MS-365", was=Traits("A &amp; B"))
    [back] = undoing(renamed, written=written)
    assert (back.action, back.set_name, back.licence_name) == (Action.UPDATE, sent, "A &amp; B")
    [new] = undoing(replace(DELETED, was=Traits("A &amp; B")), there=(), written=written)
    assert (new.action, new.set_name, new.licence_name) == (Action.CREATE, sent, "A &amp; B")


def test_what_halo_ignored_comes_to_no_item() -> None:
    assert undoing(replace(UPDATED, after=WAS), there=[licence()]) == []


def test_licences_of_one_name_are_not_created_at_once() -> None:
    items = undoing(DELETED, replace(DELETED, halo_licence_id=2), there=())
    assert {item.reason for item in items} == {Reason.LICENCE_AMBIGUOUS}
    assert all('"MS-365"' in (item.detail or "") for item in items)


def test_an_active_licence_of_the_name_takes_the_place_of_a_deleted_one_and_no_other_does() -> None:
    for other, action in (
        (licence(2, name="ms-365 "), Action.NONE),
        (licence(2, name="ms-365 ", is_active=False), Action.CREATE),
        (OTHER, Action.CREATE),
    ):
        [item] = undoing(DELETED, there=[other])
        assert item.action is action
    # Halo was told this name once; by now the licence is called otherwise.
    renamed = {2: WrittenLicence("OTHER", "MS-365", "MS 365")}
    assert undoing(DELETED, there=[OTHER], written=renamed)[0].action is Action.CREATE
    told = {2: WrittenLicence("OTHER", "MS-365", "OTHER")}
    assert undoing(DELETED, there=[OTHER], written=told)[0].action is Action.NONE
