"""The rules of spec section 3, one example each: the table, the reasons, the settings."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from halosync.domain.batching import batches, split
from halosync.domain.guard import Comparison, shrunk
from halosync.domain.model import Action, Cleanup, Client, LineKind, Outcome, PriceField, Reason, Removal
from halosync.domain.plan import CustomerLink, DeleteGuard, PlanInput, PlannedItem, PlanSettings
from halosync.domain.planning import make_plan
from hypothesis import given
from hypothesis import strategies as st

from .worlds import licence, line

CONTOSO = Client(7, "Contoso")
UNGUARDED = PlanSettings(delete_guard=None)


def inputs(**changes: Any) -> PlanInput:
    plain = PlanInput(lines=[line()], clients=[CONTOSO], licences=[], settings=UNGUARDED)
    return replace(plain, **changes)


def only(plan_input: PlanInput) -> PlannedItem:
    [item] = make_plan(plan_input).items
    return item


@pytest.mark.parametrize(
    ("existing", "quantity", "action", "outcome"),
    [
        (None, 3, Action.CREATE, Outcome.PENDING),
        (None, 0, Action.NONE, Outcome.SKIPPED),
        (licence(quantity=Decimal(3)), 3, Action.UNCHANGED, Outcome.SYNCED),
        (licence(quantity=Decimal(4)), 3, Action.UPDATE, Outcome.PENDING),
        (licence(quantity=None), 3, Action.UPDATE, Outcome.PENDING),
        (licence(quantity=Decimal(3), price=Decimal(1)), 3, Action.UPDATE, Outcome.PENDING),
        (licence(quantity=Decimal(3), billing_cycle="Yearly"), 3, Action.UPDATE, Outcome.PENDING),
        (licence(quantity=Decimal(3), name="ms-365"), 3, Action.UPDATE, Outcome.PENDING),
        (licence(quantity=Decimal(3), is_active=False), 3, Action.UPDATE, Outcome.PENDING),
        (licence(quantity=Decimal(3)), 0, Action.DELETE, Outcome.PENDING),
    ],
)
def test_the_table(existing: object, quantity: int, action: Action, outcome: Outcome) -> None:
    item = only(inputs(lines=[line(quantity=Decimal(quantity))], licences=[existing] if existing else []))
    assert (item.action, item.outcome) == (action, outcome)


def test_an_active_licence_without_a_product_is_cleaned_up_and_an_inactive_one_left() -> None:
    plan = make_plan(inputs(licences=[licence(), licence(2, name="OLD"), licence(3, name="OLDER", is_active=False)]))
    assert [(item.halo_licence_id, item.action) for item in plan.items] == [(1, Action.UNCHANGED), (2, Action.DELETE)]


def test_a_client_that_no_customer_matched_is_never_touched() -> None:
    assert len(make_plan(inputs(clients=[CONTOSO, Client(8, "Other")], licences=[licence(client_id=8)])).items) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"clients": []}, Reason.CUSTOMER_NOT_FOUND),
        ({"clients": [CONTOSO, Client(8, " CONTOSO ")]}, Reason.CUSTOMER_AMBIGUOUS),
        ({"customer_links": {"C-1": CustomerLink(excluded=True)}}, Reason.CUSTOMER_EXCLUDED),
        ({"customer_links": {"C-1": CustomerLink(99)}}, Reason.CUSTOMER_NOT_FOUND),
        ({"lines": [line(kind=LineKind.PRORATION)]}, Reason.NOT_RECURRING),
        ({"lines": [line(quantity=Decimal(0))]}, Reason.QUANTITY_ZERO),
        ({"lines": [line(quantity=Decimal(-1))]}, Reason.NEGATIVE_QUANTITY),
        ({"lines": [line(), line(2, unit_price=Decimal(1))]}, Reason.CONFLICTING_LINES),
        ({"lines": [line(), line(2, billing_cycle="Yearly")]}, Reason.CONFLICTING_LINES),
        ({"licences": [licence(1), licence(2)]}, Reason.LICENCE_AMBIGUOUS),
        ({"licences": [licence(1, is_active=False), licence(2, is_active=False)]}, Reason.LICENCE_AMBIGUOUS),
    ],
)
def test_each_reason_has_its_sentence_and_touches_nothing(changes: dict[str, object], reason: Reason) -> None:
    item = only(inputs(**changes))
    assert (item.action, item.reason) == (Action.NONE, reason)
    assert item.detail is not None
    assert item.detail.endswith(".")


def test_the_names_of_customers_are_compared_as_the_spec_says() -> None:
    assert only(inputs(clients=[Client(7, "  ＣＯＮＴＯＳＯ ")])).action is Action.CREATE


def test_a_link_wins_over_the_name() -> None:
    linked = only(inputs(clients=[CONTOSO, Client(8, "Other")], customer_links={"C-1": CustomerLink(8)}))
    assert linked.halo_client_id == 8


def test_lines_of_customers_that_share_a_client_are_taken_together() -> None:
    shared = [line(quantity=Decimal(2)), line(2, customer_id="C-2", customer_name="CONTOSO", quantity=Decimal(3))]
    item = only(inputs(lines=shared))
    assert item.customer_ids == ("C-1", "C-2")
    assert item.after is not None
    assert item.after.quantity == 5


def test_one_active_licence_among_twins_is_the_one() -> None:
    item = only(inputs(licences=[licence(1, is_active=False), licence(2, quantity=Decimal(1))]))
    assert (item.action, item.halo_licence_id) == (Action.UPDATE, 2)


def test_a_linked_product_keeps_the_licences_name_and_a_create_uses_it() -> None:
    links = {"ms-365": "Office"}
    kept = only(inputs(licences=[licence(name="OFFICE", quantity=Decimal(1))], product_links=links))
    assert (kept.action, kept.set_name) == (Action.UPDATE, None)
    made = only(inputs(product_links=links))
    assert (made.action, made.set_name) == (Action.CREATE, "Office")


def test_two_products_for_one_licence_are_never_guessed() -> None:
    plan = make_plan(inputs(lines=[line(), line(2, product_code="OFFICE")], product_links={"MS-365": "office"}))
    assert {item.reason for item in plan.items} == {Reason.LICENCE_CLAIMED_TWICE}


@pytest.mark.parametrize(
    ("removal", "after"), [(Removal.DELETE, None), (Removal.DEACTIVATE, ("12", False)), (Removal.ZERO, ("0", True))]
)
def test_what_a_removal_does_and_when_it_is_already_done(removal: Removal, after: tuple[str, bool] | None) -> None:
    settings = replace(UNGUARDED, removal=removal)
    gone = only(inputs(lines=[line(quantity=Decimal(0))], licences=[licence()], settings=settings))
    assert gone.action is Action.DELETE
    assert (None if gone.after is None else (str(gone.after.quantity), gone.after.active)) == after
    already = licence(quantity=Decimal(0), is_active=removal is Removal.ZERO)
    left = only(
        inputs(lines=[line(quantity=Decimal(0))], licences=[already], settings=settings, removed=frozenset({1}))
    )
    assert left.action is Action.UNCHANGED


def test_clean_up_of_owned_licences_only() -> None:
    old = [licence(1), licence(2, name="OURS"), licence(3, name="THEIRS")]
    settings = replace(UNGUARDED, cleanup=Cleanup.OWNED)
    plan = make_plan(inputs(licences=old, settings=settings, owned=frozenset({2})))
    assert [item.halo_licence_id for item in plan.items if item.action is Action.DELETE] == [2]


def test_an_excluded_customers_client_is_not_cleaned_up_even_when_shared() -> None:
    both = [line(), line(2, customer_id="C-2", customer_name="contoso")]
    plan = make_plan(
        inputs(lines=both, licences=[licence(9, name="OLD")], customer_links={"C-2": CustomerLink(excluded=True)})
    )
    assert Action.DELETE not in {item.action for item in plan.items}


@pytest.mark.parametrize("field", PriceField)
def test_the_price_goes_where_the_setting_says(field: PriceField) -> None:
    settings = replace(UNGUARDED, price_field=field)
    cheap = licence(price=Decimal(1), purchase_price=Decimal(1))
    item = only(inputs(licences=[cheap], settings=settings))
    assert item.action is (Action.UNCHANGED if field is PriceField.NONE else Action.UPDATE)


def test_a_price_that_no_double_can_hold_is_no_change_for_ever() -> None:
    exact = Decimal("0.1234567890123456789")
    stored = licence(price=Decimal(repr(float(exact))))
    assert only(inputs(lines=[line(unit_price=exact)], licences=[stored])).action is Action.UNCHANGED


def test_approval_is_a_ceiling() -> None:
    stale = [licence(n, name=f"OLD-{n}") for n in range(1, 21)]
    guarded = inputs(licences=stale, settings=PlanSettings())
    for approved, held in ((None, 20), (19, 20), (20, 0), (21, 0)):
        plan = make_plan(replace(guarded, approve_removals=approved))
        assert sum(item.outcome is Outcome.HELD for item in plan.items) == held


@pytest.mark.parametrize(
    ("seen", "believed"),
    [
        (Comparison(clients_before=0, clients_now=0, known=0, missing=0, observed=0), True),
        (Comparison(clients_before=5, clients_now=0, known=0, missing=0, observed=0), False),
        (Comparison(clients_before=5, clients_now=5, known=1, missing=1, observed=0), False),
        (Comparison(clients_before=5, clients_now=5, known=100, missing=25, observed=75), True),
        (Comparison(clients_before=5, clients_now=5, known=100, missing=26, observed=74), False),
        (Comparison(clients_before=5, clients_now=5, known=20, missing=10, observed=10), True),
    ],
)
@pytest.mark.parametrize("guard", [None, DeleteGuard()])
def test_a_shrunk_read_is_not_believed(seen: Comparison, believed: bool, guard: DeleteGuard | None) -> None:
    assert (shrunk(seen, guard) is None) is believed


@given(st.sets(st.integers(0, 60), min_size=1), st.sets(st.integers(0, 60)))
def test_splitting_ends_with_every_row_alone_and_loses_none(rows: set[int], named: set[int]) -> None:
    alone: list[int] = []
    parts = [sorted(rows)]
    while parts:
        part = parts.pop()
        if len(part) == 1:
            alone += part
        else:
            pieces = split(part, named)
            assert len(pieces) == 2
            parts += pieces
    assert sorted(alone) == sorted(rows)


@given(st.integers(0, 130), st.integers(1, 60))
def test_batches_are_as_few_as_can_be(number: int, size: int) -> None:
    items = make_plan(inputs(lines=[line(n, product_code=f"P-{n}") for n in range(1, number + 1)])).items
    parts = batches(items, size, Removal.DELETE)
    assert len(parts) == -(-number // size)
    assert sorted(index for part in parts for index in part.indexes) == list(range(number))
