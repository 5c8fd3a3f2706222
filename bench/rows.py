"""All rows: those of the comparison in the order in which they are told, then the others, which run when named."""

import budget
import fairness
import intake
import learnt_arrays
import limited
import links
import page_fairness
import plan
import planner_memory
import readers
import report_page
import requests_a_sync
import scaled
import simulated_creates
import spread
import tenants
import throughput
import unchanged
from results import load_now
from row import Effort, Found, Row

_MODULES = (
    *(throughput, spread, tenants, plan, intake, requests_a_sync, learnt_arrays, limited, scaled, report_page),
    *(readers, unchanged, budget, fairness, page_fairness, planner_memory, links, simulated_creates),
)
ROWS: dict[str, Row] = {module.ROW.name: module.ROW for module in _MODULES}
COMPARED = tuple(row for row in ROWS.values() if row.compared)
OTHERS = tuple(row for row in ROWS.values() if not row.compared)


def measured(name: str, effort: Effort) -> tuple[float, Found]:
    """Measure a row, in this process; return the load as it began too."""
    row, load = ROWS[name], load_now()
    beside = ", maybe beside another" if row.untimed else ""
    print(f"== {name}: {row.what}, about {row.seconds(effort):.0f} s{beside}; load {load:.1f}", flush=True)
    return load, row.measure(effort)
