"""Whether a partner with 20,000 licences to create delays 500 partners with 5 each.

Everything is real: Postgres, RabbitMQ, the sandbox in a process of its own, auth, report-api, one planner and two
writers, with arrays of 10, so that the giant soon hits its own limit of 500 requests in 300 s. Every case has fresh
partners and tenants. The cases, in turns:

    alone       the small runs are all requested at once
    writing     the same, while the giant's run is being written and still has most of its budget
    reading     the same, right after the giant's run was requested, so that its reading and planning is in front too

Prints the seconds until the median and the last small run had ended and their ratios to `alone` of the same round. A
case counts only if every small run succeeded and the sandbox has exactly the right licences, none of them twice, and
answered no 429. Exit code 1: in some round the last small run took more than twice as long as alone.

    .venv/bin/python bench/fairness.py [SMALL_PARTNERS] [ROUNDS]     # 500 and 2 by default; 100 1 for a quick look
"""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg
from devstack.options import StackOptions, new_token_key
from devstack.stack import running_stack
from devstack.wait import until
from halo_sandbox.client import SandboxAdmin
from halosync.contracts.invoice import InvoiceHeader, InvoiceLine
from halosync.contracts.invoice_checks import LineChecker
from halosync.domain.acts import Actor
from halosync.domain.run_order import RunOrder
from halosync.runtime.vault import Vault
from halosync.store.invoices import InvoiceStore
from halosync.store.pool import open_pool
from halosync.store.runs import RunStore
from pydantic import SecretStr

MOST_RATIO = 2.0
SETTINGS = {"HALOSYNC_HALO_BATCH_SIZE": "10", "HALOSYNC_LOG_LEVEL": "WARNING"}
TOKENS = ("access_token", "refresh_token")
AT_ONCE = 8
WARM_UP = 40
BEGUN = 20
"""So many licences of the giant are written before the small runs are requested."""


class Size(NamedTuple):
    customers: int
    products: int


SMALL, GIANT = Size(1, 5), Size(200, 100)


@dataclass(frozen=True)
class Took:
    median_s: float
    last_s: float
    giant_requests: int = 0


