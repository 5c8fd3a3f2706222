"""The report API on the test's database, with rows made by hand and auth played by a double."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from devstack.fields import Fields
from devstack.fixtures import PoolOf
from halosync.contracts.settings import RateLimit
from halosync.domain.accounts import Account
from halosync.domain.acts import COMMAND_LINE
from halosync.messaging.sealing import public_key
from halosync.postgres_failures import PASSING
from halosync.store.partners import PartnerStore
from halosync.store.pool import Pool
from report_api.access.wrong_keys import WrongKeys
from report_api.app import Api, build
from report_api.assembly import ports_on
from report_api.ports import EventTiming, Ports

from tests.integration.made_rows import ISSUED, FakeAuth, item, line

ACME, RIVAL = "acme-msp", "rival-msp"
PUBLIC_URL = "https://converge.example"


class World:
    """Two partners with a key each, an operator's key, and makers of rows."""

    issued = ISSUED
    item = staticmethod(item)
    line = staticmethod(line)

    def __init__(self, pool: Pool, client: httpx.AsyncClient, ports: Ports, auth: FakeAuth) -> None:
        self.pool = pool
        self.client = client
        self.ports = ports
        self.auth = auth
        self.keys: dict[str | None, str] = {}

    def key(self, partner: str | None = ACME) -> dict[str, str]:
        """Return the header of a partner's key, or of the operator's."""
        return {"Authorization": f"Bearer {self.keys[partner]}"}

    async def call(
        self, method: str, path: str, *, key: str | None = ACME, partner: str = ACME, **arguments: Any
    ) -> httpx.Response:
        """Call the API below a partner's address."""
        headers = {**self.key(key), **arguments.pop("headers", {})}
        return await self.client.request(method, f"/v1/partners/{partner}{path}", headers=headers, **arguments)

    async def get(self, path: str, **arguments: Any) -> Any:
        """Return the JSON of a call that succeeds."""
        response = await self.call("GET", path, **arguments)
        assert response.status_code == 200, response.text
        return response.json()

    async def pages(self, path: str, limit: int, **params: Any) -> list[Fields]:
        """Return a whole list, read page by page."""
        items, cursor = [], None
        while True:
            query = {**params, "limit": limit, **({"cursor": cursor} if cursor else {})}
            page = await self.get(path, params=query)
            assert len(page["items"]) <= limit
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    async def invoice(
        self, invoice_id: str = "INV-1", lines: Iterable[tuple[Any, ...]] = (), *, partner: str = ACME, **columns: Any
    ) -> int:
        """Store an invoice with its lines and return its key; it bills the month in which it is issued."""
        rows = list(lines)
        issued_at = columns.get("issued_at", ISSUED)
        made = {
            "partner_id": partner,
            "invoice_id": invoice_id,
            "revision": 1,
            "event_id": uuid4(),
            "period": f"{issued_at:%Y-%m}",
            "currency": "AUD",
            "issued_at": issued_at,
            "line_count": len(rows),
            "total": Decimal("378.00"),
            **columns,
        }
        invoice_pk: int = await self._insert("invoice", made, "invoice_pk")
        async with self.pool.acquire() as connection:
            await connection.copy_records_to_table("invoice_line", records=((invoice_pk, *row) for row in rows))
        return invoice_pk

    async def run(self, invoice_pk: int, items: Iterable[Fields] = (), *, partner: str = ACME, **columns: Any) -> UUID:
        """Store a run with its items and return its id."""
        made = {
            "partner_id": partner,
            "invoice_pk": invoice_pk,
            "tenant": "acme",
            "mode": "apply",
            "state": "writing",
            "removal": "delete",
            "requested_by": "test",
            "started_at": datetime.now(UTC),
            "writing_at": datetime.now(UTC),
            **columns,
        }
        run_id: UUID = await self._insert("run", made, "run_id")
        await self.items(run_id, items)
        return run_id

    async def items(self, run_id: UUID, items: Iterable[Fields]) -> None:
        """Store the plan of a run that has none."""
        rows = [
            {
                "run_id": run_id,
                "seq": seq,
                **one,
                "action_state": "waiting" if one["outcome"] == "pending" else "none",
            }
            for seq, one in enumerate(items)
        ]
        if rows:
            async with self.pool.acquire() as connection:
                await connection.copy_records_to_table(
                    "item", records=[tuple(row.values()) for row in rows], columns=list(rows[0])
                )

    async def finish(self, run_id: UUID, state: str = "succeeded") -> None:
        """End a run."""
        await self.pool.execute("UPDATE run SET state = $2, finished_at = now() WHERE run_id = $1", run_id, state)

    async def connect(self, partner: str = ACME) -> None:
        """Make the partner connected."""
        row = {"partner_id": partner, "state": "connected", "tenant": "acme", "client_id": "client-1"}
        await self._insert("connection", row, "partner_id")

    async def halo(self, clients: dict[int, str], licence_names: Iterable[str] = (), *, partner: str = ACME) -> None:
        """Store what was last read from Halo."""
        await self._insert("halo_snapshot", {"partner_id": partner, "tenant": "acme", "read_at": ISSUED}, "partner_id")
        await self.pool.executemany(
            "INSERT INTO halo_client VALUES ($1, $2, $3, false)", [(partner, *client) for client in clients.items()]
        )
        await self.pool.executemany(
            "INSERT INTO halo_licence (partner_id, halo_licence_id, halo_client_id, name, is_active)"
            " VALUES ($1, $2, 7, $3, true)",
            [(partner, number, name) for number, name in enumerate(licence_names)],
        )

    async def sealing_key(self) -> int:
        """Publish a key of auth and return its number."""
        key = public_key(self.auth.private_key)
        return int(await self._insert("sealing_key", {"public_key": key, "private_key": b""}, "key_id"))

    async def webhook(self, *, partner: str = ACME, answer: str = "ok", **columns: str) -> tuple[UUID, UUID]:
        """Store a webhook with a delivery that was answered; return the ids of both."""
        made = {
            "webhook_id": uuid4(),
            "partner_id": partner,
            "url": f"https://{partner}.example/{answer}",
            "secret_key_id": await self.sealing_key(),
            "sealed_secret": b"",
            "created_by": answer,
            **columns,
        }
        webhook_id: UUID = await self._insert("webhook", made, "webhook_id")
        told = {"partner_id": partner, "type": "webhook.test", "data": {}, "spread_at": ISSUED}
        notice_id = await self._insert("notice", told, "notice_id")
        sent = {"notice_id": notice_id, "webhook_id": webhook_id, "state": "delivered"}
        delivery_id: UUID = await self._insert("notice_delivery", sent, "delivery_id")
        attempt = {"number": 1, "started_at": ISSUED, "duration_ms": 12, "status": 200, "answer": answer}
        await self._insert("notice_attempt", {"delivery_id": delivery_id, **attempt}, "number")
        return webhook_id, delivery_id

    async def _insert(self, table: str, columns: Fields, returning: str) -> Any:
        values = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values}) RETURNING {returning}"
        return await self.pool.fetchval(statement, *columns.values())


