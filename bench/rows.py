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
from row import Effort, Found, Row

_MODULES = (
    *(throughput, spread, tenants, plan, intake, requests_a_sync, learnt_arrays, limited, scaled, report_page),
    *(readers, unchanged, budget, fairness, page_fairness, planner_memory, links, simulated_creates),
)
ROWS: dict[str, Row] = {module.ROW.name: module.ROW for module in _MODULES}
COMPARED = tuple(row for row in ROWS.values() if row.compared)
OTHERS = tuple(row for row in ROWS.values() if not row.compared)


def measured(name: str, effort: Effort) -> Found:
    """Measure a row, in this process."""
    return ROWS[name].measure(effort)
