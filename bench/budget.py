"""How much of a tenant's request budget is used while there is work, and whether Halo ever has to refuse a request.

Real planner and writers, Postgres and RabbitMQ; the sandbox counts one tenant in a rolling and another in a fixed
window. Time is scaled to 40 s for the 300 s of a window, delay tiers and Halo's answers alike. Arrays hold one licence,
so that each action is one request, and there is more to do than fits into the measured windows. For 1, 2 and 4 writers
it prints

    allowed   what the server lets pass from the first request on, in whole windows with work left at their end
    used      the requests that it let pass in that time, by its own log
    ratio     of these two
    pace      the same in the long run, from the last window: a permit that comes back is used again a little late, so a
              little less often than once in a window. The machine's part in that is not scaled and counts for an eighth
              at 300 s; one that became busier meanwhile lowers it too, as it sends the burst of a window more slowly
    most      the most requests in any window of the server's kind
    429       how many requests it refused

At least 97 % are to be used and none refused. Batch work leaves 2 % to people: 98 % is the best there is.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import httpx
from devstack.fields import Fields
from devstack.log_in import through_halo
from devstack.options import StackOptions
from devstack.stack import Stack, running_stack
from devstack.wait import until
from halo_sandbox.client import SandboxAdmin
from invoice_event import event, line
from limited_ways import Limit
from row import Effort, Figure, Found, Row, WrongEndError

REQUESTS, WINDOW_S = 100, 40.0
SCALE = WINDOW_S / 300
HALO_TAKES_S = 0.25 * SCALE
LIMIT = Limit(REQUESTS, WINDOW_S, answer_s=HALO_TAKES_S, sleep_s=0.0)
WRITERS = (1, 2, 4)
KINDS = ("rolling", "fixed")
AT_LEAST = 0.97
TIERS_S = ",".join(f"{tier * SCALE:.3f}" for tier in (1, 5, 30, 120, 300))  # 1 s is the shortest there is by default
ENVIRONMENT = {
    "HALOSYNC_HALO_RATE_REQUESTS": str(REQUESTS),
    "HALOSYNC_HALO_RATE_WINDOW_S": str(WINDOW_S),
    "HALOSYNC_HALO_BATCH_SIZE": "1",
    "HALOSYNC_HALO_BATCH_SIZE_MAX": "1",
    "HALOSYNC_RETRY_DELAYS_S": TIERS_S,
}


@dataclass(frozen=True)
class Used:
    """What the server's log says of one tenant."""

    writers: int
    kind: str
    allowed: int
    used: int
    pace: float
    most: int
    refused: int

    @property
    def ratio(self) -> float:
        return self.used / self.allowed


async def measure(windows: int) -> list[Used]:
    results: list[Used] = []
    async with running_stack(StackOptions(writers=WRITERS[0], environment=ENVIRONMENT, progress=print)) as stack:
        await stack.review_nothing()
        for writers in WRITERS:
            while len(stack.writers) < writers:
                await stack.add_writer()
            async with SandboxAdmin(stack.sandbox_url or "") as halo:
                creates = REQUESTS * (windows + 1)
                tenants = await asyncio.gather(
                    *(Tenant.begin(stack, halo, f"w{writers}-{kind}", kind, creates, limit=LIMIT) for kind in KINDS)
                )
                results += await asyncio.gather(*(tenant.watch(writers, windows) for tenant in tenants))
    return results


