"""halosync as a contender: its four processes, and a partner and a tenant of its own for each round."""

import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import aio_pika
import asyncpg
import invoice_event
from devstack.fields import Fields
from devstack.options import StackOptions, new_token_key
from devstack.stack import Stack, running_stack
from halosync.runtime.vault import Vault
from halosync.store.pool import Pool
from pydantic import SecretStr
from rounds import Servers, units


class Ours:
    name = "halosync"

    def __init__(self, stack: Stack, pool: Pool, vault: Vault, exchange: aio_pika.abc.AbstractExchange) -> None:
        self._stack, self._pool, self._vault, self._exchange = stack, pool, vault, exchange
        self._tenant, self._event = "", b""

    async def prepare(self, tenant: str, number: int) -> None:
        now, secret = datetime.now(UTC), self._vault.encrypt(SecretStr("bench"))
        await self._pool.execute("INSERT INTO partner (partner_id, name, auto_sync) VALUES ($1, $1, true)", tenant)
        await self._pool.execute(
            "INSERT INTO connection (partner_id, state, tenant, client_id, connected_at)"
            " VALUES ($1, 'connected', $1, 'bench', $2)",
            *(tenant, now),
        )
        await self._pool.execute(
            "INSERT INTO oauth_token (partner_id, generation, access_token, refresh_token, expires_at)"
            " VALUES ($1, 1, $2, $2, $3)",
            *(tenant, secret, now + timedelta(hours=2)),
        )
        self._tenant, self._event = tenant, json.dumps(event(tenant, number)).encode()

    @property
    def database_url(self) -> str:
        return self._stack.database_url

    @property
    def http_url(self) -> str:
        return self._stack.http_url

    @property
    def writers(self) -> list[str]:
        """The addresses of the writers' figures."""
        return [f"{writer.health_url}/metrics" for writer in self._stack.writers]

    async def publish(self, event: bytes | None = None) -> None:
        message = aio_pika.Message(
            event or self._event,
            content_type="application/json",
            type="invoice.ready.v1",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        await self._exchange.publish(message, "invoice.ready.v1", mandatory=True)

    async def recorded(self) -> int:
        statement = "SELECT synced FROM run WHERE partner_id = $1 AND state = 'succeeded'"
        return int(await self._pool.fetchval(statement, self._tenant) or 0)

    def ended(self) -> list[str]:
        return [name for name, service in self._stack.services.items() if not service.process.running]

    def pids(self) -> Sequence[int]:
        return [pid for service in self._stack.services.values() if (pid := service.process.pid) is not None]


def event(partner: str, number: int) -> Fields:
    lines = (
        invoice_event.line(str(at), f"C-{at % 100}", f"Customer {at % 100 + 1}", at, at % 40 + 1)
        for at in range(number)
    )
    return {
        **invoice_event.event(partner, lines),
        "replaces": None,
        "line_count": number,
        "total": f"{units(number) * 63 / 2:.2f}",
        "lines_url": None,
    }


async def ours(exits: AsyncExitStack, servers: Servers, workers: int) -> Ours:
    key = new_token_key()
    options = StackOptions(
        writers=workers,
        token_keys=key,
        halo_url_template=f"{servers.halo_url}/{{tenant}}",
        environment={"HALOSYNC_HALO_RATE_REQUESTS": "100000", "HALOSYNC_LOG_LEVEL": "WARNING"},
    )
    stack = await exits.enter_async_context(running_stack(options, servers.postgres, servers.rabbit))
    await stack.review_nothing()
    pool = await exits.enter_async_context(asyncpg.create_pool(stack.database_url, min_size=1, max_size=2))
    connection = await exits.enter_async_context(await aio_pika.connect(stack.amqp_url))
    exchange = await (await connection.channel()).get_exchange("converge.invoices", ensure=False)
    return Ours(stack, pool, Vault([SecretStr(key)]), exchange)
