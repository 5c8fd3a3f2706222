"""A state that was asked for, and a plan of what Halo made of it."""

from dataclasses import replace
from typing import Any

from halosync.domain.model import Client
from halosync.domain.plan import PlanInput, PlannedItem, PlanSettings
from halosync.domain.planning import make_plan

from .worlds import line

# Plans


def only(**changes: Any) -> PlannedItem:
    plain = PlanInput([line()], [Client(7, "Contoso")], [], settings=PlanSettings(delete_guard=None))
    [item] = make_plan(replace(plain, **changes)).items
    return item


def items(**changes: Any) -> list[PlannedItem]:
    plain = PlanInput([line()], [Client(7, "Contoso")], [], settings=PlanSettings(delete_guard=None))
    return make_plan(replace(plain, **changes)).items
