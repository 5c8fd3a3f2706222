"""What the table of spec section 3 leaves to be read between its lines."""

from dataclasses import replace
from decimal import Decimal

from halosync.domain.item_sentences import customer_not_found, licence_ambiguous, licence_claimed_twice
from halosync.domain.model import Action, Client, LicenceState, LineKind, Outcome, PriceField, Reason
from halosync.domain.plan import PlanInput, PlannedItem
from halosync.domain.planning import make_plan

from .plan_example import INPUTS, plan
from .plan_items import CREATE
from .worlds import licence, line

STATE = LicenceState(Decimal(12), Decimal("31.5"), "Monthly", active=True)
"""The state of `licence()`."""


def only(**changes: object) -> PlannedItem:
    [item] = plan(**changes).items
    return item


def test_a_create_says_everything_that_travels() -> None:
    assert only() == replace(
        CREATE,
        after=LicenceState(Decimal(12), Decimal("31.50"), "Monthly", active=True),
        set_name="MS-365",
        line_nos=(1,),
    )


def test_the_product_of_a_customer_without_a_client_says_whose_and_which_it_is() -> None:
    assert only(clients=[]) == PlannedItem(
        customer_ids=("C-1",),
        customer_name="Contoso",
        halo_client_id=None,
        product_code="MS-365",
        licence_name=None,
        halo_licence_id=None,
        action=Action.NONE,
        outcome=Outcome.SKIPPED,
        reason=Reason.CUSTOMER_NOT_FOUND,
        detail=customer_not_found(["Contoso"]),
        line_nos=(1,),
    )


def test_spellings_of_one_product_are_one_item_called_by_its_smallest_recurring_spelling() -> None:
    lines = [line(1, product_code="ms-365"), line(2), line(3, product_code="MS-365 ", kind=LineKind.CREDIT)]
    item = only(lines=lines, licences=[licence(name="ms-365", quantity=Decimal(24))])
    assert (item.product_code, item.set_name, item.line_nos) == ("MS-365", "MS-365", (1, 2, 3))
    # " MS-365" sorts first, but only recurring lines name a licence.
    spellings = [line(1, product_code=" MS-365", kind=LineKind.USAGE), line(2, product_code="ms-365")]
    assert only(lines=spellings).product_code == "ms-365"


def test_a_product_without_recurring_lines_keeps_its_licence_from_clean_up() -> None:
    item = only(lines=[line(kind=LineKind.USAGE)], licences=[licence()])
    assert (item.action, item.reason, item.halo_licence_id) == (Action.NONE, Reason.NOT_RECURRING, 1)
    assert item.before is not None
    assert item.before == item.after


def test_a_product_without_recurring_lines_claims_no_licence() -> None:
    lines = [line(1), line(2, product_code="SETUP", kind=LineKind.ONE_OFF)]
    items = plan(lines=lines, licences=[licence()], product_links={"SETUP": "MS-365"}).items
    assert [(item.action, item.reason) for item in items] == [
        (Action.UNCHANGED, None),
        (Action.NONE, Reason.NOT_RECURRING),
    ]


def test_products_that_claim_one_licence_are_both_named_and_it_is_left() -> None:
    lines = [line(1), line(2, product_code="OFFICE")]
    items = plan(lines=lines, licences=[licence(name="Office")], product_links={"ms-365": "Office"}).items
    assert [(item.action, item.outcome, item.halo_licence_id) for item in items] == [
        (Action.NONE, Outcome.FAILED, None)
    ] * 2
    assert [item.detail for item in items] == [
        licence_claimed_twice(["MS-365", "OFFICE"], name) for name in ("Office", "OFFICE")
    ]


def test_with_a_link_the_licence_called_like_the_code_is_cleaned_up() -> None:
    items = plan(licences=[licence(1), licence(2, name="office")], product_links={"MS-365": "Office"}).items
    assert [(item.action, item.halo_licence_id, item.licence_name) for item in items] == [
        (Action.UNCHANGED, 2, "office"),
        (Action.DELETE, 1, "MS-365"),
    ]


def test_a_blank_link_is_no_link() -> None:
    assert only(product_links={"MS-365": "  "}).set_name == "MS-365"