class Crowd:
    """Makes partners by the hundred, straight in the tables and in the sandbox, and starts their runs."""

    def __init__(self, pool: "asyncpg.Pool[Any]", halo: SandboxAdmin, vault: Vault) -> None:
        self.pool, self.halo, self._vault = pool, halo, vault
        self._invoices, self.runs = InvoiceStore(pool), RunStore(pool)

    async def make(self, names: list[str], size: Size) -> None:
        """Make connected partners, each with an invoice and a tenant of its own that has the customers only."""
        tokens = await at_once(names, lambda name: self._tenant(name, size))
        expires = datetime.now(UTC) + timedelta(hours=2)
        secrets = [[self._vault.encrypt(SecretStr(answer[part])) for part in TOKENS] for answer in tokens]
        await self._copy("partner", ["partner_id", "name"], [(name, name) for name in names])
        await self._copy(
            "connection",
            ["partner_id", "state", "tenant", "client_id", "connected_at"],
            [(name, "connected", name, "bench", datetime.now(UTC)) for name in names],
        )
        await self._copy(
            "oauth_token",
            ["partner_id", "generation", *TOKENS, "expires_at"],
            [(name, 1, *pair, expires) for name, pair in zip(names, secrets, strict=True)],
        )
        await at_once(names, lambda name: self._invoices.take_in(header(name), lambda checker: lines(checker, size)))

    async def request(self, name: str) -> UUID:
        return await self.runs.request(name, RunOrder(), by=Actor("bench"))

    async def wrong(self, name: str, size: Size) -> str | None:
        """Say what is wrong with a partner's licences, None if nothing is."""
        run = await self.pool.fetchrow("SELECT state, synced, error FROM run WHERE partner_id = $1", name)
        if run is None or run["state"] != "succeeded":
            return f"{name}: {run}"
        found = sorted((row["client_id"], row["name"], row["count"]) for row in await self.halo.licences(name))
        wanted = sorted(
            (customer + 1, f"PRODUCT-{product}", product + 1)
            for customer in range(size.customers)
            for product in range(size.products)
        )
        return f"{name}: {found}, not {wanted}" if found != wanted else await self.harmed(name)

    async def harmed(self, name: str) -> str | None:
        """Say whether a licence was created twice or the limit was overrun."""
        if twice := await self.halo.duplicates(name):
            return f"{name}: twice {twice}"
        refused = [request for request in await self.halo.requests(name) if request["status"] == 429]
        return f"{name}: {len(refused)} answers 429" if refused else None

    async def _tenant(self, name: str, size: Size) -> dict[str, Any]:
        await self.halo.put_tenant(
            name,
            applications=[{"client_id": "bench", "name": "bench", "redirect_uris": []}],
            clients=[{"id": c + 1, "name": f"Customer {c}"} for c in range(size.customers)],
        )
        return await self.halo.issue_tokens(name, "bench")

    async def _copy(self, table: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
        await self.pool.copy_records_to_table(table, columns=columns, records=rows)


def header(name: str) -> InvoiceHeader:
    return InvoiceHeader.model_validate(
        {
            "event_id": str(uuid4()),
            "partner_id": name,
            "invoice_id": f"INV-{name}",
            "revision": 1,
            "period": "2026-11",
            "currency": "AUD",
            "issued_at": "2026-11-05T02:00:00Z",
        }
    )


async def lines(checker: LineChecker, size: Size) -> AsyncIterator[InvoiceLine]:
    raw_lines = [
        {
            "line_id": f"{customer}-{product}",
            "customer_id": f"C-{customer}",
            "customer_name": f"Customer {customer}",
            "product_code": f"PRODUCT-{product}",
            "product_name": f"Product number {product}",
            "kind": "recurring",
            "quantity": str(product + 1),
            "unit_price": "31.50",
            "billing_cycle": "Monthly",
        }
        for customer in range(size.customers)
        for product in range(size.products)
    ]
    for line in checker.check(raw_lines):
        yield line


async def at_once(names: Iterable[str], work: Callable[[str], Awaitable[Any]]) -> list[Any]:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> Any:
        async with places:
            return await work(name)

    return await asyncio.gather(*map(one, names))


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
        raise SystemExit(f"{len(found)} partners are wrong: {found[:3]}")
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


async def measure(number: int, rounds: int) -> int:
    key = new_token_key()
    options = StackOptions(writers=2, token_keys=key, environment=SETTINGS, progress=print)
    ratios = []
    async with running_stack(options) as stack, SandboxAdmin(stack.sandbox_url or "") as halo:
        await stack.review_nothing()
        pool = await open_pool(stack.database_url)
        crowd = Crowd(pool, halo, Vault([SecretStr(key)]))
        await case(crowd, "alone", "warm", WARM_UP)
        print(f"{os.cpu_count()} cores; {number} small runs of 5 creates, the giant's of 20,000")
        print("round  case      median s  ratio   last s  ratio  giant's requests meanwhile", flush=True)
        for turn in range(1, rounds + 1):
            alone: Took | None = None
            for kind in ("alone", "writing", "reading"):
                took = await case(crowd, kind, f"{kind}{turn}", number)
                alone = alone or took
                ratios.append(took.last_s / alone.last_s)
                print(
                    f"{turn:5}  {kind:8} {took.median_s:9.1f} {took.median_s / alone.median_s:6.2f} "
                    f"{took.last_s:8.1f} {ratios[-1]:6.2f} {took.giant_requests:6}",
                    flush=True,
                )
        await pool.close()
    print(f"worst ratio of the last small run: {max(ratios):.2f} (at most {MOST_RATIO:g})")
    return 0 if max(ratios) <= MOST_RATIO else 1


if __name__ == "__main__":
    began = time.monotonic()
    arguments = [int(argument) for argument in sys.argv[1:]]
    code = asyncio.run(measure(*arguments, *(500, 2)[len(arguments) :]))
    print(f"{time.monotonic() - began:.0f} s in all")
    sys.exit(code)
