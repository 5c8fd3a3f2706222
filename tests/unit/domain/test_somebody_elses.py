"""Licences that somebody else looks after, or that a person keeps (spec section 9)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from halosync.domain.model import Action, Client, Outcome, Reason, Removal
from halosync.domain.plan import Plan, PlanInput, PlannedItem, PlanSettings
from halosync.domain.planning import make_plan
from hypothesis import given

from .worlds import ModelHalo, licence, line, shared_worlds

OPEN = PlanSettings(delete_guard=None)
MARKED = licence(1, quantity=Decimal(1), foreign_mark="snowid")


def plan(**changes: Any) -> Plan:
    return make_plan(replace(PlanInput([line()], [Client(7, "Contoso")], [], settings=OPEN), **changes))


def only(**changes: object) -> PlannedItem:
    [item] = plan(**changes).items
    return item


@pytest.mark.parametrize("quantity", [0, 3, -1])
def test_a_marked_licence_is_neither_changed_nor_removed_nor_made_again(quantity: int) -> None:
    item = only(lines=[line(quantity=Decimal(quantity))], licences=[MARKED])
    assert (item.action, item.outcome, item.reason) == (Action.NONE, Outcome.SKIPPED, Reason.MANAGED_ELSEWHERE)
    assert item.halo_licence_id == 1
    assert item.before == item.after is not None
    assert '"snowid"' in (item.detail or "")


def test_two_marked_licences_of_one_name_are_nobodys_fault() -> None:
    item = only(licences=[MARKED, replace(MARKED, id=2, foreign_mark="azure_connection_id")])
    assert (item.outcome, item.reason) == (Outcome.SKIPPED, Reason.MANAGED_ELSEWHERE)
    assert "Licences #1, #2" in (item.detail or "")


def test_the_active_licence_of_the_name_is_somebody_elses_although_an_inactive_one_is_not() -> None:
    item = only(licences=[MARKED, licence(2, is_active=False)])
    assert (item.action, item.reason, item.halo_licence_id) == (Action.NONE, Reason.MANAGED_ELSEWHERE, 1)


def test_a_marked_and_an_unmarked_licence_of_one_name_are_not_guessed_at() -> None:
    item = only(licences=[MARKED, licence(2)])
    assert item.reason is Reason.LICENCE_AMBIGUOUS


def test_clean_up_passes_a_marked_licence_by() -> None:
    assert len(plan(licences=[licence(1), replace(MARKED, id=2, name="OLD")]).items) == 1


def test_a_partner_can_adopt_marked_licences() -> None:
    settings = replace(OPEN, adopt_foreign=True)
    assert only(licences=[MARKED], settings=settings).action is Action.UPDATE
    assert plan(licences=[licence(1), replace(MARKED, id=2, name="OLD")], settings=settings).removals == 1


def test_clean_up_never_removes_what_another_partners_halosync_wrote() -> None:
    both = frozenset({2})
    assert len(plan(licences=[licence(1), licence(2, name="OLD")], owned_by_others=both, owned=both).items) == 1


@pytest.mark.parametrize("code", ["MS-365", "OLD"])
def test_what_a_person_keeps_is_never_removed_and_says_so(code: str) -> None:
    lines = [line(quantity=Decimal(0))] if code == "MS-365" else [line(quantity=Decimal(0), product_code="NONE")]
    item = plan(lines=lines, licences=[licence(5, name=code)], kept=frozenset({5})).items[-1]
    assert (item.action, item.outcome, item.reason) == (Action.NONE, Outcome.SKIPPED, Reason.KEPT)
    assert item.halo_licence_id == 5
    assert item.before == item.after
    assert item.product_code == ("MS-365" if code == "MS-365" else None)
    assert "#5" in (item.detail or "")


def test_what_is_kept_is_still_brought_up_to_date() -> None:
    assert only(licences=[licence(1, quantity=Decimal(1))], kept=frozenset({1})).action is Action.UPDATE


@pytest.mark.parametrize(("kind", "action"), [(1, Action.UNCHANGED), (None, Action.UNCHANGED), (0, Action.CREATE)])
def test_matching_and_clean_up_stay_within_the_partners_type(kind: int | None, action: Action) -> None:
    settings = replace(OPEN, licence_type=1)
    items = plan(
        licences=[licence(1, licence_type=kind), licence(2, name="OLD", licence_type=0)], settings=settings
    ).items
    assert [item.action for item in items] == [action]


@given(shared_worlds())
def test_what_belongs_to_others_is_never_acted_on(inputs: PlanInput) -> None:
    marked = {row.id for row in inputs.licences if row.foreign_mark is not None}
    for item in make_plan(inputs).items:
        if item.outcome in {Outcome.PENDING, Outcome.HELD}:
            assert item.halo_licence_id not in marked or inputs.settings.adopt_foreign
        if item.action is Action.DELETE:
            assert item.halo_licence_id not in inputs.kept
            assert item.product_code is not None or item.halo_licence_id not in inputs.owned_by_others


@given(shared_worlds())
def test_a_shared_halo_comes_to_rest(inputs: PlanInput) -> None:
    free = replace(inputs, review_due=False, settings=replace(inputs.settings, delete_guard=None))
    halo = ModelHalo.of(free)
    for _ in range(2):  # of an active licence and a sleeping twin both go, one in each run
        halo.apply(make_plan(halo.read(free)).items, free.settings)
    left = [item for item in make_plan(halo.read(free)).items if item.outcome is Outcome.PENDING]
    assert left == []


@given(shared_worlds())
def test_every_line_of_a_shared_halo_has_exactly_one_item(inputs: PlanInput) -> None:
    answered = sorted(number for item in make_plan(inputs).items for number in item.line_nos)
    assert answered == [each.line_no for each in inputs.lines]


def test_removing_by_zero_respects_what_is_kept() -> None:
    settings = replace(OPEN, removal=Removal.ZERO)
    item = only(lines=[line(quantity=Decimal(0))], licences=[licence(1)], kept=frozenset({1}), settings=settings)
    assert item.reason is Reason.KEPT


PERHAPS = {(7, line().product_code.lower()): frozenset({2, 3})}


def test_what_an_earlier_create_may_have_made_is_neither_made_again_nor_removed() -> None:
    [item] = plan(licences=[licence(2, name="CUT"), licence(9, client_id=8)], perhaps_created=PERHAPS).items
    assert (item.action, item.outcome, item.reason) == (Action.NONE, Outcome.FAILED, Reason.OUTCOME_UNKNOWN)
    assert "licence #2 came to this client" in (item.detail or "")
    spelt = {(7, "ms-365"): frozenset({9}), (7, "MS-365"): frozenset({2}), (7, "Ms-365"): frozenset({10})}
    assert plan(licences=[licence(2, name="CUT")], perhaps_created=spelt).items[0].reason is Reason.OUTCOME_UNKNOWN
    assert item.product_code == line().product_code


@pytest.mark.parametrize(
    "explained",
    [
        {"licences": [licence(2, name="CUT")], "product_links": {line().product_code: "CUT"}},
        {"licences": [licence(2, name="CUT")], "kept": frozenset({2})},
        {"licences": [licence(2, name="CUT", foreign_mark="snowid")]},
        {"licences": [licence(2, name="CUT")], "owned_by_others": frozenset({2})},
        {"licences": []},
    ],
)
def test_a_person_and_what_explains_a_licence_end_the_doubt(explained: dict[str, object]) -> None:
    items = plan(perhaps_created=PERHAPS, **explained).items
    assert {item.reason for item in items} <= {None, Reason.KEPT}
    assert {item.action for item in items} & {Action.CREATE, Action.UPDATE, Action.UNCHANGED}


def test_a_licence_of_another_product_explains_itself() -> None:
    lines = [line(), replace(line(), line_no=2, product_code="CUT")]
    items = plan(lines=lines, licences=[licence(2, name="CUT")], perhaps_created=PERHAPS).items
    assert {item.action for item in items} >= {Action.CREATE}


def test_a_product_that_has_its_licence_keeps_no_other_from_being_removed() -> None:
    items = plan(licences=[licence(1), licence(2, name="OLD")], perhaps_created=PERHAPS).items
    assert [item.halo_licence_id for item in items if item.action is Action.DELETE] == [2]
