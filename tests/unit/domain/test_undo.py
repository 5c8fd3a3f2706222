"""An undo puts back exactly what a run changed, where nobody has touched it since (spec section 11, "Undo")."""

from dataclasses import replace
from decimal import Decimal

import pytest
from halosync.domain.model import (
    Action,
    Client,
    Licence,
    Outcome,
    PriceField,
    Reason,
    Removal,
    Traits,
    WrittenLicence,
)
from halosync.domain.plan import CustomerLink, DeleteGuard, PlanInput, PlannedItem, PlanSettings
from halosync.domain.planning import make_plan

from .undone_run import CREATED, DELETED, LEFT, OTHER, UPDATED, WAS, undoing
from .worlds import licence


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


CASES: dict[str, tuple[PlannedItem, list[Licence], dict[str, object], Reason | None, Outcome]] = {
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


def test_removals_of_an_undo_are_held_by_the_guard() -> None:
    items = [replace(CREATED, halo_licence_id=number) for number in (1, 2, 3)]
    settings = PlanSettings(delete_guard=DeleteGuard(1, Decimal(0)))
    there = [licence(number) for number in (1, 2, 3)]
    held = undoing(*items, there=there, settings=settings)
    assert {item.reason for item in held} == {Reason.DELETE_GUARD}
    assert "This undo would remove 3 licences" in (held[0].detail or "")
    assert "Look at what it would take back; if the removals are right, approve 3" in (held[0].detail or "")
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


def test_an_undo_says_whose_the_licence_was_that_it_changes() -> None:
    owned = frozenset({1})
    [back] = undoing(UPDATED, owned=owned)
    assert back.was_owned
    [removal] = undoing(CREATED, owned=owned)
    assert removal.was_owned
    [foreign] = undoing(UPDATED, owned=frozenset({2}))
    assert not foreign.was_owned
    [left] = undoing(UPDATED, there=[OTHER], owned=owned)
    assert (left.outcome, left.was_owned) == (Outcome.SKIPPED, False)
