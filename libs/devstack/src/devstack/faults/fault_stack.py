"""Where the cases take place: servers of their own, two writers, and a proxy in front of the sandbox."""

import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from signal import SIGCONT
from urllib.parse import urlsplit

import asyncpg
import httpx
from halo_sandbox.client import SandboxAdmin
from halosync.domain.acts import COMMAND_LINE
from halosync.store.keys import KeyStore
from halosync.store.pool import open_pool

from devstack.faults.proxy import Proxy
from devstack.options import StackOptions
from devstack.own_domain import OwnDomain
from devstack.postgres import DATABASE_URL_VARIABLE, PostgresServer, postgres
from devstack.rabbitmq import RabbitServer, rabbitmq
from devstack.servers import fresh_name
from devstack.service import Service
from devstack.stack import Stack, running_stack
from devstack.state import StateFolder, state_folder

RATE_REQUESTS, RATE_WINDOW_S = 14, 3.0
"""A small budget, so that every run meets it."""

HEARTBEAT_S = 5
SETTLE_S = 2.0
SETTINGS = {
    "HALO_BATCH_SIZE_MAX": "50",  # nine arrays, so that some are under way when something breaks
    "HALO_SETTLE_S": f"{SETTLE_S:g}",
    "HALO_TIMEOUT_S": "2",
    "HALO_RATE_REQUESTS": str(RATE_REQUESTS),
    "HALO_RATE_WINDOW_S": f"{RATE_WINDOW_S:g}",
    "RETRY_DELAYS_S": "0.5,2",
    # With delays of seconds instead of minutes, an outage of a minute must not use up the attempts.
    "RETRY_MAX_ATTEMPTS": "40",
    "TOKEN_REFRESH_INTERVAL_S": "5",
    "WEBHOOK_ALLOW_PRIVATE": "true",
}
PATIENCE_S = 240.0
KEEP_NONE = httpx.Limits(max_keepalive_connections=0)


class FaultStack:
    """A running stack and the handles by which it can be hurt.

    Attributes:
        stack: the four services, two writers of them, and the sandbox.
        rabbit: its broker.
        postgres: its database server.
        proxy: between the services and the sandbox.
        halo: the sandbox's control surface, not through the proxy.
        api: report-api as an operator.
        poison: every message that was published to be refused, and the queue where it is to die.
    """

    def __init__(self, stack: Stack, rabbit: RabbitServer, postgres_server: PostgresServer, proxy: Proxy) -> None:
        self.stack, self.rabbit, self.postgres, self.proxy = stack, rabbit, postgres_server, proxy
        # A connection for each request: one that was kept may be closed by the other end at any moment.
        self.halo = SandboxAdmin(
            stack.sandbox_url or "", httpx.AsyncClient(timeout=60, trust_env=False, limits=KEEP_NONE)
        )
        self.api = httpx.AsyncClient(base_url=stack.http_url, timeout=30, trust_env=False, limits=KEEP_NONE)
        self.poison: dict[bytes, str] = {}
        self.partners: set[str] = set()
        self._idle: list[asyncpg.Connection[asyncpg.Record]] = []

    @property
    def own_domain(self) -> OwnDomain:
        """Where the sandbox is at domains of partners' own.

        Raises:
            LookupError: the stack was started without; a case that draws one would go on without it unseen.
        """
        if self.stack.own_domain is None:
            raise LookupError("this stack has no domain of a partner's own")
        return self.stack.own_domain

    @property
    def writers(self) -> list[Service]:
        """The halo-writers."""
        return self.stack.writers

    @asynccontextmanager
    async def connection(self) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
        """Give a connection to the database; what was not lost is given again.

        Servers die here, and their connections with them. To make one takes as long as some eighty questions.
        """
        connection = self._kept()
        if connection is None:
            connection = await asyncpg.connect(
                self.stack.database_url, timeout=10, server_settings={"application_name": "faults"}
            )
        try:
            yield connection
        except BaseException:
            connection.terminate()  # nobody knows in which state it is
            raise
        self._idle.append(connection)

    def _kept(self) -> "asyncpg.Connection[asyncpg.Record] | None":
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    async def sign_in(self) -> None:
        """Make an operator's key and use it from now on."""
        pool = await open_pool(self.stack.database_url)
        created = await KeyStore(pool).create(None, "faults", by=COMMAND_LINE)
        await pool.close()
        self.api.headers["Authorization"] = f"Bearer {created.api_key}"

    async def restore(self) -> None:
        """Wake what was stopped, start what was killed, and wait until everything is ready again."""
        for service in self.stack.services.values():
            service.process.signal(SIGCONT)
        for service in self.stack.services.values():
            await service.start()

    async def close(self) -> None:
        """Close the connections."""
        while (connection := self._kept()) is not None:
            await connection.close(timeout=5)
        await self.halo.close()
        await self.api.aclose()


@asynccontextmanager
async def running_fault_stack(
    progress: Callable[[str], None], state: StateFolder | None = None
) -> AsyncIterator[FaultStack]:
    """Start everything; it ends with the body. Its servers are its own, because cases kill them."""
    if state is None:
        with state_folder(in_memory=True) as own:
            async with running_fault_stack(progress, own) as fault_stack:
                yield fault_stack
        return
    given = os.environ.get(DATABASE_URL_VARIABLE)
    if given is not None:
        progress(f"{DATABASE_URL_VARIABLE} is left alone: the cases kill their Postgres")
    proxy = Proxy()
    async with rabbitmq(None, state=state) as rabbit, postgres(None, durable=False, state=state) as postgres_server:
        progress(f"RabbitMQ {await rabbit.version()}, {await _postgres_version(postgres_server)}")
        vhost = await rabbit.create_vhost(fresh_name("faults"))
        template = f"{proxy.url}/{{tenant}}"
        options = StackOptions(
            writers=2,
            own_domain=True,
            forked=True,
            amqp_url=f"{vhost}?heartbeat={HEARTBEAT_S}",
            environment={
                f"HALOSYNC_{name}": value for name, value in {**SETTINGS, "HALO_URL_TEMPLATE": template}.items()
            },
            progress=progress,
        )
        async with running_stack(options, postgres_server, rabbit, state=state) as stack:
            proxy.target_port = urlsplit(stack.sandbox_url or "").port or 0
            await proxy.open()
            await stack.review_nothing()
            fault_stack = FaultStack(stack, rabbit, postgres_server, proxy)
            fault_stack.own_domain.lead_to(proxy.port)
            try:
                await fault_stack.sign_in()
                yield fault_stack
            finally:
                await fault_stack.close()
                await proxy.close()


async def _postgres_version(server: PostgresServer) -> str:
    connection = await asyncpg.connect(server.url)
    try:
        return f"Postgres {await connection.fetchval('SHOW server_version')}"
    finally:
        await connection.close()


def new_name() -> str:
    """Return a name for a partner and its tenant."""
    return f"p{secrets.token_hex(6)}"
