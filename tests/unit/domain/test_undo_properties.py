"""What holds for every undo: all is as it was, and what somebody has changed since is never touched."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from halosync.domain.model import (
    Licence,
    Outcome,
    Reason,
    Removal,
)
from halosync.domain.plan import PlanInput, PlannedItem, PlanSettings
from halosync.domain.planning import make_plan
from hypothesis import given
from hypothesis import strategies as st

from .worlds import ModelHalo, worlds

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
