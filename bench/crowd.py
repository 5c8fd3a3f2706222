"""Partners by the hundred, straight in the tables and in the sandbox; and their runs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import invoice_event
from halo_sandbox.client import SandboxAdmin
from halo_sandbox.json_object import JsonObject
from halosync.contracts.checked_line import CheckedLine
from halosync.contracts.invoice import InvoiceHeader
from halosync.contracts.invoice_checks import LineChecker
from halosync.domain.acts import Actor
from halosync.domain.run_order import RunOrder
from halosync.runtime.vault import Vault
from halosync.store.invoices import InvoiceStore
from halosync.store.pool import Pool
from halosync.store.runs import RunStore
from pydantic import SecretStr

TOKENS = ("access_token", "refresh_token")
AT_ONCE = 8


class Size(NamedTuple):
    customers: int
    products: int


SMALL, GIANT = Size(1, 5), Size(200, 100)


class Crowd:
    """Makes partners by the hundred, straight in the tables and in the sandbox, and starts their runs."""

    def __init__(self, pool: Pool, halo: SandboxAdmin, vault: Vault) -> None:
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

    async def _tenant(self, name: str, size: Size) -> JsonObject:
        await self.halo.put_tenant(
            name,
            applications=[{"client_id": "bench", "name": "bench", "redirect_uris": []}],
            clients=[{"id": c + 1, "name": f"Customer {c}"} for c in range(size.customers)],
        )
        return await self.halo.issue_tokens(name, "bench")

    async def _copy(self, table: str, columns: list[str], rows: list[tuple[object, ...]]) -> None:
        await self.pool.copy_records_to_table(table, columns=columns, records=rows)


def header(name: str) -> InvoiceHeader:
    return InvoiceHeader.model_validate(invoice_event.header(name))


async def lines(checker: LineChecker, size: Size) -> AsyncIterator[Sequence[CheckedLine]]:
    raw_lines = [
        invoice_event.line(f"{customer}-{product}", f"C-{customer}", f"Customer {customer}", product, product + 1)
        for customer in range(size.customers)
        for product in range(size.products)
    ]
    yield list(checker.check(raw_lines))


async def at_once(names: Iterable[str], work: Callable[[str], Awaitable[Any]]) -> list[Any]:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> Any:
        async with places:
            return await work(name)

    return await asyncio.gather(*map(one, names))
