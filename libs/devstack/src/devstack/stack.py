"""The services of halosync on one machine, and the operator's command beside them."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import asyncpg
from halosync.domain.accounts import Account

from devstack.options import StackOptions
from devstack.own_domain import OwnDomain
from devstack.ports import LOOPBACK, free_port
from devstack.postgres import PostgresServer
from devstack.process import ChildProcess
from devstack.rabbitmq import RabbitServer
from devstack.servers import Servers, open_servers
from devstack.service import AUTH, PLANNER, PREFIX, REPORT_API, STOP_TIMEOUT_S, WRITER, Service, ServiceFactory
from devstack.state import StateFolder, state_folder

_SANDBOX_TIMEOUT_S = 30.0


class Stack:
    """Running services; made by `running_stack`.

    Attributes:
        servers: the Postgres and RabbitMQ under them, to kill and restart.
        database_url: the database that they share, with an account that may do everything.
        amqp_url: the virtual host that they share, likewise.
        http_url: address of report-api.
        sandbox_url: address of the sandbox, None with a Halo of one's own; a tenant is at `{sandbox_url}/{tenant}`.
        own_domain: where the sandbox is at a domain of a partner's own, None where it is not.
        logs: folder of the logs, one file for each process.
        services: by name: `auth`, `planner`, `report-api`, `halo-writer-1` and so on.
    """

    def __init__(self, servers: Servers, options: StackOptions, state: StateFolder) -> None:
        self.servers = servers
        self.database_url = servers.database_url
        self.amqp_url = servers.amqp_url
        http_port = options.http_port or free_port()
        self.http_url = f"http://{LOOPBACK}:{http_port}"
        self._sandbox_port = free_port() if options.halo_url_template is None else None
        self.sandbox_url = f"http://{LOOPBACK}:{self._sandbox_port}" if self._sandbox_port is not None else None
        self.logs = state.folder("logs")
        self._state = state
        self._cwd = options.cwd or state.folder("work")
        settings = {
            "PUBLIC_URL": self.http_url,
            "HALO_URL_TEMPLATE": options.halo_url_template or f"{self.sandbox_url}/{{tenant}}",
            "HTTP_HOST": LOOPBACK,
            "HTTP_PORT": str(http_port),
        }
        self.own_domain = OwnDomain(state.folder("own-domain")) if options.own_domain else None
        found = self.own_domain.settings if self.own_domain else {}
        under = "devstack.own_domain" if self.own_domain else None
        self._workshop = ServiceFactory(
            {**_named(settings), **found, **options.environment}, state, self._cwd, under=under, forked=options.forked
        )
        self._options = options
        self._sandbox: ChildProcess | None = None
        self.services: dict[str, Service] = {}

    @property
    def psql(self) -> str | None:
        """The command that signs in to the database; None where that was given by URL."""
        return self.servers.psql(self._state)

    @property
    def writers(self) -> list[Service]:
        """The halo-writers, first started first."""
        return [service for name, service in self.services.items() if name.startswith(WRITER)]

    async def start(self) -> None:
        """Migrate the database and start the sandbox; then all services at once.

        Raises:
            DevstackError: something does not start; the message has its output.
        """
        self._options.progress("Migrating the database and starting the sandbox")
        await _together(self.migrate(), self._start_sandbox())
        self._options.progress("Starting the services")
        for kind, extra in ((AUTH, {"TOKEN_KEYS": self._options.token_keys}), (PLANNER, {}), (REPORT_API, {})):
            self._new_service(kind, kind, extra)
        for _ in range(self._options.writers):
            self._new_writer()
        await _together(*(service.start() for service in self.services.values()))

    async def migrate(self) -> None:
        """Run `halosync migrate` as an administrator: it makes again what is missing of tables, queues and rights."""
        await self._command("migrate", settings=self.servers.administrator())

    async def review_nothing(self) -> None:
        """Give new partners the seed's literal behaviour: the first Sync asks nobody (spec section 9)."""
        connection = await asyncpg.connect(self.database_url)
        try:
            await connection.execute("ALTER TABLE partner ALTER COLUMN review_first_sync SET DEFAULT false")
        finally:
            await connection.close()

    async def add_writer(self) -> Service:
        """Start one more halo-writer and return it when it is ready."""
        writer = self._new_writer()
        await writer.start()
        return writer

    async def restart(self, name: str) -> None:
        """Let a service drain and end (30 s, then it is killed), and start it again on the same ports."""
        await self.services[name].process.terminate(timeout_s=STOP_TIMEOUT_S)
        await self.services[name].start()

    async def cli(self, *arguments: str) -> Any:
        """Run the operator's command with `--json` and return what it prints, parsed, or as text if it is no JSON.

        Raises:
            CommandFailedError: its exit code is not 0; the message has its output.
        """
        printed = await self._command(*arguments, "--json")
        with suppress(json.JSONDecodeError):
            return json.loads(printed)
        return printed

    async def stop(self) -> list[str]:
        """Let all services drain and end, then the sandbox.

        Returns:
            The names of those that did not end within 30 s and were killed.
        """
        services = list(self.services.values())
        ended = await asyncio.gather(*(one.process.terminate(timeout_s=STOP_TIMEOUT_S) for one in services))
        if self._sandbox is not None:
            await self._sandbox.kill()
        if self.own_domain is not None:
            await self.own_domain.close()
        killed = [service.name for service, by_itself in zip(services, ended, strict=True) if not by_itself]
        if killed:
            self._options.progress(f"Did not end within {STOP_TIMEOUT_S:g} s and had to be killed: {', '.join(killed)}")
        return killed

    def _new_writer(self) -> Service:
        return self._new_service(WRITER, f"{WRITER}-{len(self.writers) + 1}", {})

    def _new_service(self, kind: str, name: str, extra: Mapping[str, str]) -> Service:
        own = _named({**self.servers.settings_of(Account(kind)), **extra})
        self.services[name] = self._workshop.service(kind, name, own)
        return self.services[name]

    async def _start_sandbox(self) -> None:
        if self._sandbox_port is None:
            return
        address = ("--host", LOOPBACK, "--port", str(self._sandbox_port))
        self._sandbox = self._workshop.process("sandbox", "halo_sandbox", *address, settings={})
        self._sandbox.start()
        await self._sandbox.wait_listening(self._sandbox_port, timeout_s=_SANDBOX_TIMEOUT_S)
        if self.own_domain is not None:
            await self.own_domain.open(self._sandbox_port)

    async def _command(self, *arguments: str, settings: Mapping[str, str] | None = None) -> str:
        own = _named({**self.servers.settings_of(Account.OPERATOR), **(settings or {})})
        return await self._workshop.command(*arguments, settings=own)