@pytest.fixture
def event_timing() -> EventTiming:
    """How often live events look; what is ahead of a run is told only with its counters."""
    return EventTiming(poll_s=0.02, progress_s=600.0, heartbeat_s=0.1)


@pytest.fixture(scope="session")
def application() -> Api:
    """The application, made once, since making its routes takes longer than most tests; `world` gives it its ports."""
    application = build(None, PASSING)
    application.state.wrong_keys = WrongKeys(delay_s=0)
    return application


@pytest_asyncio.fixture(loop_scope="session")
async def world(pool: Pool, pool_of: PoolOf, event_timing: EventTiming, application: Api) -> AsyncIterator[World]:
    """The API with two partners and no rows."""
    auth = FakeAuth()
    ports = ports_on(
        await pool_of(Account.REPORT_API),
        public_url=PUBLIC_URL,
        rate_limit=RateLimit(requests=500, window_s=300),
        services=auth,
        event_timing=event_timing,
    )
    application.state.ports = ports
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as client:
        world = World(pool, client, ports, auth)
        for partner in (ACME, RIVAL):
            await PartnerStore(pool).add(partner, partner)
        for owner in (ACME, RIVAL, None):
            world.keys[owner] = (await ports.keys.create(owner, f"key of {owner}", by=COMMAND_LINE)).api_key
        yield world
