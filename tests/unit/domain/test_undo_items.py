"""Each item of an undo says all that is known of its licence: for whom, from what, to what, and what it was besides."""

from dataclasses import replace
from decimal import Decimal

import pytest
from halosync.domain.model import Action, Outcome, PriceField, Traits, WrittenLicence
from halosync.domain.plan import PlanSettings

from .test_undo import CASES
from .undone_run import CREATED, DELETED, LEFT, UPDATED, WAS, undoing
from .worlds import licence

RICH = licence(licence_type=3, purchase_price=Decimal(20))
BY_PURCHASE = PlanSettings(price_field=PriceField.PURCHASE_PRICE)


@pytest.mark.parametrize("case", CASES)
def test_an_item_is_for_the_customers_product_and_lines_of_the_one_that_it_undoes(case: str) -> None:
    item, there, more, reason, _ = CASES[case]
    item = replace(item, line_nos=(4, 5), item_id=9)
    [found] = undoing(item, there=there, **more)
    assert (found.customer_ids, found.customer_name, found.product_code) == (("C-1",), "Contoso", "MS-365")
    assert (found.halo_client_id, found.line_nos, found.undoes) == (7, (4, 5), 9)
    assert bool(found.detail) is (reason is not None)


@pytest.mark.parametrize("case", [case for case, (*_, outcome) in CASES.items() if outcome is Outcome.SYNCED])
def test_what_is_as_it_was_shows_its_state(case: str) -> None:
    item, there, more, *_ = CASES[case]
    [found] = undoing(item, there=there, **more)
    assert found.before == found.after
    assert (found.before is None) is all(each.id != item.halo_licence_id for each in there)


def test_a_licence_that_stays_for_another_reason_shows_how_it_is() -> None:
    for case in ("created and kept", "created and marked by another program"):
        item, there, more, *_ = CASES[case]
        [found] = undoing(item, there=there, **more)
        assert (found.before, found.after) == (LEFT, LEFT)
    assert "snowid" in (found.detail or "")
    in_capitals = [licence(billing_cycle="MONTHLY")]
    [kept] = undoing(CREATED, there=in_capitals, kept=frozenset({1}))
    assert kept.before == kept.after == replace(LEFT, billing_cycle="MONTHLY")
    [of_another] = undoing(CREATED, there=[licence()], owned_by_others=frozenset({1}))
    assert (of_another.before, of_another.after) == (LEFT, LEFT)


def test_a_removal_keeps_what_the_licence_was_besides_its_state() -> None:
    [removal] = undoing(CREATED, there=[RICH])
    assert (removal.before, removal.was) == (LEFT, Traits("MS-365", Decimal(20), 3))
    told = {1: WrittenLicence("R&D", "R&D", "R&amp;D")}
    [escaped] = undoing(replace(CREATED, licence_name="R&amp;D"), there=[licence(name="R&amp;D")], written=told)
    assert escaped.was == Traits("R&amp;D", asked_name="R&D")


def test_the_way_back_is_of_the_licence_as_it_is_numbered_now() -> None:
    [back] = undoing(UPDATED, there=[licence(900)], restored={1: 900})
    assert (back.action, back.halo_licence_id, back.after) == (Action.UPDATE, 900, WAS)


def test_the_way_back_of_a_renamed_licence_keeps_what_it_is_called_and_one_of_another_keeps_nothing() -> None:
    [renamed] = undoing(replace(UPDATED, was=Traits("ms365")), there=[RICH])
    assert (renamed.before, renamed.was) == (LEFT, Traits("MS-365", Decimal(20), 3))
    [same] = undoing(UPDATED, there=[RICH])
    assert (same.before, same.set_name, same.was) == (LEFT, None, None)


def test_the_price_of_a_state_is_that_of_the_field_that_halosync_writes() -> None:
    there = [licence(price=Decimal(99), purchase_price=Decimal("31.5"))]
    [removal] = undoing(CREATED, there=there, settings=BY_PURCHASE)
    assert (removal.before, removal.was) == (LEFT, Traits("MS-365", Decimal(99), None))


def test_a_licence_that_was_made_inactive_shows_that_before_it_is_active_again() -> None:
    [back] = undoing(DELETED, there=[licence(quantity=Decimal(5), price=Decimal(40), is_active=False)])
    assert (back.before, back.after) == (replace(WAS, active=False), WAS)
