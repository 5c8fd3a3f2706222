"""How many requests to Halo a Sync takes once the sizes of pages and arrays are learnt (spec section 9).

The real stack and a Halo without delay or limit. Of each size the licences are created, and a second Sync learns the
rest; then one Sync for each number of changed quantities. A Sync counts only if Halo then has every licence once with
the right quantities, and the run changed as many as the invoice did.

Beside it: one request a changed product with pages of 100, as the documented product does; and the least that it can
take with the sizes that were learnt: the pages, and the arrays if each were full. One request a list more than that may
be needed. Pages get smaller where answers are slow, so what it counts does depend on the machine, and it runs alone.
How many the large invoice takes whose arrays are being learnt is told by `learnt_arrays.py`.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
from ours import Ours, event, ours
from row import Effort, Figure, Found, Row, WrongEndError
from stand_in_halo import CLIENTS
from throughput import servers
from unchanged import ended

LICENCES, CHANGES = (1_000, 20_000, 100_000), (0, 1, 50, 5_000, 80_000)
DOCUMENTED_PAGE = 100
LISTS = 2
SIZES = """
SELECT (SELECT rows FROM halo_page_size WHERE tenant = $1 AND list = 'clients') AS clients,
    (SELECT rows FROM halo_page_size WHERE tenant = $1 AND list = 'licences') AS licences,
    (SELECT rows FROM halo_array_size WHERE tenant = $1) AS arrays
"""


class Tenant:
    """A partner whose invoice is changed again and again."""

    def __init__(self, contender: Ours, connection: "asyncpg.Connection[Any]", halo_url: str, licences: int) -> None:
        self.name = f"t{uuid4().hex[:12]}"
        self._contender, self._connection, self._halo_url = contender, connection, halo_url
        self._event = event(self.name, licences)
        self._revision = 0

    async def sync(self, changes: int) -> int:
        """Change so many quantities, publish the invoice, and return how many requests its run took."""
        self._revision += 1
        lines = self._event["lines"]
        for line in lines[:changes]:
            line["quantity"] = str(int(line["quantity"]) + 1)
        body = {**self._event, "event_id": str(uuid4()), "revision": self._revision, "total": None}
        await self._contender.publish(json.dumps(body).encode())
        row = await ended(self._connection, self.name, self._revision)
        async with httpx.AsyncClient(trust_env=False) as client:
            has = (await client.get(f"{self._halo_url}/{self.name}/stats")).json()
        wanted = (len(lines), 0, sum(int(line["quantity"]) for line in lines))
        expected = changes if self._revision > 1 else len(lines)
        if (has["licences"], has["twice"], has["units"]) != wanted or row["changed"] != expected:
            raise WrongEndError(f"not as it should be: {dict(row)}, Halo has {has}")
        return int(row["halo_requests"])

    async def least(self, licences: int, changes: int) -> int:
        """Return the fewest requests with the sizes that were learnt."""
        sizes = await self._connection.fetchrow(SIZES, self.name)
        if sizes is None:
            raise WrongEndError("no sizes were learnt")
        pages = _parts(CLIENTS, sizes["clients"] or DOCUMENTED_PAGE) + _parts(licences, sizes["licences"])
        return pages + (_parts(changes, sizes["arrays"]) if changes else 0)


def _parts(rows: int, size: int) -> int:
    return -(-rows // size)


async def measure(licences: Sequence[int], changes: Sequence[int]) -> list[dict[str, int]]:
    """Return for each number of licences and of changes how many requests a Sync took, and takes otherwise."""
    found = []
    async with servers() as run, AsyncExitStack() as exits:
        contender = await ours(exits, run, 2)
        connection = await asyncpg.connect(contender.database_url)
        for number in licences:
            tenant = Tenant(contender, connection, run.halo_url, number)
            await contender.prepare(tenant.name, number)
            await tenant.sync(0)
            await tenant.sync(0)
            for changed in (each for each in changes if each <= number):
                least = await tenant.least(number, changed)  # by what is known before this Sync learns more
                took = await tenant.sync(changed)
                documented = _parts(CLIENTS, DOCUMENTED_PAGE) + _parts(number, DOCUMENTED_PAGE) + changed
                counted = {"requests": took, "least": least, "one_a_product": documented}
                found.append({"licences": number, "changes": changed, **counted})
                print(f"  {found[-1]}", flush=True)
        await connection.close()
    return found


def figures(found: Sequence[Mapping[str, int]]) -> list[Figure]:
    more = max(each["requests"] - each["least"] for each in found)
    largest = max(found, key=lambda each: (each["licences"], each["changes"]))
    sized = f"{largest['licences']:,} licences, {largest['changes']:,} changes"
    return [
        Figure("requests of a Sync beyond the least, at most", more, LISTS, unit=""),
        Figure(f"{sized}: requests", largest["requests"], unit=""),
        Figure(f"{sized}: one request a product takes", largest["one_a_product"] / largest["requests"]),
    ]


def measure_row(effort: Effort) -> Found:
    """Count the requests of Syncs."""
    found = asyncio.run(measure(effort.of(LICENCES, LICENCES[:1]), effort.of(CHANGES, (0, 1, 50))))
    return Found(figures(found), {"syncs": found})


ROW = Row(
    name="requests",
    what="requests to Halo per Sync: 0 to 80,000 changes of 1,000, 20,000 and 100,000 licences",
    against="one request a product; the least for the sizes that the tenant takes",
    to_reach="the least and one a list once sizes are learnt",
    measure=measure_row,
    first_s=200,
)
