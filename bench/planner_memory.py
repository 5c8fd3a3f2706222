"""How much memory and time a planner needs for an invoice of 100,000 lines and a Halo of 100,000 licences.

Everything is real: the planner's process, Postgres, RabbitMQ, the sandbox. Measured are the planner's peak resident
memory in MiB and the seconds from the event to the loaded invoice and from the run's start to its plan.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
from devstack.fields import Fields
from devstack.log_in import log_in
from devstack.options import StackOptions
from devstack.stack import Stack, running_stack
from devstack.wait import until
from halo_sandbox.client import SandboxAdmin
from invoice_event import event, line
from row import Effort, Figure, Found, Row, WrongEndError

LIMIT_MIB = 300
PER_CUSTOMER = 100


def lines(number: int) -> Iterator[Fields]:
    for n in range(number):
        customer, product = divmod(n, PER_CUSTOMER)
        yield line(str(n), f"C-{customer}", f"Customer {customer}", product, n % 50 + 1)


def peak_mib(pid: int) -> float:
    for row in Path(f"/proc/{pid}/status").read_text().splitlines():
        if row.startswith("VmHWM"):
            return int(row.split()[1]) / 1024
    raise WrongEndError("this system does not tell a process' peak memory")


async def measure(number: int) -> dict[str, float]:
    settings = {"HALOSYNC_HALO_PAGE_SIZE": "1000", "HALOSYNC_HALO_RATE_REQUESTS": "100000"}
    async with running_stack(StackOptions(environment=settings, progress=print)) as stack:
        await stack.review_nothing()
        planner = stack.services["planner"].process.pid
        if planner is None or stack.sandbox_url is None:
            raise WrongEndError("the stack did not start whole")
        await stack.cli("partner", "add", "big", "--name", "Big")
        pool = await asyncpg.create_pool(stack.database_url)
        async with SandboxAdmin(stack.sandbox_url) as halo:
            await halo.put_tenant(
                "big",
                applications=[{"client_id": "app", "name": "bench", "redirect_uris": [f"{stack.http_url}/accounts/"]}],
                clients=[{"id": c + 1, "name": f"Customer {c}"} for c in range(number // PER_CUSTOMER)],
                licences=[
                    {
                        "client_id": n // PER_CUSTOMER + 1,
                        "name": f"PRODUCT-{n % PER_CUSTOMER}",
                        "count": n % 50 + 1 + (n % 10 == 0),
                        "price": 31.5,
                        "billing_cycle": "Monthly",
                    }
                    for n in range(number)
                ],
                settings={"rate_requests": 100_000},
            )
            started = time.monotonic()
            with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
                json.dump(event("big", lines(number)), file)
                file.flush()
                await stack.cli("invoice", "publish", file.name, "--no-check")

            async def loaded() -> bool:
                return bool(await pool.fetchval("SELECT count(*) FROM invoice"))

            await until(loaded, what="loading", timeout_s=120)
            loaded_s, loaded_mib = time.monotonic() - started, peak_mib(planner)
            await connect(stack)
            started = time.monotonic()
            run_id = (await stack.cli("run", "start", "--partner", "big"))["run_id"]

            async def planned() -> bool:
                state = await pool.fetchval("SELECT state FROM run WHERE run_id = $1", run_id)
                return state not in ("queued", "reading", "planning")

            await until(planned, what="planning", timeout_s=300)
            [row] = await pool.fetch("SELECT state, error, total, pending FROM run WHERE run_id = $1", run_id)
            if row["total"] != number or row["error"] is not None:
                raise WrongEndError(f"the run is {dict(row)}")
            planned_s, peak = time.monotonic() - started, peak_mib(planner)
        await pool.close()
    return {"loaded_s": loaded_s, "loaded_mib": loaded_mib, "planned_s": planned_s, "peak_mib": peak}


async def connect(stack: Stack) -> None:
    key = (await stack.cli("key", "create", "--partner", "big"))["api_key"]
    async with httpx.AsyncClient(base_url=stack.http_url, headers={"Authorization": f"Bearer {key}"}) as api:
        (await log_in(api, "big", "big", "app")).raise_for_status()


def measure_row(effort: Effort) -> Found:
    """Measure a planner's memory."""
    number = effort.of(100_000, 2_000)
    found = asyncio.run(measure(number))
    figures = [
        Figure("memory at its peak", found["peak_mib"], LIMIT_MIB, unit="MiB"),
        Figure("from the event to the loaded invoice", found["loaded_s"], unit="s"),
        Figure("from the run's start to its plan", found["planned_s"], unit="s"),
    ]
    return Found(figures, {"lines": number, **found})


ROW = Row(
    name="memory",
    what="a planner's memory for 100,000 lines and 100,000 licences",
    against="300 MiB",
    to_reach="less",
    measure=measure_row,
    first_s=70,
    compared=False,
)
