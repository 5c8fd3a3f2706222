"""The first review: nothing that halosync did not write is removed or repriced unseen (spec section 9, 15.10)."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from halosync.domain.approvals import change_of
from halosync.domain.first_review import needs_review, reprices
from halosync.domain.item_sentences import delete_guard
from halosync.domain.model import Action, Cleanup, Client, LicenceState, Outcome, PriceField, Reason, Removal
from halosync.domain.plan import CustomerLink, DeleteGuard, Plan, PlanInput, PlannedItem, PlanSettings
from halosync.domain.planning import make_plan
from halosync.domain.review_choices import ReviewChoice, SellingSum, outlooks
from hypothesis import given
from hypothesis import strategies as st

from .worlds import licence, line, shared_worlds

CONTOSO = Client(7, "Contoso")
OPEN = PlanSettings(delete_guard=None)
DUE = PlanInput([line()], [CONTOSO], [], settings=OPEN, review_due=True)
CHEAPER = licence(1, price=Decimal("40.00"))
STALE = licence(2, name="OLD")


def plan(**changes: Any) -> Plan:
    return make_plan(replace(DUE, **changes))


def held(items: Sequence[PlannedItem]) -> list[tuple[int | None, Action]]:
    return [(item.halo_licence_id, item.action) for item in items if item.outcome is Outcome.HELD]


def test_a_price_and_a_removal_of_what_others_wrote_wait_for_a_person() -> None:
    first = plan(licences=[CHEAPER, STALE])
    assert held(first.items) == [(1, Action.UPDATE), (2, Action.DELETE)]
    assert all(item.reason is Reason.FIRST_REVIEW for item in first.items)
    assert (first.to_review, first.review_done) == (2, False)
    assert "approve the 2 changes" in (first.items[0].detail or "")
    assert "before it changes its selling price" in (first.items[0].detail or "")
    assert "before it removes it" in (first.items[1].detail or "")
    # What it would be is shown, so that a person can decide.
    assert first.items[0].after is not None
    assert first.items[0].after.price == Decimal("31.50")


@pytest.mark.parametrize("price_field", PriceField)
def test_a_licence_that_a_look_up_finds_is_repriced_only_by_another_selling_price(price_field: PriceField) -> None:
    same, other = (LicenceState(Decimal(1), Decimal(price), None, active=True) for price in ("40.00", "31.50"))
    assert not reprices(CHEAPER, same, price_field)
    assert reprices(CHEAPER, other, price_field) is (price_field is PriceField.PRICE)


def test_what_halosync_wrote_creates_and_other_updates_go_on() -> None:
    lines = [line(1), line(2, product_code="NEW"), line(3, product_code="MORE"), line(4, product_code="OURS")]
    more = licence(3, name="MORE", quantity=Decimal(1))
    ours = licence(4, name="OURS", price=Decimal(1))
    first = plan(lines=lines, licences=[licence(1), more, ours, STALE], owned=frozenset({2, 4}))
    assert held(first.items) == []
    assert [item.action for item in first.items] == [
        Action.UPDATE,
        Action.UNCHANGED,
        Action.CREATE,
        Action.UPDATE,
        Action.DELETE,
    ]
    assert first.review_done


@pytest.mark.parametrize("removal", Removal)
def test_every_way_of_removal_waits(removal: Removal) -> None:
    first = plan(licences=[licence(1), STALE], settings=replace(OPEN, removal=removal))
    assert held(first.items) == [(2, Action.DELETE)]


def test_only_what_is_to_be_carried_out_on_a_licence_of_others_is_reviewed() -> None:
    [removal] = [item for item in plan(review_due=False, licences=[STALE]).items if item.action is Action.DELETE]
    assert needs_review(removal, PriceField.PRICE, frozenset())
    for other in (replace(removal, outcome=Outcome.SKIPPED), replace(removal, halo_licence_id=None)):
        assert not needs_review(other, PriceField.PRICE, frozenset())
    assert not needs_review(removal, PriceField.PRICE, {removal.halo_licence_id or 0})


@pytest.mark.parametrize("price_field", [PriceField.PURCHASE_PRICE, PriceField.NONE])
def test_where_no_selling_price_is_written_no_price_waits(price_field: PriceField) -> None:
    first = plan(licences=[replace(CHEAPER, quantity=Decimal(1))], settings=replace(OPEN, price_field=price_field))
    assert held(first.items) == []
    assert first.items[0].action is Action.UPDATE


def test_a_price_that_halo_does_not_have_yet_is_a_price_that_changes() -> None:
    assert held(plan(licences=[licence(1, price=None)]).items) == [(1, Action.UPDATE)]


@pytest.mark.parametrize(("approved", "released"), [(None, False), (0, False), (1, False), (2, True), (9, True)])
def test_the_approval_is_a_ceiling_and_ends_the_review(approved: int | None, released: bool) -> None:
    first = plan(licences=[CHEAPER, STALE], approve_review=approved)
    assert (held(first.items) == []) is released
    assert first.review_done is released
    assert first.to_review == 2


def test_once_it_is_done_nothing_waits_and_it_is_not_done_again() -> None:
    later = plan(licences=[CHEAPER, STALE], review_due=False)
    assert held(later.items) == []
    assert not later.review_done
    assert later.to_review == 0


def test_nothing_held_ends_the_review_only_when_no_customer_was_left_out() -> None:
    lines = [line(1), line(2, customer_id="C-2", customer_name="Fabrikam")]
    both = [CONTOSO, Client(8, "Fabrikam")]
    assert plan(lines=lines, clients=both).review_done
    assert not plan(lines=lines).review_done
    assert not plan(lines=lines, approved=frozenset({change_of(plan(lines=lines).items[0])})).review_done
    assert not plan(lines=lines, clients=both, customer_links={"C-2": CustomerLink(excluded=True)}).review_done
    assert plan(lines=lines, approve_review=0).review_done


def test_what_a_person_approved_is_not_held_by_the_guard_as_well_and_what_is_ours_still_is() -> None:
    stale = [licence(n, name=f"OLD-{n}") for n in range(1, 31)]
    ours = frozenset(range(1, 13))
    settings = PlanSettings()
    first = plan(licences=stale, owned=ours, settings=settings)
    reasons = {item.halo_licence_id: item.reason for item in first.items if item.action is Action.DELETE}
    assert reasons == {n: Reason.DELETE_GUARD if n in ours else Reason.FIRST_REVIEW for n in range(1, 31)}
    assert delete_guard(12, 30, DeleteGuard()) in {item.detail for item in first.items}
    assert first.removals == 30
    approved = plan(licences=stale, owned=ours, settings=settings, approve_review=18)
    assert {number for number, _ in held(approved.items)} == ours
    everything = plan(licences=stale, owned=ours, settings=settings, approve_review=18, approve_removals=12)
    assert held(everything.items) == []
    # An approval of removals is none of the review.
    assert len(held(plan(licences=stale, settings=settings, approve_removals=30).items)) == 30


@given(shared_worlds())
def test_nothing_that_others_wrote_is_removed_or_repriced_before_a_person_approved(inputs: PlanInput) -> None:
    done = make_plan(inputs)
    if not inputs.review_due or done.review_done:
        return
    prices = {row.id: row.price for row in inputs.licences}
    for item in done.items:
        if item.outcome is Outcome.PENDING and item.halo_licence_id not in {None, *inputs.owned}:
            assert item.action is not Action.DELETE
            if inputs.settings.price_field is PriceField.PRICE and item.after is not None:
                price = prices[item.halo_licence_id or 0]
                assert (price is None) == (item.after.price is None)
                assert float(price or 0) == float(item.after.price or 0)


@given(shared_worlds(), st.integers(0, 9))
def test_the_review_holds_all_or_nothing_and_changes_nothing_else(inputs: PlanInput, approved: int) -> None:
    due = replace(inputs, review_due=True, settings=replace(inputs.settings, delete_guard=None))
    reviewed = make_plan(replace(due, approve_review=approved))
    free = make_plan(replace(due, review_due=False))
    waiting = [item for item in reviewed.items if item.outcome is Outcome.HELD]
    assert len(waiting) in {0, reviewed.to_review}
    assert bool(waiting) is (reviewed.to_review > approved)
    freed = [
        replace(item, outcome=Outcome.PENDING, reason=None, detail=None) if item in waiting else item
        for item in reviewed.items
    ]
    assert freed == free.items


def test_each_choice_says_what_the_same_sync_would_do() -> None:
    lines = [line(1), line(2, product_code="NEW", quantity=Decimal(1), billing_cycle="Yearly")]
    inputs = replace(DUE, lines=lines, licences=[CHEAPER, replace(STALE, quantity=Decimal(2), billing_cycle="MONTHLY")])
    by_choice = {outlook.choice: outlook for outlook in outlooks(inputs)}
    told = {
        choice: (one.prices, one.costs, one.removals, one.created, one.updated) for choice, one in by_choice.items()
    }
    assert told == {
        ReviewChoice.OVERWRITE: (1, 0, 1, 1, 1),
        ReviewChoice.AS_COST: (0, 1, 1, 1, 1),
        ReviewChoice.LEAVE_PRICES: (0, 0, 1, 1, 0),
        ReviewChoice.KEEP_OTHERS: (1, 0, 0, 1, 1),
    }
    sums = {
        choice: {key: (each.before, each.after) for key, each in one.selling.items()}
        for choice, one in by_choice.items()
    }
    now = 12 * Decimal("40.00") + 2 * Decimal("31.5")
    assert sums[ReviewChoice.OVERWRITE] == {"monthly": (now, Decimal("378.00")), "yearly": (0, Decimal("31.50"))}
    assert sums[ReviewChoice.AS_COST] == {"monthly": (now, Decimal("480.00"))}
    assert sums[ReviewChoice.LEAVE_PRICES] == {"monthly": (now, Decimal("480.00"))}
    assert sums[ReviewChoice.KEEP_OTHERS]["monthly"] == (now, Decimal("441.00"))


def test_what_licences_sell_for_is_summed_by_cycle_in_the_spelling_met_first() -> None:
    others = [replace(STALE, id=number, name=f"OTHER-{number}", billing_cycle=None) for number in (91, 92, 93)]
    lines = [line(1), line(2, product_code="TWO"), line(3, product_code="THREE")]
    by_choice = {each.choice: each for each in outlooks(replace(DUE, lines=lines, licences=others))}
    overwrite, kept = by_choice[ReviewChoice.OVERWRITE], by_choice[ReviewChoice.KEEP_OTHERS]
    each = (STALE.quantity or Decimal(0)) * (STALE.price or Decimal(0))
    assert (overwrite.removals, overwrite.created, overwrite.costs) == (3, 3, 0)
    assert overwrite.selling[""] == SellingSum("", 3 * each, Decimal(0))
    assert overwrite.selling["monthly"] == SellingSum("Monthly", Decimal(0), 3 * 12 * Decimal("31.50"))
    assert kept.selling[""] == SellingSum("", 3 * each, 3 * each)


def test_what_a_sync_leaves_alone_sells_for_the_same_before_and_after() -> None:
    marked = replace(CHEAPER, foreign_mark="snowid")
    each = (CHEAPER.quantity or Decimal(0)) * (CHEAPER.price or Decimal(0))
    for outlook in outlooks(replace(DUE, licences=[marked])):
        assert outlook.selling == {"monthly": SellingSum("Monthly", each, each)}


def test_costs_are_counted_one_by_one() -> None:
    lines = [line(1), line(2, product_code="TWO")]
    dear = [replace(CHEAPER, id=number, name=name) for number, name in ((91, "MS-365"), (92, "TWO"))]
    by_choice = {each.choice: each for each in outlooks(replace(DUE, lines=lines, licences=dear))}
    assert by_choice[ReviewChoice.AS_COST].costs == 2


@given(shared_worlds())
def test_a_choice_is_what_a_run_under_its_settings_would_do(inputs: PlanInput) -> None:
    for outlook in outlooks(inputs):
        settings = replace(outlook.choice.applied_to(inputs.settings), delete_guard=None)
        chosen = make_plan(replace(inputs, settings=settings, review_due=True, approve_review=None))
        assert outlook.prices + outlook.removals == chosen.to_review
        assert outlook.created == sum(item.action is Action.CREATE for item in chosen.items)


def test_choices_change_only_what_they_say() -> None:
    settings = PlanSettings(Removal.ZERO, Cleanup.ALL, PriceField.NONE)
    assert ReviewChoice.KEEP_OTHERS.applied_to(settings) == replace(settings, cleanup=Cleanup.OWNED)
    assert ReviewChoice.OVERWRITE.applied_to(settings) == replace(settings, price_field=PriceField.PRICE)
