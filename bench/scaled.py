"""How long changes take under a limit by real servers, in a fifteenth of the time: `limited.py` without simulation.

Real planner and writers, Postgres, RabbitMQ and the sandbox, which counts in a rolling window of 20 s for 300 s and
takes 0.05 s for a request. Arrays hold one licence, so that each change is one request. Beside it, on the same clock,
the other ways of `limited.py` ask a limit of their own. halosync is timed by the sandbox' log, from its first request
to its last.

What the machine takes is not scaled and counts fifteen times as much as it would. The row counts only if the run
succeeded, and the sandbox then has a licence of each product, none twice, with the quantity of its line.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal

from budget import KINDS, Tenant
from devstack.options import StackOptions
from devstack.stack import running_stack
from devstack.wait import until
from halo_sandbox.client import SandboxAdmin
from limited import found_of
from limited_ways import WAYS, Limit, Waited, timed
from row import Effort, Found, Row, WrongEndError

SCALED = Limit(requests=100, window_s=20.0, answer_s=0.05, sleep_s=4.0)
SCALE = SCALED.window_s / 300


async def ours(changes: int) -> Waited:
    """Sync so many creates on the real stack."""
    environment = {
        "HALOSYNC_HALO_RATE_REQUESTS": str(SCALED.requests),
        "HALOSYNC_HALO_RATE_WINDOW_S": str(SCALED.window_s),
        "HALOSYNC_HALO_BATCH_SIZE": "1",
        "HALOSYNC_HALO_BATCH_SIZE_MAX": "1",
        "HALOSYNC_RETRY_DELAYS_S": ",".join(f"{tier * SCALE:.3f}" for tier in (1, 5, 30, 120, 300)),
        "HALOSYNC_LOG_LEVEL": "WARNING",
    }
    async with (
        running_stack(StackOptions(writers=2, environment=environment)) as stack,
        SandboxAdmin(stack.sandbox_url or "") as halo,
    ):
        await stack.review_nothing()
        tenant = await Tenant.begin(stack, halo, "scaled", KINDS[0], changes, limit=SCALED)
        run_id = await tenant.sync()

        async def ended() -> bool:
            return bool((await tenant.run(run_id))["finished_at"])

        await until(ended, what="the end of the run", timeout_s=900, every_s=0.25)
        run, log = await tenant.run(run_id), await tenant.requests(since=0)
        twice = await halo.duplicates("scaled")
        has = Counter((each["name"], Decimal(str(each["count"]))) for each in await halo.licences("scaled"))
        await tenant.api.aclose()
    wanted = Counter((f"PRODUCT-{number}", Decimal(1)) for number in range(changes))
    made = run["counters"]["synced"]
    if run["state"] != "succeeded" or made != changes or twice:
        raise WrongEndError(f"{made} of {changes} changes were made, {twice} twice: {run}")
    if has != wanted:
        raise WrongEndError(f"the sandbox has other licences than the invoice: {has - wanted}, without {wanted - has}")
    took_s = log[-1]["monotonic"] - log[0]["monotonic"] + SCALED.answer_s
    return Waited("halosync", took_s, sum(entry["status"] == 429 for entry in log))


async def compare(changes: int) -> dict[str, Waited]:
    """Let all ways make the changes, beside each other as they only wait."""
    others = (timed(name, SCALED, changes, work) for name, work in WAYS.items())
    results = await asyncio.gather(ours(changes), *others)
    print("\n".join(f"  {each}" for each in results), flush=True)
    return {each.name: each for each in results}


def measure_row(effort: Effort) -> Found:
    """Compare ways to keep within a scaled limit."""
    changes = effort.of(480, 150)
    results: Mapping[str, Waited] = asyncio.run(compare(changes))
    return found_of(results, changes, SCALED, "scaled")


ROW = Row(
    name="scaled",
    what="changes under a limit, scaled: real servers, 480 changes under 100 requests in 20 s",
    against="press Sync again; sleep on 429; token bucket; pyrate-limiter",
    to_reach="the ideal within 3 %, no 429",
    measure=measure_row,
    first_s=135,
    quick_s=90,
)