@asynccontextmanager
async def running_stack(
    options: StackOptions,
    postgres_server: PostgresServer | None = None,
    rabbit_server: RabbitServer | None = None,
    state: StateFolder | None = None,
) -> AsyncIterator[Stack]:
    """Give a stack whose services are all ready; what was started ends with the body, whatever happens in it.

    Args:
        options: what it is made of.
        postgres_server: a server to make its database on; by default found or started.
        rabbit_server: a server to make its virtual host on; likewise.
        state: where files and logs go; by default a temporary folder, whose logs stay if the body raises.

    Raises:
        DevstackError: something is not there or does not start.
    """
    async with AsyncExitStack() as exits:
        folder = state or exits.enter_context(state_folder())
        servers = await open_servers(options, exits, folder, postgres_server, rabbit_server)
        stack = Stack(servers, options, folder)
        exits.push_async_callback(stack.stop)
        await stack.start()
        yield stack


def _named(settings: Mapping[str, str]) -> dict[str, str]:
    return {f"{PREFIX}{name}": setting for name, setting in settings.items()}


async def _together(*work: Coroutine[None, None, object]) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)
    except ExceptionGroup as failures:
        # The first one says what is wrong; the others mostly failed for the same reason, and the logs have them.
        raise failures.exceptions[0] from None
