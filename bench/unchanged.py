"""A Sync that changes nothing, beside the time that reading its Halo takes.

The real stack and a Halo that takes 0.25 s for each page and has a licence for each line. The first run creates them;
then the invoice comes again as a higher revision that says the same. Its run is timed from its start to its end, and
beside it the same pages, one after the other, asked for by nothing but an HTTP client. A round counts only if the run
changed nothing.
"""

import asyncio
import json
import time
from contextlib import AsyncExitStack
from uuid import uuid4

import asyncpg
import httpx
from devstack.fields import Fields
from devstack.wait import until
from ours import Ours, event, ours
from rounds import Servers
from row import Effort, Figure, Found, Row, WrongEndError, median_ratio
from throughput import servers

READ_S, PAGE, MOST, PATIENCE_S = 0.25, 1000, 1.5, 600.0
NEWEST = """
SELECT state, unchanged, created + updated + deleted AS changed, halo_requests,
    extract(epoch FROM finished_at - started_at)::float8 AS seconds
FROM run JOIN invoice USING (invoice_pk) WHERE run.partner_id = $1 AND revision = $2 AND finished_at IS NOT NULL
"""


async def reads(run: Servers, tenant: str, licences: int) -> float:
    """Return the seconds that the pages take with nothing done to them but reading their JSON."""
    async with httpx.AsyncClient(trust_env=False) as client:
        began = time.perf_counter()
        for path, pages in (("Client", 1), ("SoftwareLicence", -(-licences // PAGE))):
            for number in range(1, pages + 1):
                query: dict[str, str | int] = {"page_no": number, "page_size": PAGE}
                (await client.get(f"{run.halo_url}/{tenant}/api/{path}", params=query)).json()
        return time.perf_counter() - began


async def synced(contender: Ours, database_url: str, tenant: str, licences: int, revision: int) -> Fields:
    """Publish a revision of the invoice and return how its run ended."""
    body = {**event(tenant, licences), "event_id": str(uuid4()), "revision": revision}
    connection = await asyncpg.connect(database_url)
    await contender.publish(json.dumps(body).encode())
    row = await ended(connection, tenant, revision)
    await connection.close()
    return dict(row)


async def ended(connection: "asyncpg.Connection[asyncpg.Record]", tenant: str, revision: int) -> asyncpg.Record:
    """Wait for the run of a revision, and return how it ended."""
    found: list[asyncpg.Record] = []

    async def there() -> bool:
        found[:] = await connection.fetch(NEWEST, tenant, revision)
        return bool(found)

    await until(there, what=f"the run of revision {revision}", timeout_s=PATIENCE_S)
    return found[0]


async def measure(licences: int, rounds: int) -> list[dict[str, float]]:
    tenant = f"t{uuid4().hex[:12]}"
    found = []
    async with servers(READ_S) as run, AsyncExitStack() as exits:
        contender = await ours(exits, run, 2)
        await contender.prepare(tenant, licences)
        url = contender.database_url
        await synced(contender, url, tenant, licences, 1)
        await synced(contender, url, tenant, licences, 2)  # learns how large pages may be
        for number in range(rounds):
            bare_s = await reads(run, tenant, licences)
            row = await synced(contender, url, tenant, licences, 3 + number)
            if row["state"] != "succeeded" or row["changed"] or row["unchanged"] != licences:
                raise WrongEndError(f"the run was not as it should be: {row}")
            found.append({"reads_s": bare_s, "sync_s": float(row["seconds"]), "requests": row["halo_requests"]})
            print(f"  {found[-1]}", flush=True)
    return found


def measure_row(effort: Effort) -> Found:
    """Measure a Sync that changes nothing."""
    licences = effort.of(20_000, 2_000)
    found = asyncio.run(measure(licences, effort.turns))
    times = median_ratio([each["sync_s"] for each in found], [each["reads_s"] for each in found])
    figures = [
        Figure("times its reads", times, MOST),
        Figure("requests", max(each["requests"] for each in found), unit=""),
    ]
    return Found(figures, {"licences": licences, "rounds": found}, rounds=effort.turns)


ROW = Row(
    name="unchanged",
    what="a Sync that changes nothing, 20,000 licences",
    against="the time of its reads",
    to_reach="1.5 times",
    measure=measure_row,
    first_s=35,
    round_s=14,
)
