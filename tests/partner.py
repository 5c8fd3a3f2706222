"""A partner on a real stack, for the journeys: what its billing administrator, the invoice team and Halo would do."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
from devstack.faults.fault_stack import KEEP_NONE
from devstack.fields import Fields
from devstack.invoice_header import invoice_header
from devstack.log_in import log_in
from devstack.stack import Stack
from devstack.wait import until
from halo_sandbox.client import SandboxAdmin
from halosync.contracts.invoice import InvoiceReady
from halosync.domain.acts import COMMAND_LINE
from halosync.messaging.publisher import Publisher
from halosync.messaging.topology import INVOICES
from halosync.store.keys import KeyStore
from halosync.store.partners import PartnerStore
from halosync.store.pool import Pool, open_pool

APPLICATION = "halosync-e2e"
PATIENCE_S = 60.0
EVERY_S = 0.1
"""How often it looks whether something is so that stays so: each look is the work of three processes."""


class Partner:
    """A partner with a tenant of its own on the shared stack, seen through the public interfaces only."""

    def __init__(self, stack: Stack, api: httpx.AsyncClient, halo: SandboxAdmin, name: str, api_key: str) -> None:
        self.stack, self.api, self.halo, self.name, self.api_key = stack, api, halo, name, api_key
        self.tenant = name
        self.path = f"/v1/partners/{name}"

    async def get(self, path: str, **params: str | int) -> Any:
        answer = await self.api.get(f"{self.path}{path}", params=params)
        answer.raise_for_status()
        return answer.json()

    async def connect(self) -> None:
        """Walk through Halo's log-in, complete it as a program does, and wait for the read that follows by itself."""
        (await log_in(self.api, self.name, self.tenant, APPLICATION)).raise_for_status()
        assert (await self.get("/connection"))["state"] == "connected"

        async def was_read() -> bool:
            return (await self.get("/customers"))["read_at"] is not None

        await until(was_read, what="the first read of Halo", timeout_s=PATIENCE_S, every_s=EVERY_S)

    def event(self, lines: list[Fields], **header: str | int) -> Fields:
        """Return an invoice event of this partner."""
        return {**invoice_header(self.name), "lines": lines, **header}

    async def publish(self, event: Fields) -> None:
        """Publish an event as the invoice team does, and wait until it is loaded."""
        await self.publish_only(event)

        async def loaded() -> bool:
            invoices = (await self.get("/invoices"))["items"]
            return (event["invoice_id"], event["revision"]) in {(i["invoice_id"], i["revision"]) for i in invoices}

        await until(loaded, what="loading the invoice", timeout_s=PATIENCE_S, every_s=EVERY_S)

    async def publish_only(self, event: dict[str, object]) -> None:
        """Publish an event as the invoice team does: from a process of theirs, which here is this one."""
        name = InvoiceReady.message_type
        async with Publisher(self.stack.amqp_url) as publisher:
            await publisher.publish(json.dumps(event).encode(), exchange=INVOICES, routing_key=name, message_type=name)

    async def start(self, **options: str) -> str:
        answer = await self.api.post(f"{self.path}/runs", json={"mode": "apply", **options})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["run_id"])

    async def finished(self, run_id: str) -> Fields:
        """Wait until a run has ended, and check its counters against its items."""

        async def ended() -> bool:
            return (await self.get(f"/runs/{run_id}"))["finished_at"] is not None

        await until(ended, what="the end of the run", timeout_s=PATIENCE_S, every_s=EVERY_S)
        run: Fields = await self.get(f"/runs/{run_id}")
        items = await self.items(run_id)
        counters = run["counters"]
        assert len(items) == counters["total"]
        for outcome in ("synced", "skipped", "held", "failed", "pending"):
            assert sum(item["outcome"] == outcome for item in items) == counters[outcome]
        return run

    async def sync(self, **options: Any) -> Fields:
        return await self.finished(await self.start(**options))

    async def items(self, run_id: str) -> list[Fields]:
        items, cursor = [], None
        while True:
            page = await self.get(f"/runs/{run_id}/items", limit=500, **({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    async def licences(self) -> dict[tuple[int, str], float]:
        """Return what Halo holds: (client id, name) → count; that there never were twins is checked each time."""
        rows = await self.halo.licences(self.tenant)
        assert await self.halo.duplicates(self.tenant) == []
        return {(row["client_id"], row["name"]): row["count"] for row in rows if row["is_active"]}


def lines(number: int, **values: str) -> list[Fields]:
    """Return recurring lines of one customer, one product each."""
    return [
        {
            "line_id": str(n),
            "customer_id": "C-1",
            "customer_name": "Contoso",
            "product_code": f"P-{n}",
            "kind": "recurring",
            "quantity": str(n + 1),
            "unit_price": "10.00",
            "billing_cycle": "Monthly",
            **values,
        }
        for n in range(number)
    ]


async def added(stack: Stack, name: str) -> str:
    """Add a partner and return a key of it.

    The operator's command would do it too, but starting it costs more than most tests; the demonstration has it.
    """
    async with database(stack) as pool:
        await PartnerStore(pool).add(name, "Acme MSP")
        return (await KeyStore(pool).create(name, "", by=COMMAND_LINE)).api_key


@asynccontextmanager
async def database(stack: Stack) -> AsyncIterator[Pool]:
    """Open a pool on the database of the stack."""
    pool = await open_pool(stack.database_url, max_size=1)
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def new_partner(stack: Stack) -> AsyncIterator[Partner]:
    """A new partner, with a tenant that has the clients Contoso (1) and Fabrikam (2); not connected yet."""
    name = f"p{uuid4().hex[:12]}"
    key = await added(stack, name)
    headers = {"Authorization": f"Bearer {key}"}
    assert stack.sandbox_url is not None
    async with (
        SandboxAdmin(stack.sandbox_url) as halo,
        httpx.AsyncClient(base_url=stack.http_url, headers=headers, timeout=30, limits=KEEP_NONE) as api,
    ):
        redirect = f"{stack.http_url}/accounts/"
        await halo.put_tenant(
            name,
            applications=[{"client_id": APPLICATION, "name": "converge", "redirect_uris": [redirect]}],
            clients=[{"id": 1, "name": "Contoso"}, {"id": 2, "name": "Fabrikam"}],
        )
        yield Partner(stack, api, halo, name, key)
