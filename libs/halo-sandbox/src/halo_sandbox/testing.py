"""A running sandbox for tests: real HTTP over loopback, in the loop of the test."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count

import httpx
import uvicorn

from halo_sandbox.app import build
from halo_sandbox.client import SandboxAdmin
from halo_sandbox.json_object import JsonObject
from halo_sandbox.server import uvicorn_config
from halo_sandbox.settings import TenantSettings

APPLICATION = {"client_id": "halosync-test", "redirect_uris": ["http://127.0.0.1:1/accounts/"]}
"""The application that is registered in every tenant of `RunningSandbox.tenant`."""

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class RunningTenant:
    """A tenant of a running sandbox, and an application that a person has logged in to."""

    name: str
    admin: SandboxAdmin
    http: httpx.AsyncClient
    """Sends a valid token; paths begin behind the tenant, as in `/api/Client`."""
    tokens: JsonObject
    """The token answer."""


@dataclass(frozen=True, slots=True)
class RunningSandbox:
    """Where the sandbox is, and its control surface."""

    base_url: str
    admin: SandboxAdmin

    @property
    def url_template(self) -> str:
        """What `HALOSYNC_HALO_URL_TEMPLATE` is to be."""
        return f"{self.base_url}/{{tenant}}"

    @asynccontextmanager
    async def tenant(
        self,
        *,
        clients: Sequence[JsonObject] = (),
        licences: Sequence[JsonObject] = (),
        settings: JsonObject | None = None,
        scope: str = "all offline_access",
    ) -> AsyncIterator[RunningTenant]:
        """A tenant of a name of its own with `APPLICATION` logged in, until the block ends.

        Args:
            clients: `seeds.ClientSeed`.
            licences: `seeds.LicenceSeed`.
            settings: `settings.TenantSettings` that differ from the defaults.
            scope: What the application asks for.
        """
        name = f"tenant-{next(_numbers)}"
        await self.admin.put_tenant(
            name, applications=[APPLICATION], clients=clients, licences=licences, settings=settings
        )
        tokens = await self.admin.issue_tokens(name, str(APPLICATION["client_id"]), scope)
        headers = {"authorization": f"Bearer {tokens['access_token']}"}
        async with httpx.AsyncClient(base_url=self.admin.url(name), headers=headers) as http:
            yield RunningTenant(name, self.admin, http, tokens)
        await self.admin.delete_tenant(name)


@asynccontextmanager
async def running_sandbox(defaults: TenantSettings | None = None, port: int = 0) -> AsyncIterator[RunningSandbox]:
    """Serve a sandbox of its own on a free loopback port, until the block ends.

    Args:
        defaults: Settings of tenants that bring none of their own.
        port: A certain port, where a test restarts its Halo.
    """
    config = uvicorn_config(build(defaults), host="127.0.0.1", port=port)
    server = _GuestServer(config)
    listener = config.bind_socket()
    serve = asyncio.create_task(server.serve(sockets=[listener]))
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        await server.listening.wait()
        async with SandboxAdmin(base_url) as admin:
            yield RunningSandbox(base_url, admin)
    finally:
        server.should_exit = True
        await serve
        listener.close()


class _GuestServer(uvicorn.Server):
    """A server in a loop that is not its own: it says when it listens, and leaves the signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
