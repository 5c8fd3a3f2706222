"""A plan of one line for one client, of which a test changes what it is about."""

from dataclasses import replace
from typing import Any

from halosync.domain.model import Client
from halosync.domain.plan import Plan, PlanInput, PlanSettings
from halosync.domain.planning import make_plan

from .worlds import line

INPUTS = PlanInput([line()], [Client(7, "Contoso")], [], settings=PlanSettings(delete_guard=None))


def plan(**changes: Any) -> Plan:
    return make_plan(replace(INPUTS, **changes))
