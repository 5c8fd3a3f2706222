"""A run of a few items that is undone."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from halosync.domain.model import (
    Action,
    Client,
    Licence,
    LicenceState,
    Outcome,
    Traits,
)
from halosync.domain.plan import PlanInput, PlannedItem
from halosync.domain.planning import make_plan

from .worlds import licence

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


OTHER = licence(2, name="OTHER")