def test_conflicts_and_negatives_name_their_lines() -> None:
    conflict = only(lines=[line(3, unit_price=Decimal("29.90")), line(8), line(9, billing_cycle="Annual")])
    assert conflict.detail is not None
    assert "Lines 3, 8, 9" in conflict.detail
    assert 'prices (29.90, 31.50) and billing cycles ("Annual", "Monthly")' in conflict.detail
    negative = only(lines=[line(4, quantity=Decimal(-2)), line(5)], licences=[licence()])
    assert (negative.reason, negative.action) == (Reason.NEGATIVE_QUANTITY, Action.NONE)
    assert (negative.licence_name, negative.halo_licence_id) == ("MS-365", 1)
    assert negative.before == negative.after == STATE
    assert negative.detail is not None
    assert "Line 4 of the invoice bills a negative quantity (-2)" in negative.detail


def test_equal_prices_in_different_spellings_are_no_conflict() -> None:
    item = only(lines=[line(1), line(2, unit_price=Decimal("31.500"))])
    assert item.after is not None
    assert item.after.quantity == 24


def test_ambiguous_licences_are_listed_and_none_is_touched() -> None:
    item = only(licences=[licence(9), licence(5, name="ms-365"), licence(6, is_active=False)])
    assert item.reason is Reason.LICENCE_AMBIGUOUS
    assert item.detail == licence_ambiguous("ms-365", [5, 6, 9], 2)
    assert "#5, #6, #9; 2 of them are active" in item.detail


def test_the_inactive_twins_of_the_one_active_licence_are_left() -> None:
    item = only(licences=[licence(1, is_active=False), licence(2), licence(3, is_active=False)])
    assert (item.action, item.halo_licence_id) == (Action.UNCHANGED, 2)


def test_an_unset_price_is_not_zero() -> None:
    free = [line(unit_price=Decimal(0))]
    assert only(lines=free, licences=[licence(price=None)]).action is Action.UPDATE
    assert only(lines=free, licences=[licence(price=Decimal(0))]).action is Action.UNCHANGED


def test_an_empty_billing_cycle_may_come_back_as_null() -> None:
    assert only(lines=[line(billing_cycle="")], licences=[licence(billing_cycle=None)]).action is Action.UNCHANGED


def test_price_field_none_neither_sends_nor_compares_a_price() -> None:
    settings = replace(INPUTS.settings, price_field=PriceField.NONE)
    created = only(settings=settings)
    assert created.after is not None
    assert created.after.price is None
    kept = only(settings=settings, licences=[licence(quantity=Decimal(1), price=Decimal(5))])
    assert kept.before is not None
    assert kept.after is not None
    assert (kept.before.price, kept.after.price) == (Decimal(5), Decimal(5))


def test_purchase_price_is_shown_where_the_partner_chose_it() -> None:
    settings = replace(INPUTS.settings, price_field=PriceField.PURCHASE_PRICE)
    item = only(settings=settings, licences=[licence(purchase_price=Decimal(5))])
    assert item.before is not None
    assert (item.action, item.before.price) == (Action.UPDATE, Decimal(5))


def test_an_inactive_licence_that_halosync_did_not_delete_is_deleted_at_quantity_zero() -> None:
    gone = {"lines": [line(quantity=Decimal(0))], "licences": [licence(is_active=False)]}
    assert only(**gone).action is Action.DELETE
    assert only(**gone, removed=frozenset({1})) == PlannedItem(
        customer_ids=("C-1",),
        customer_name="Contoso",
        halo_client_id=7,
        product_code="MS-365",
        licence_name="MS-365",
        halo_licence_id=1,
        action=Action.UNCHANGED,
        outcome=Outcome.SYNCED,
        before=replace(STATE, active=False),
        after=replace(STATE, active=False),
        line_nos=(1,),
    )


def test_a_licence_that_was_deleted_and_is_active_again_is_deleted_again() -> None:
    back = only(lines=[line(quantity=Decimal(0))], licences=[licence()], removed=frozenset({1}))
    assert back.action is Action.DELETE


def test_of_two_links_for_one_product_the_one_that_sorts_first_counts() -> None:
    links = {"ms-365": "Second", "MS-365": "First"}
    assert only(product_links=links).set_name == "First"
    assert only(product_links=dict(reversed(links.items()))).set_name == "First"


def test_long_lists_of_numbers_are_cut_in_sentences() -> None:
    item = only(licences=[licence(number) for number in range(1, 31)])
    assert item.detail is not None
    assert "#20 and 10 more" in item.detail


def test_products_of_a_customer_stand_as_people_count() -> None:
    lines = [line(number, product_code=f"P-{number}") for number in (10, 2, 1)]
    items = make_plan(PlanInput(lines, [Client(7, "Contoso")], [])).items
    assert [item.product_code for item in items] == ["P-1", "P-2", "P-10"]
