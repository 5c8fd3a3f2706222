"""Many faults at once, by seed: messages doubled, lost and reordered, two writers, and a Halo that misbehaves.

Whatever the seed, Halo ends as planned, never held two licences of one name, and every item says what became of it.
"""

import asyncio
import random
from typing import Any
from uuid import UUID

import pytest
from devstack.fields import Fields

from .conftest import Pipeline
from .planned_run import deliver_once

TENANT = "acme"
WRITES = {"path": "SoftwareLicence"}
PRODUCTS = 70
FAULTS: list[Fields] = [
    {"drop_after": True},
    {"drop_before": True},
    {"reset_after": True},
    {"half_body": True},
    {"malformed": True},
    {"status": 500, "apply": True},
    {"status": 502, "apply": False},
    {"status": 429, "body": {"error": "too many"}, "headers": {"Retry-After": "0"}},
    {"unauthorized": True},
    {"late_apply_s": 0.1},
]


@pytest.mark.parametrize("seed", range(12))
async def test_any_mixture_of_faults_ends_as_planned(pipeline: Pipeline, seed: int) -> None:
    dice = random.Random(seed)
    pipeline.tuning.settle_s = 0.3
    pipeline.tuning.batch_size = 10
    pipeline.tuning.max_attempts = 50
    writers = [pipeline.writer(f"writer-{n}") for n in range(2)]
    await pipeline.sandbox.admin.change_settings(TENANT, refused_array=dice.choice(["none", "good", "before"]))
    await pipeline.pool.execute("UPDATE partner SET guard_max_count = NULL, guard_max_fraction = NULL")
    old = [
        {"client_id": 1, "name": f"P-{n}", "count": dice.randint(1, 9), "price": 10.0, "billing_cycle": "Monthly"}
        for n in range(0, PRODUCTS, 3)
    ]
    stale = [{"client_id": 1, "name": f"STALE-{n}"} for n in range(8)]
    await pipeline.sandbox.admin.add_licences(TENANT, *old, *stale)
    await pipeline.invoice([{"product_code": f"P-{n}", "quantity": str(n % 7 + 1)} for n in range(PRODUCTS)])
    run_id = await pipeline.start()
    await deliver_once(pipeline)
    for fault in dice.sample(FAULTS, 4):
        method = dice.choice(["POST", "POST", "DELETE"])
        nth = dice.randint(1, 4)
        await pipeline.sandbox.admin.add_fault(TENANT, match={**WRITES, "method": method, "nth": nth}, **fault)
    await storm(pipeline, writers, dice, run_id)
    run = await pipeline.run(run_id)
    assert (run["state"], run["failed"], run["pending"]) == ("succeeded", 0, 0), await pipeline.items(run_id)
    held = {name: row["count"] for (_, name), row in (await pipeline.licences()).items()}
    assert held == {f"P-{n}": n % 7 + 1 for n in range(PRODUCTS)}


async def storm(pipeline: Pipeline, writers: list[Any], dice: random.Random, run_id: UUID) -> None:
    """Deliver orders to two writers at once; some twice, some never; the sweeper brings back what was lost."""
    clock = asyncio.get_running_loop().time
    give_up = clock() + 60
    waiting: list[tuple[float, int]] = []
    while (await pipeline.run(run_id))["state"] == "writing":
        assert clock() < give_up, await pipeline.pool.fetch("SELECT * FROM batch WHERE state <> 'done'")
        for kind, message in await pipeline.messages():
            if kind == "licence.actions.v1" and dice.random() > 0.15:  # else it is lost
                waiting += [(clock(), message["batch_id"])] * (2 if dice.random() < 0.2 else 1)
        dice.shuffle(waiting)
        due = [batch for at, batch in waiting if at <= clock()]
        waiting = [(at, batch) for at, batch in waiting if at > clock()]
        if not due:
            await pipeline.pool.execute("UPDATE batch SET redeliver_at = now() WHERE state = 'issued'")
            await pipeline.actions.redeliver_due()
            await asyncio.sleep(0.05)
            continue
        waits = await asyncio.gather(*(dice.choice(writers).advance(batch) for batch in due))
        waiting += [(clock() + wait, batch) for wait, batch in zip(waits, due, strict=True) if wait is not None]