class Tenant:
    """A partner whose run has more to do than the measured windows allow."""

    def __init__(self, halo: SandboxAdmin, name: str, kind: str, api: httpx.AsyncClient) -> None:
        self.halo, self.name, self.kind, self.api = halo, name, kind, api

    @classmethod
    async def begin(
        cls, stack: Stack, halo: SandboxAdmin, name: str, kind: str, creates: int, *, limit: Limit
    ) -> "Tenant":
        print(f"{name}: connecting, loading an invoice")
        await stack.cli("partner", "add", name, "--name", name)
        key = (await stack.cli("key", "create", "--partner", name))["api_key"]
        await halo.put_tenant(
            name,
            applications=[{"client_id": "app", "name": "bench", "redirect_uris": [f"{stack.http_url}/accounts/"]}],
            clients=[{"id": 1, "name": "Contoso"}],
            settings={"rate_requests": limit.requests, "rate_window_s": limit.window_s, "rate_window": kind},
        )
        await halo.add_fault(name, times=None, delay_answer_s=limit.answer_s)
        api = httpx.AsyncClient(
            base_url=f"{stack.http_url}/v1/partners/{name}", headers={"Authorization": f"Bearer {key}"}, timeout=30
        )
        begun = await api.post("/connection", json={"tenant": name, "client_id": "app"})
        came_back = await through_halo(begun.json()["authorize_url"])
        (await api.post("/connection/complete", json=came_back)).raise_for_status()
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(event(name, (line(str(n), "C-1", "Contoso", n, 1) for n in range(creates))), file)
            file.flush()
            await stack.cli("invoice", "publish", file.name, "--no-check")

        async def loaded() -> bool:
            return bool((await api.get("/invoices")).json()["items"])

        await until(loaded, what="loading", timeout_s=60)
        return cls(halo, name, kind, api)

    async def sync(self) -> str:
        """Start a run, and return its id."""
        return str((await self.api.post("/runs", json={"mode": "apply"})).raise_for_status().json()["run_id"])

    async def run(self, run_id: str) -> Fields:
        """Return what the API says of a run."""
        return dict((await self.api.get(f"/runs/{run_id}")).raise_for_status().json())

    async def watch(self, writers: int, windows: int) -> Used:
        """Sync, look on for so many windows from the first request on, and cancel what is left."""
        run_id = await self.sync()
        log: list[Fields] = []
        told_at = 0.0

        async def over() -> bool:
            nonlocal told_at
            log.extend(await self.requests(since=log[-1]["n"] if log else 0))
            if time.monotonic() - told_at > 10:
                told_at = time.monotonic()
                print(f"{self.name}: {sum(entry['status'] != 429 for entry in log)} requests")
            return bool(log) and time.monotonic() > log[0]["monotonic"] + windows * WINDOW_S

        await until(over, what="the end", timeout_s=windows * WINDOW_S + 60, every_s=0.5)
        run = await self.run(run_id)
        if run["state"] != "writing" or not run["counters"]["pending"]:
            raise WrongEndError(f"{self.name}: nothing was left to do: {run}")
        await self.api.post(f"/runs/{run_id}/cancel")
        await self.api.aclose()
        return used(log, writers, self.kind, windows)

    async def requests(self, since: int) -> list[Fields]:
        """What the limit counts, and the clock of this machine that it counts by."""
        return [entry for entry in await self.halo.requests(self.name, since=since) if "/api/" in entry["path"]]


def used(log: list[Fields], writers: int, kind: str, windows: int) -> Used:
    begin = log[0]["monotonic"]
    end = begin + windows * WINDOW_S
    passed = [entry["monotonic"] for entry in log if entry["status"] != 429]
    if kind == "rolling":
        most = max(sum(at <= each < at + WINDOW_S for each in passed) for at in passed)
    else:
        fixed = [at // WINDOW_S for at in passed]
        most = max(fixed.count(number) for number in fixed)
    cycle = REQUESTS - LIMIT.reserve  # a permit is used again as many requests later as batch work may have in a window
    again_s = [later - sooner for sooner, later in zip(passed, passed[cycle:], strict=False)][-cycle:]
    return Used(
        writers=writers,
        kind=kind,
        allowed=windows * REQUESTS,
        used=sum(at < end for at in passed),
        pace=cycle / REQUESTS * WINDOW_S * len(again_s) / sum(again_s),
        most=most,
        refused=sum(entry["status"] == 429 for entry in log),
    )


def figures(results: Sequence[Used]) -> list[Figure]:
    found = []
    for each in results:
        of = f"{each.writers} writers, {each.kind} window: "
        found.append(Figure(f"{of}of the budget used", each.ratio, AT_LEAST, least=True, unit=""))
        found.append(Figure(f"{of}429s", each.refused, 0, unit=""))
    return found


def measure_row(effort: Effort) -> Found:
    """Measure how much of a budget is used."""
    results = asyncio.run(measure(effort.of(3, 2)))
    return Found(figures(results), {"used": [asdict(each) for each in results]})


ROW = Row(
    name="budget",
    what="how much of a tenant's budget is used while there is work, 1, 2 and 4 writers, rolling and fixed windows",
    against="what Halo lets pass",
    to_reach="97 %, no 429",
    measure=measure_row,
    first_s=400,
    quick_s=280,
    compared=False,
)
