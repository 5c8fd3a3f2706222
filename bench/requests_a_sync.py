"""How many requests to Halo a Sync takes once the sizes of pages and arrays are learnt (spec section 9).

The real stack and a Halo without delay or limit. Of each size the licences are created, and a second Sync learns the
rest; then one Sync for each number of changed quantities. A Sync counts only if Halo then has every licence once with
the right quantities, and the run changed as many as the invoice did.

Beside it: one request a changed product with pages of 100, as the documented product does; and the least that it can
take with the sizes that were learnt: the pages, and the arrays if each were full. Fails if a Sync takes more than one
request a list beyond that.

    .venv/bin/python bench/requests_a_sync.py [--licences 1000] [--licences 20000] [--changes 0] [--changes 50]
"""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Annotated, Any
from uuid import uuid4

import asyncpg
import httpx
import typer
from machine import machine
from ours import Ours, event, ours
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
            raise SystemExit(f"not as it should be: {dict(row)}, Halo has {has}")
        return int(row["halo_requests"])

    async def least(self, licences: int, changes: int) -> int:
        """Return the fewest requests with the sizes that were learnt."""
        sizes = await self._connection.fetchrow(SIZES, self.name)
        if sizes is None:
            raise SystemExit("no sizes were learnt")
        pages = _parts(CLIENTS, sizes["clients"] or DOCUMENTED_PAGE) + _parts(licences, sizes["licences"])
        return pages + (_parts(changes, sizes["arrays"]) if changes else 0)


def _parts(rows: int, size: int) -> int:
    return -(-rows // size)


async def measure(licences: list[int], changes: list[int]) -> bool:
    bad = False
    print(machine())
    print(f"{'licences':>9} {'changes':>8} {'requests':>9} {'least':>6} {'one a product':>14}")
    async with servers() as run, AsyncExitStack() as exits:
        contender = await ours(exits, run, 2)
        connection = await asyncpg.connect(contender.database_url)
        for number in licences:
            tenant = Tenant(contender, connection, run.halo_url, number)
            await contender.prepare(tenant.name, number)
            await tenant.sync(0)
            await tenant.sync(0)
            for changed in (each for each in changes if each <= number):
                took, least = await tenant.sync(changed), await tenant.least(number, changed)
                documented = _parts(CLIENTS, DOCUMENTED_PAGE) + _parts(number, DOCUMENTED_PAGE) + changed
                print(f"{number:>9} {changed:>8} {took:>9} {least:>6} {documented:>14}", flush=True)
                bad |= took > least + LISTS
        await connection.close()
    return bad


def main(
    licences: Annotated[list[int] | None, typer.Option(help="Licences that Halo has.")] = None,
    changes: Annotated[list[int] | None, typer.Option(help="Quantities that change.")] = None,
) -> None:
    """Count the requests of Syncs."""
    raise SystemExit(1 if asyncio.run(measure(licences or [*LICENCES], changes or [*CHANGES])) else 0)


if __name__ == "__main__":
    typer.run(main)
