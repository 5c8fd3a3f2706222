"""Billing cycles are free text on both sides (issue: 0 at the old price, MONTHLY and monthly)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from halosync.domain.billing_cycles import cycle_key, same_cycle, words_by_key
from halosync.domain.model import Action, Client, Line, Outcome, Reason
from halosync.domain.names import name_key
from halosync.domain.plan import PlanInput, PlannedItem, PlanSettings
from halosync.domain.planning import make_plan
from halosync.domain.products import Demand, Fault, demand_of, products_of
from hypothesis import given
from hypothesis import strategies as st

from .worlds import licence, line


def only(**changes: Any) -> PlannedItem:
    plain = PlanInput([line()], [Client(7, "Contoso")], [], settings=PlanSettings(delete_guard=None))
    [item] = make_plan(replace(plain, **changes)).items
    return item


@pytest.mark.parametrize(("one", "other"), [("Monthly", " MONTHLY "), (None, ""), ("3  months", "3 Months")])
def test_case_and_space_do_not_make_another_cycle(one: str | None, other: str | None) -> None:
    assert same_cycle(one, other)
    assert cycle_key(one) == cycle_key(other)


def test_a_month_is_no_year_and_unset_is_no_month() -> None:
    assert not same_cycle("Monthly", "Yearly")
    assert not same_cycle(None, "Monthly")


def test_a_licence_whose_cycle_halo_spells_otherwise_is_left_alone() -> None:
    assert only(licences=[licence(billing_cycle="MONTHLY")]).action is Action.UNCHANGED


def test_an_update_keeps_halos_spelling_of_the_same_cycle() -> None:
    item = only(licences=[licence(billing_cycle="MONTHLY", quantity=Decimal(1))])
    assert item.action is Action.UPDATE
    assert item.after is not None
    assert item.after.billing_cycle == "MONTHLY"


def test_spellings_of_one_cycle_do_not_conflict() -> None:
    item = only(lines=[line(1), line(2, billing_cycle="monthly ")])
    assert item.outcome is Outcome.PENDING
    assert item.after is not None
    assert (item.after.quantity, item.after.billing_cycle) == (Decimal(24), "Monthly")


def test_the_partners_words_are_written_and_compared() -> None:
    settings = PlanSettings(delete_guard=None, billing_cycles={"annual": "Yearly"})
    created = only(lines=[line(1, billing_cycle="ANNUAL "), line(2, billing_cycle="Yearly")], settings=settings)
    assert created.after is not None
    assert created.after.billing_cycle == "Yearly"
    held = licence(billing_cycle="yearly")
    assert only(lines=[line(billing_cycle="Annual")], licences=[held], settings=settings).action is Action.UNCHANGED


def test_other_cycles_still_conflict_each_named_once() -> None:
    lines = [line(1), line(2, billing_cycle="MONTHLY"), line(3, billing_cycle="Yearly")]
    item = only(lines=lines)
    assert item.reason is Reason.CONFLICTING_LINES
    assert '"MONTHLY", "Yearly"' in (item.detail or "")


def test_a_line_of_quantity_0_has_no_say() -> None:
    old = line(1, quantity=Decimal(0), unit_price=Decimal(-5), billing_cycle="Yearly")
    item = only(lines=[old, line(2, quantity=Decimal(3))])
    assert item.outcome is Outcome.PENDING
    assert item.after is not None
    assert (item.after.quantity, item.after.price, item.after.billing_cycle) == (
        Decimal(3),
        Decimal("31.50"),
        "Monthly",
    )


def test_lines_of_quantity_0_alone_remove_the_licence_whatever_they_say() -> None:
    lines = [line(n, quantity=Decimal(0), unit_price=Decimal(-n)) for n in (1, 2)]
    assert only(lines=lines, licences=[licence()]).action is Action.DELETE


def test_a_negative_price_fails_its_item_and_names_the_line() -> None:
    item = only(lines=[line(1), line(2, unit_price=Decimal("-2.50"))], licences=[licence()])
    assert (item.action, item.outcome, item.reason) == (Action.NONE, Outcome.FAILED, Reason.NEGATIVE_PRICE)
    assert "Line 2 of the invoice has a negative price (-2.50)" in (item.detail or "")


@given(st.dictionaries(st.sampled_from(["annual", "ANNUAL", " Annual", "x"]), st.sampled_from(["Yearly", "Year"])))
def test_the_order_of_the_table_does_not_matter(table: dict[str, str]) -> None:
    assert words_by_key(table) == words_by_key(dict(reversed(table.items())))


def demand(*lines: Line, **words: str) -> Demand | Fault:
    [product] = products_of(lines, name_key)
    return demand_of(product, words_by_key(words))


def test_the_partners_word_is_heard_wherever_a_cycle_is() -> None:
    yearly, annual = line(1, billing_cycle="Yearly"), line(2, billing_cycle="Annual")
    assert demand(yearly, annual, Annual="Yearly") == Demand(Decimal(24), Decimal("31.50"), "Yearly")
    assert demand(annual, yearly, Annual="Yearly") == Demand(Decimal(24), Decimal("31.50"), "Yearly")
    assert isinstance(demand(yearly, annual), Fault)
    nothing = replace(annual, quantity=Decimal(0))
    assert demand(nothing, Annual="Yearly") == Demand(Decimal(0), Decimal("31.50"), "Yearly")
    assert demand(nothing) == Demand(Decimal(0), Decimal("31.50"), "Annual")
    dearer = demand(yearly, replace(annual, unit_price=Decimal(99)), Annual="Yearly")
    assert isinstance(dearer, Fault)
    assert "Yearly" not in dearer.detail  # one cycle in two words: only the prices differ
