"""The planner put together from its ports: in the process, in the simulation and in tests alike."""

from dataclasses import dataclass

from halosync.runtime.read_access import ReadAccess

from planner.connection_test import ConnectionTest
from planner.environment import PlannerRules
from planner.halo_read import HaloRead
from planner.intake import Intake
from planner.page_sizing import PageSizing
from planner.planning_slots import PlanningSlots
from planner.ports import Ports
from planner.run_planner import RunPlanner
from planner.snapshot_refresh import SnapshotRefresh


@dataclass(frozen=True)
class Planner:
    """The planner's use cases."""

    intake: Intake
    run_planner: RunPlanner
    snapshot_refresh: SnapshotRefresh
    connection_test: ConnectionTest


def assemble(ports: Ports, rules: PlannerRules) -> Planner:
    """Return the use cases on these ports."""
    access = ReadAccess(ports.tokens, ports.limiter, ports.counter, ports.lists.total_timeout_s, ports.clock)
    sizing = PageSizing(ports.page_sizes, rules.page_sizes)
    halo_read = HaloRead(access, ports.lists, ports.reads, sizing, ports.clock)
    slots = PlanningSlots()
    return Planner(
        intake=Intake(ports.invoices, ports.owed_runs, ports.lines, slots),
        run_planner=RunPlanner(
            runs=ports.runs,
            plans=ports.plans,
            snapshots=ports.snapshots,
            halo_read=halo_read,
            slots=slots,
            rules=rules,
            passing=ports.passing,
        ),
        snapshot_refresh=SnapshotRefresh(
            snapshots=ports.snapshots, plans=ports.plans, halo_read=halo_read, default_rate=rules.rate
        ),
        connection_test=ConnectionTest(
            snapshots=ports.snapshots,
            connections=ports.connections,
            access=access,
            lists=ports.sample_lists,
            conformance=ports.conformance,
            default_rate=rules.rate,
        ),
    )
