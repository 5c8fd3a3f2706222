"""What a plan removes: clean-up, excluded customers, and when removals are held."""

from dataclasses import replace
from decimal import Decimal

from halosync.domain.item_sentences import delete_guard, first_review
from halosync.domain.model import Action, Outcome, Reason, Removal
from halosync.domain.plan import CustomerLink, DeleteGuard, PlanSettings

from .plan_example import INPUTS, plan
from .worlds import licence, line


def test_clean_up_leaves_no_item_where_there_is_nothing_to_do() -> None:
    settings = replace(INPUTS.settings, removal=Removal.ZERO)
    items = plan(
        settings=settings, licences=[licence(1, name="OLD", quantity=Decimal(0)), licence(2, name="OLD")]
    ).items
    assert [item.halo_licence_id for item in items] == [None, 2]


def test_clean_up_items_name_all_customers_of_the_client_and_products_those_that_they_are_billed_to() -> None:
    lines = [line(1), line(2, customer_id="C-2", customer_name="CONTOSO", product_code="Z")]
    items = plan(lines=lines, licences=[licence(5, name="OLD")]).items
    assert [(item.product_code, item.customer_ids, item.customer_name) for item in items] == [
        ("MS-365", ("C-1",), "Contoso"),
        ("Z", ("C-2",), "CONTOSO"),
        (None, ("C-1", "C-2"), "Contoso, CONTOSO"),
    ]


def test_an_excluded_customers_products_are_removed_from_nobody() -> None:
    lines = [line(1), line(2, customer_id="C-2", product_code="Z")]
    items = plan(
        lines=lines, licences=[licence(1), licence(2, name="Z")], customer_links={"C-2": CustomerLink(7, excluded=True)}
    ).items
    assert [(item.action, item.reason) for item in items] == [
        (Action.UNCHANGED, None),
        (Action.NONE, Reason.CUSTOMER_EXCLUDED),
    ]


def test_held_removals_say_how_many_and_how_they_are_released_while_the_rest_goes_on() -> None:
    stale = [licence(number, name=f"OLD-{number}") for number in range(1, 13)]
    held = plan(licences=stale, settings=PlanSettings())
    assert (held.removals, held.active) == (12, 12)
    assert [item.outcome for item in held.items] == [Outcome.PENDING, *[Outcome.HELD] * 12]
    assert [item.licence_name for item in held.items[1:]] == [each.name for each in stale], "OLD-2 before OLD-10"
    detail = held.items[1].detail
    assert detail == delete_guard(12, 12, DeleteGuard())
    assert "12 licences" in detail
    assert "more than 10 and more than 25 %" in detail
    assert "approve 12 removals" in detail
    many = delete_guard(19_000, 20_000, DeleteGuard(), approved=1_000)
    assert "remove 19,000 licences, and its clients have 20,000 active ones" in many
    assert "approve 18,000 removals" in many
    assert "the 19,000 changes that wait" in first_review(19_000, removal=False)


def test_a_removal_that_is_a_zero_is_guarded_like_a_delete() -> None:
    stale = [licence(number, name=f"OLD-{number}") for number in range(1, 13)]
    held = plan(licences=stale, settings=PlanSettings(removal=Removal.ZERO))
    assert sum(item.outcome is Outcome.HELD for item in held.items) == 12
