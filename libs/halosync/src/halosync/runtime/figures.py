"""What alarms look at, asked of Postgres on a timer. Every planner tells the same: look at the largest."""

from collections import Counter
from dataclasses import asdict

import structlog

from halosync.observability.metrics import FIGURES, INVARIANTS_BROKEN
from halosync.store.operations import INVARIANTS, OperationsStore

log = structlog.get_logger(__name__)

MEASURE_S = 15.0
"""How often everything is counted, in seconds."""

INVARIANTS_S = 300.0
"""How often the invariants are looked at, in seconds. The view looks back three times as long."""


async def measure(store: OperationsStore) -> None:
    """Count everything and tell it."""
    for name, figure in asdict(await store.figures()).items():
        FIGURES[name].set(figure)


async def look_at_invariants(store: OperationsStore) -> None:
    """Look whether what always holds does; log what does not."""
    broken = await store.broken_invariants()
    if broken is None:
        return
    broken = [*broken, *await store.months_that_do_not_add_up()]
    counted = Counter(each.invariant for each in broken)
    for invariant in INVARIANTS:
        INVARIANTS_BROKEN.labels(invariant).set(counted[invariant])
    for each in broken:
        log.error(
            "what always holds does not",
            invariant=each.invariant,
            partner_id=each.partner_id,
            subject=each.subject,
            detail=each.detail,
        )
