"""An undo puts back exactly what a run changed, where nobody has touched it since (spec section 11, "Undo")."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from halosync.domain.approvals import change_of
from halosync.domain.model import (
    Action,
    Cleanup,
    Client,
    Licence,
    LicenceState,
    Line,
    LineKind,
    Outcome,
    PriceField,
    Reason,
    Removal,
    Traits,
    WrittenLicence,
)
from halosync.domain.plan import CustomerLink, DeleteGuard, PlanInput, PlannedItem, PlanSettings
from halosync.domain.planning import make_plan
from hypothesis import given
from hypothesis import strategies as st

from .worlds import ModelHalo, licence, worlds

LEFT_ALONE = {Reason.CHANGED_SINCE, Reason.LICENCE_AMBIGUOUS}


def carried_out(halo: ModelHalo, items: Iterable[PlannedItem], settings: PlanSettings) -> tuple[PlannedItem, ...]:
    """Carry out a plan, and return its items as they are recorded."""
    done = []
    for item in items:
        if item.outcome is Outcome.PENDING:
            before = set(halo.rows)
            halo.apply([item], settings)
            number = next(iter(set(halo.rows) - before), item.halo_licence_id)
            assert number is not None
            name = halo.rows[number].name if number in halo.rows else item.licence_name
            done.append(replace(item, outcome=Outcome.SYNCED, halo_licence_id=number, licence_name=name))
    return tuple(done)


def contents(rows: Iterable[Licence]) -> Counter[Licence]:
    """What Halo holds, whatever the ids."""
    return Counter(replace(row, id=0) for row in rows)


def deleting(inputs: PlanInput) -> PlanInput:
    return replace(inputs, settings=replace(inputs.settings, removal=Removal.DELETE))


@given(worlds().map(deleting))
def test_an_undo_restores_what_was_and_the_undo_of_it_what_the_run_made(inputs: PlanInput) -> None:
    halo = ModelHalo.of(inputs)
    done = carried_out(halo, make_plan(inputs).items, inputs.settings)
    made = contents(halo.rows.values())
    undo = make_plan(replace(halo.read(inputs), undone=done)).items
    assert {item.reason for item in undo} <= LEFT_ALONE | {None}
    undone = carried_out(halo, undo, inputs.settings)
    if not any(item.reason for item in undo):
        assert contents(halo.rows.values()) == contents(inputs.licences)
        redo = make_plan(replace(halo.read(inputs), undone=undone)).items
        carried_out(halo, redo, inputs.settings)
        if not any(item.reason for item in redo):
            assert contents(halo.rows.values()) == made


@given(worlds(), st.data())
def test_what_somebody_has_changed_since_is_never_touched(inputs: PlanInput, data: st.DataObject) -> None:
    halo = ModelHalo.of(inputs)
    done = carried_out(halo, make_plan(inputs).items, inputs.settings)
    touched = sorted({item.halo_licence_id for item in done if item.halo_licence_id in halo.rows} - {None})
    edited = set(data.draw(st.lists(st.sampled_from(touched), unique=True))) if touched else set()
    for number in edited:
        assert number is not None
        halo.rows[number] = replace(halo.rows[number], quantity=Decimal(777), name=f"edited {number}")
    before = dict(halo.rows)
    carried_out(halo, make_plan(replace(halo.read(inputs), undone=done)).items, inputs.settings)
    assert {number: halo.rows[number] for number in edited if number} == {n: before[n] for n in edited if n}
    assert {number for number in halo.rows if number not in {i.halo_licence_id for i in done}} >= set(before) - {
        i.halo_licence_id for i in done
    }


# ---------------------------------------------------------------- one licence

WAS = LicenceState(Decimal(5), Decimal(40), "Monthly", active=True)
LEFT = LicenceState(Decimal(12), Decimal("31.5"), "Monthly", active=True)


def done(action: Action, before: LicenceState | None, after: LicenceState | None, **more: Any) -> PlannedItem:
    """Return an item that a run has carried out on licence 1 of client 7."""
    plain = PlannedItem(
        ("C-1",), "Contoso", 7, "MS-365", "MS-365", 1, action, Outcome.SYNCED, None, None, before, after
    )
    return replace(plain, **more)


CREATED = done(Action.CREATE, None, LEFT)
UPDATED = done(Action.UPDATE, WAS, LEFT)
DELETED = done(Action.DELETE, WAS, None, was=Traits("MS-365", Decimal(9), 1))


def undoing(*items: PlannedItem, there: Iterable[Licence] = (licence(),), **more: Any) -> list[PlannedItem]:
    inputs = PlanInput([], [Client(7, "Contoso"), Client(8, "Fabrikam")], list(there), undone=items)
    made = make_plan(replace(inputs, **more)).items
    for item in made:  # whatever becomes of it, its words name the licence, and there are some where it has a reason
        assert item.detail or item.reason is None
        assert "None" not in (item.detail or "")
    return made


def test_a_create_becomes_a_removal_an_update_the_way_back_and_a_removal_a_create() -> None:
    [removal] = undoing(CREATED)
    assert (removal.action, removal.halo_licence_id, removal.after) == (Action.DELETE, 1, None)
    [back] = undoing(replace(UPDATED, set_name="MS-365", was=Traits("ms365")))
    assert (back.action, back.after, back.set_name, back.licence_name) == (Action.UPDATE, WAS, "ms365", "ms365")
    [new] = undoing(DELETED, there=())
    assert (new.action, new.halo_licence_id, new.restores, new.after) == (Action.CREATE, None, 1, WAS)
    assert (new.set_name, new.was) == ("MS-365", DELETED.was)
    assert "#1" in (new.detail or "")
    [plain] = undoing(replace(DELETED, was=None), there=())
    assert plain.was == Traits("MS-365")


OTHER = licence(2, name="OTHER")

CASES: dict[str, tuple[PlannedItem, list[Licence], dict[str, Any], Reason | None, Outcome]] = {
    "created and gone": (CREATED, [OTHER], {}, None, Outcome.SYNCED),
    "created, and nothing shown": (CREATED, [], {}, Reason.CHANGED_SINCE, Outcome.SKIPPED),
    "created, and removed by halosync since": (CREATED, [], {"removed": frozenset({1})}, None, Outcome.SYNCED),
    "created and edited": (CREATED, [licence(price=Decimal(1))], {}, Reason.CHANGED_SINCE, Outcome.SKIPPED),
    "created and renamed": (CREATED, [licence(name="Mine")], {}, Reason.CHANGED_SINCE, Outcome.SKIPPED),
    "created and marked by another program": (
        CREATED,
        [licence(foreign_mark="snowid")],
        {},
        Reason.MANAGED_ELSEWHERE,
        Outcome.SKIPPED,
    ),
    "created and kept": (CREATED, [licence()], {"kept": frozenset({1})}, Reason.KEPT, Outcome.SKIPPED),
    "created, and another partner's by now": (
        CREATED,
        [licence()],
        {"owned_by_others": frozenset({1})},
        Reason.CHANGED_SINCE,
        Outcome.SKIPPED,
    ),
    "created empty, and removals set to zero": (
        replace(CREATED, after=replace(LEFT, quantity=Decimal(0))),
        [licence(quantity=Decimal(0))],
        {"settings": PlanSettings(removal=Removal.ZERO)},
        None,
        Outcome.SYNCED,
    ),
    "updated, and nothing shown": (UPDATED, [], {}, Reason.CHANGED_SINCE, Outcome.SKIPPED),
    "updated and gone": (UPDATED, [OTHER], {}, Reason.CHANGED_SINCE, Outcome.SKIPPED),
    "updated and moved": (UPDATED, [licence(client_id=8)], {}, Reason.CHANGED_SINCE, Outcome.SKIPPED),
    "updated and put back by hand": (
        UPDATED,
        [licence(quantity=Decimal(5), price=Decimal(40))],
        {},
        None,
        Outcome.SYNCED,
    ),
    "deleted, and there as it was": (
        DELETED,
        [licence(quantity=Decimal(5), price=Decimal(40))],
        {},
        None,
        Outcome.SYNCED,
    ),
    "deleted, and there otherwise": (DELETED, [licence()], {}, Reason.CHANGED_SINCE, Outcome.SKIPPED),
    "deleted, and another one has its name": (
        DELETED,
        [licence(2, name=" ms-365 ")],
        {},
        Reason.CHANGED_SINCE,
        Outcome.SKIPPED,
    ),
    "deleted, and another one has its name as Halo escapes it": (
        replace(DELETED, was=Traits("R&D")),
        [licence(2, name="R&amp;D")],
        {},
        Reason.CHANGED_SINCE,
        Outcome.SKIPPED,
    ),
    "deleted, and another one was told its name": (
        DELETED,
        [licence(2, name="MS-3")],
        {"written": {2: WrittenLicence(asked_name="MS-365", kept_name="MS-3")}},
        Reason.CHANGED_SINCE,
        Outcome.SKIPPED,
    ),
    "deleted, and none shown of what the run left": (
        DELETED,
        [],
        {"left_at": frozenset({7})},
        Reason.CHANGED_SINCE,
        Outcome.SKIPPED,
    ),
    "deleted, and its client gone": (
        DELETED,
        [],
        {"clients": [Client(8, "Fabrikam")]},
        Reason.CHANGED_SINCE,
        Outcome.SKIPPED,
    ),
    "client gone": (CREATED, [licence()], {"clients": [Client(8, "Fabrikam")]}, Reason.CHANGED_SINCE, Outcome.SKIPPED),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_as_the_run_left_it_stays_as_it_is(case: str) -> None:
    item, there, more, reason, outcome = CASES[case]
    [found] = undoing(item, there=there, **more)
    assert (found.reason, found.outcome) == (reason, outcome)
    assert found.action is (Action.UNCHANGED if outcome is Outcome.SYNCED else Action.NONE)


def test_what_was_changed_since_shows_both_states() -> None:
    [item] = undoing(UPDATED, there=[licence(quantity=Decimal("15.0"))])
    assert (item.before, item.after) == (LEFT, replace(LEFT, quantity=Decimal("15.0")))
    assert [(each.field, each.we_wrote, each.halo_has) for each in item.drift] == [("quantity", "12", "15")]
    assert "The run left it as quantity 12" in (item.detail or "")
    assert "quantity 15" in (item.detail or "")
    [renamed] = undoing(CREATED, there=[licence(name="Mine", price=None, quantity=None, billing_cycle=None)])
    assert '"Mine", no quantity, no price, no billing cycle, active' in (renamed.detail or "")
    [gone] = undoing(DELETED, there=[licence(is_active=False)])
    assert "removed it" in (gone.detail or "")
    assert "inactive" in (gone.detail or "")


def test_a_licence_that_a_delete_only_made_inactive_keeps_its_id() -> None:
    left = licence(quantity=Decimal(5), price=Decimal(40), is_active=False)
    [back] = undoing(DELETED, there=[left])
    assert (back.action, back.halo_licence_id, back.after) == (Action.UPDATE, 1, WAS)
    [foreign] = undoing(DELETED, there=[replace(left, foreign_mark="snowid")])
    assert foreign.reason is Reason.CHANGED_SINCE


def test_an_inactive_client_is_written_to_only_by_a_link() -> None:
    asleep = [Client(7, "Contoso", inactive=True)]
    assert undoing(CREATED, clients=asleep)[0].reason is Reason.CHANGED_SINCE
    linked = undoing(CREATED, clients=asleep, customer_links={"C-1": CustomerLink(7)})
    assert linked[0].action is Action.DELETE


def test_a_price_that_nobody_wrote_stays_as_it_is() -> None:
    settings = PlanSettings(price_field=PriceField.NONE)
    there = [licence(price=Decimal(77))]
    [back] = undoing(UPDATED, there=there, settings=settings)
    assert back.after == replace(WAS, price=Decimal(77))
    [same] = undoing(UPDATED, there=[licence(quantity=Decimal(5), price=Decimal(77))], settings=settings)
    assert same.action is Action.UNCHANGED


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


def test_removals_of_an_undo_are_held_by_the_guard() -> None:
    items = [replace(CREATED, halo_licence_id=number) for number in (1, 2, 3)]
    settings = PlanSettings(delete_guard=DeleteGuard(1, Decimal(0)))
    there = [licence(number) for number in (1, 2, 3)]
    held = undoing(*items, there=there, settings=settings)
    assert {item.reason for item in held} == {Reason.DELETE_GUARD}
    assert {item.outcome for item in undoing(*items, there=there, settings=settings, approve_removals=3)} == {
        Outcome.PENDING
    }


def test_an_undo_never_ends_the_first_review() -> None:
    plan = make_plan(PlanInput([], [Client(7, "Contoso")], [licence()], undone=(CREATED,), review_due=True))
    assert not plan.review_done
    assert plan.items[0].reason is Reason.FIRST_REVIEW


GONE = [Client(8, "Fabrikam")]


def test_what_is_left_at_a_client_that_is_gone_shows_how_it_is() -> None:
    [item] = undoing(CREATED, clients=GONE)
    assert (item.before, item.after) == (LEFT, LEFT)
    assert "#7" in (item.detail or "")
    [never_found] = undoing(replace(CREATED, halo_licence_id=None), clients=GONE)
    assert (never_found.after, never_found.halo_licence_id) == (None, None)


def test_the_guard_counts_the_active_licences_of_the_clients_that_the_run_touched() -> None:
    there = [licence(1), licence(2), licence(3, is_active=False), licence(4, client_id=8)]
    plan = make_plan(PlanInput([], [Client(7, "Contoso"), *GONE], there, undone=(CREATED,)))
    assert plan.active == 2


def test_an_item_calls_its_licence_as_halo_does_now_and_one_that_is_gone_as_it_was() -> None:
    assert undoing(CREATED, there=[licence(name="Mine")])[0].licence_name == "Mine"
    assert undoing(CREATED, there=[OTHER])[0].licence_name == "MS-365"


def test_only_deleted_licences_that_are_gone_are_alike() -> None:
    updated = replace(UPDATED, halo_licence_id=2)
    assert undoing(DELETED, updated, there=[OTHER])[0].action is Action.CREATE
    asleep = [licence(900, is_active=False)]
    again = undoing(DELETED, replace(DELETED, halo_licence_id=2), there=asleep, restored={1: 900})
    assert again[1].action is Action.CREATE


def test_how_halo_keeps_names_is_known_from_the_run_itself_too() -> None:
    escaped = replace(UPDATED, halo_licence_id=2, was=Traits("R&amp;D", asked_name="R&D"))
    back, _ = undoing(replace(DELETED, was=Traits("A &amp; B")), escaped, there=[OTHER])
    assert back.set_name == "A & B"
