"""Whether a partner with 20,000 licences to create delays 500 partners with 5 each.

Everything is real: Postgres, RabbitMQ, the sandbox in a process of its own, auth, report-api, one planner and two
writers, with arrays of 10, so that the giant soon hits its own limit of 500 requests in 300 s. Every case has fresh
partners and tenants. The cases, in turns:

    alone       the small runs are all requested at once
    writing     the same, while the giant's run is being written and still has most of its budget
    reading     the same, right after the giant's run was requested, so that its reading and planning is in front too

Measured are the seconds until the median and the last small run had ended, and their ratios to `alone` of the same
round. A case counts only if every small run succeeded and the sandbox has exactly the right licences, none of them
twice, and answered no 429.
"""

import asyncio
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from crowd import GIANT, SMALL, Crowd, at_once
from devstack.options import StackOptions, new_token_key
from devstack.stack import running_stack
from devstack.wait import until
from halo_sandbox.client import SandboxAdmin
from halosync.domain.acts import Actor
from halosync.runtime.vault import Vault
from halosync.store.pool import open_pool
from pydantic import SecretStr
from row import Effort, Figure, Found, Row, WrongEndError, median_ratio

MOST = 2.0
KINDS = ("alone", "writing", "reading")
SETTINGS = {"HALOSYNC_HALO_BATCH_SIZE": "10", "HALOSYNC_LOG_LEVEL": "WARNING"}
WARM_UP = 40
BEGUN = 20
"""So many licences of the giant are written before the small runs are requested."""


@dataclass(frozen=True)
class Took:
    median_s: float
    last_s: float
    giant_requests: int = 0


async def case(crowd: Crowd, kind: str, tag: str, number: int) -> Took:
    """Run one case with fresh partners."""
    names, giant = [f"{tag}-{n}" for n in range(number)], f"{tag}-giant"
    await crowd.make(names, SMALL)
    if kind != "alone":
        await crowd.make([giant], GIANT)
    await quiet(crowd)
    giant_run = await crowd.request(giant) if kind != "alone" else None
    if kind == "writing":
        await until(lambda: begun(crowd, giant), what="the giant's first licences", timeout_s=120, every_s=0.02)
    started = await crowd.pool.fetchval("SELECT clock_timestamp()")
    await at_once(names, crowd.request)
    await until(lambda: ended(crowd, names), what="the small runs", timeout_s=240, every_s=0.25)
    rows = await crowd.pool.fetch(
        "SELECT finished_at - $2::timestamptz AS took FROM run WHERE partner_id = ANY($1)", names, started
    )
    took = sorted(row["took"].total_seconds() for row in rows)
    spent = 0
    if giant_run is not None:
        spent = await crowd.pool.fetchval("SELECT halo_requests FROM run WHERE run_id = $1", giant_run)
        await crowd.runs.cancel(giant, giant_run, by=Actor("bench"))
        await until(lambda: ended(crowd, [giant]), what="the giant's end", timeout_s=60)
    wrong = await at_once(names, lambda name: crowd.wrong(name, SMALL))
    wrong += [await crowd.harmed(giant)] if giant_run is not None else []
    if found := [one for one in wrong if one]:
        raise WrongEndError(f"{len(found)} partners are wrong: {found[:3]}")
    return Took(statistics.median(took), took[-1], spent)


async def begun(crowd: Crowd, giant: str) -> bool:
    return bool(await crowd.pool.fetchval("SELECT synced >= $2 FROM run WHERE partner_id = $1", giant, BEGUN))


async def ended(crowd: Crowd, names: list[str]) -> bool:
    going_on = "SELECT count(*) FROM run WHERE partner_id = ANY($1) AND finished_at IS NULL"
    return not await crowd.pool.fetchval(going_on, names)


async def quiet(crowd: Crowd) -> None:
    """Wait until what making partners has set off is over."""

    async def published() -> bool:
        return not await crowd.pool.fetchval("SELECT count(*) FROM outbox")

    await until(published, what="the outbox getting empty", timeout_s=60)
    await asyncio.sleep(1.0)


async def measure(number: int, rounds: int) -> list[dict[str, Took]]:
    """Return for each round how long each case took."""
    key = new_token_key()
    options = StackOptions(writers=2, token_keys=key, environment=SETTINGS, progress=print)
    found = []
    async with running_stack(options) as stack, SandboxAdmin(stack.sandbox_url or "") as halo:
        await stack.review_nothing()
        pool = await open_pool(stack.database_url)
        crowd = Crowd(pool, halo, Vault([SecretStr(key)]))
        await case(crowd, "alone", "warm", WARM_UP)
        for turn in range(1, rounds + 1):
            found.append({kind: await case(crowd, kind, f"{kind}{turn}", number) for kind in KINDS})
            print(f"  {found[-1]}", flush=True)
        await pool.close()
    return found


def figures(found: Sequence[Mapping[str, Took]]) -> list[Figure]:
    alone = [each["alone"].last_s for each in found]
    return [
        Figure(
            f"giant {kind}: the last small run, times alone", median_ratio([e[kind].last_s for e in found], alone), MOST
        )
        for kind in KINDS[1:]
    ]


def measure_row(effort: Effort) -> Found:
    """Measure small runs beside a giant."""
    number = effort.of(500, 20)
    found = asyncio.run(measure(number, effort.turns))
    rounds = [{kind: asdict(took) for kind, took in each.items()} for each in found]
    return Found(figures(found), {"small_runs": number, "rounds": rounds}, rounds=effort.turns)


ROW = Row(
    name="fairness",
    what="500 runs of 5 creates beside one of 20,000, whose arrays have 10",
    against="the small runs alone",
    to_reach="2 times",
    measure=measure_row,
    first_s=30,
    round_s=100,
    quick_s=60,
    compared=False,
)
