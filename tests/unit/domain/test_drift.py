"""What somebody has edited in Halo since is known, and held where the partner wants that (spec section 11)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from devstack.fields import Fields
from halosync.domain.approvals import change_of
from halosync.domain.drift import drift_of
from halosync.domain.model import (
    Action,
    Client,
    LastWritten,
    Licence,
    LicenceState,
    OnDrift,
    Outcome,
    PriceField,
    Reason,
    WrittenLicence,
)
from halosync.domain.plan import DeleteGuard, Plan, PlanInput, PlanSettings
from halosync.domain.planning import make_plan

from .worlds import licence, line

WROTE = LastWritten("MS-365", LicenceState(Decimal(10), Decimal("31.5"), "Monthly", active=True), PriceField.PRICE)


@pytest.mark.parametrize(
    ("there", "found"),
    [
        (licence(quantity=Decimal("10.0")), []),
        (licence(quantity=Decimal(10), billing_cycle=" MONTHLY"), []),
        (licence(), [("quantity", "10", "12")]),
        (licence(quantity=None, name="x"), [("name", "MS-365", "x"), ("quantity", "10", None)]),
        (licence(quantity=Decimal(10), price=Decimal("40.00")), [("price", "31.5", "40")]),
        (licence(quantity=Decimal(10), billing_cycle=None), [("billing_cycle", "Monthly", None)]),
        (licence(quantity=Decimal(10), billing_cycle="Yearly"), [("billing_cycle", "Monthly", "Yearly")]),
        (licence(quantity=Decimal(10), is_active=False), [("active", True, False)]),
    ],
)
def test_each_edited_field_is_named_with_both_values(there: Licence, found: list[tuple[object, ...]]) -> None:
    assert [(each.field, each.we_wrote, each.halo_has) for each in drift_of(there, WROTE, PriceField.PRICE)] == found


def test_a_price_in_another_field_than_the_one_that_was_written_says_nothing() -> None:
    there = licence(quantity=Decimal(10), price=Decimal(40), purchase_price=Decimal(40))
    assert drift_of(there, WROTE, PriceField.PURCHASE_PRICE) == ()
    assert drift_of(there, replace(WROTE, price_field=PriceField.NONE), PriceField.NONE) == ()
    assert drift_of(there, None, PriceField.PRICE) == ()


def planned(*there: Licence, wanted: int = 12, **more: Any) -> Plan:
    """Plan a line of licence 1, which halosync wrote last as `WROTE`; others of Halo are cleaned up."""
    lines = [line(quantity=Decimal(wanted))] if wanted else [line(product_code="OTHER", quantity=Decimal(0))]
    return make_plan(
        PlanInput(
            lines,
            [Client(7, "Contoso")],
            list(there),
            **{
                "settings": PlanSettings(on_drift=OnDrift.HOLD, delete_guard=None),
                "owned": frozenset({1}),
                "written": {1: WrittenLicence(last=WROTE)},
                **more,
            },
        )
    )


def test_what_would_be_overwritten_is_held_where_the_partner_wants_that() -> None:
    edited = licence(quantity=Decimal(15))
    [held] = planned(edited).items
    assert (held.outcome, held.reason) == (Outcome.HELD, Reason.EDITED_IN_HALO)
    assert "Quantity (Converge wrote 10, Halo has 15)." in (held.detail or "")
    [overwritten] = planned(edited, settings=PlanSettings()).items
    assert overwritten.outcome is Outcome.PENDING
    assert overwritten.drift == held.drift
    [released] = planned(edited, approved=frozenset({change_of(held)})).items
    assert released.outcome is Outcome.PENDING
    [other] = planned(licence(quantity=Decimal(16)), approved=frozenset({change_of(held)})).items
    assert other.outcome is Outcome.HELD


def test_a_price_that_somebody_edited_is_told_in_the_field_of_the_partner() -> None:
    [dearer] = planned(licence(quantity=Decimal(10), price=Decimal(40))).items
    assert [each.field for each in dearer.drift] == ["price"]


def test_edited_prices_are_told_as_tables_show_them() -> None:
    [dearer] = planned(licence(quantity=Decimal(10), price=Decimal("33.5"))).items
    assert "Price (Converge wrote 31.50, Halo has 33.50)." in (dearer.detail or "")


def test_a_removal_of_what_was_edited_is_held() -> None:
    removal = planned(licence(quantity=None, is_active=True, billing_cycle=None), wanted=0).items[-1]
    assert (removal.action, removal.reason) == (Action.DELETE, Reason.EDITED_IN_HALO)
    assert "Halo has nothing" in (removal.detail or "")


def test_an_edit_that_stays_holds_nothing() -> None:
    # The quantity is what the invoice wants by now, and only the price is changed.
    [item] = planned(
        licence(quantity=Decimal(12), price=Decimal(9)),
        written={1: WrittenLicence(last=replace(WROTE, state=replace(WROTE.state, price=Decimal(9))))},
    ).items
    assert (item.action, item.outcome) == (Action.UPDATE, Outcome.PENDING)
    assert [each.field for each in item.drift] == ["quantity"]


def test_an_inactive_licence_that_somebody_switched_off_is_not_switched_on_unseen() -> None:
    [item] = planned(licence(quantity=Decimal(12), is_active=False)).items
    assert item.reason is Reason.EDITED_IN_HALO
    assert "Converge wrote active, Halo has inactive" in (item.detail or "")


def test_what_somebody_deleted_is_marked_and_held_until_it_is_released() -> None:
    gone: Fields = {"vanished": {1: (7, "ms-365")}, "written": {}}
    [held] = planned(**gone).items
    assert [(each.field, each.we_wrote, each.halo_has) for each in held.drift] == [("licence", "1", None)]
    assert (held.action, held.outcome, held.reason) == (Action.CREATE, Outcome.HELD, Reason.EDITED_IN_HALO)
    assert "deleted licence #1 in Halo" in (held.detail or "")
    [released] = planned(**gone, approved=frozenset({change_of(held)})).items
    assert released.outcome is Outcome.PENDING
    [marked] = planned(**gone, settings=PlanSettings()).items
    assert (marked.outcome, marked.drift) == (Outcome.PENDING, held.drift)


def test_what_somebody_moved_to_another_client_is_told_with_that_client() -> None:
    [held] = planned(replace(licence(), client_id=8), written={}, vanished={1: (7, "MS-365")}).items
    assert [(each.we_wrote, each.halo_has) for each in held.drift] == [("1", "8")]
    assert (held.detail or "").startswith(
        "Somebody has moved licence #1 in Halo to client #8 since Converge wrote it. "
    )


def test_a_licence_of_another_client_or_product_that_was_deleted_marks_nothing() -> None:
    [elsewhere] = planned(written={}, vanished={1: (8, "MS-365"), 2: (7, "MS-366")}).items
    assert (elsewhere.outcome, elsewhere.drift) == (Outcome.PENDING, ())
    [there] = planned(licence(2, quantity=Decimal(12)), written={}, vanished={1: (7, "MS-365")}).items
    assert (there.action, there.drift) == (Action.UNCHANGED, ())


# ---------------------------------------------------------------- approving in parts


def removals(**more: object) -> Plan:
    settings = PlanSettings(delete_guard=DeleteGuard(2, Decimal(0)))
    there = [licence(number, name=f"OLD-{number}") for number in (1, 2, 3)]
    return planned(*there, wanted=0, settings=settings, written={}, **more)


def test_only_what_was_released_goes_and_the_rest_stays_held() -> None:
    held = [item for item in removals().items if item.outcome is Outcome.HELD]
    assert len(held) == 3
    plan = removals(approved=frozenset({change_of(held[0])}))
    outcomes = {item.licence_name: item.outcome for item in plan.items if item.halo_licence_id}
    assert outcomes == {"OLD-1": Outcome.PENDING, "OLD-2": Outcome.HELD, "OLD-3": Outcome.HELD}
    rest = next(item for item in plan.items if item.outcome is Outcome.HELD)
    assert "approve 2 removals" in (rest.detail or "")
    every = removals(approved=frozenset(map(change_of, held)))
    assert not any(item.outcome is Outcome.HELD for item in every.items)


def test_the_first_review_is_done_once_all_of_it_was_released() -> None:
    review = {"review_due": True, "owned": frozenset[int]()}
    held = [item for item in removals(**review).items if item.outcome is Outcome.HELD]
    assert {item.reason for item in held} == {Reason.FIRST_REVIEW}
    part = removals(**review, approved=frozenset({change_of(held[0])}))
    assert (sum(item.outcome is Outcome.HELD for item in part.items), part.review_done) == (2, False)
    every = removals(**review, approved=frozenset(map(change_of, held)))
    assert every.review_done
