"""auth as it is composed in production, on the test's database, with a sandbox as Halo."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import auth.assembly
import auth.ports
import httpx
import pytest
import pytest_asyncio
from auth.connection_service import ConnectionService
from auth.environment import AuthRules
from cryptography.fernet import Fernet
from devstack.fixtures import PoolOf
from devstack.wait import until
from halo_sandbox.testing import RunningSandbox, running_sandbox
from halosync.contracts.connection import BeginConnection, CompleteConnection, ConnectionCompleted, RequestedBy
from halosync.domain.accounts import Account
from halosync.domain.tenant import HaloHosts
from halosync.halo.oauth import OAuthClient
from halosync.halo.read import HaloReader
from halosync.halo.transport import HaloTransport
from halosync.ports.permits import Rate
from halosync.runtime.halo_sample import SAMPLE_PAGE_SIZE
from halosync.runtime.vault import Vault
from halosync.store.connections import ConnectionStore
from halosync.store.limiter import RateLimiter
from halosync.store.pool import Pool
from pydantic import SecretStr

PARTNER = "acme-msp"
KEY = RequestedBy(name="Acme's program", key_id=UUID(int=1))
"""Who begins a connection by the API, and completes it."""
CLIENT_ID = "client-1"
REDIRECT_URL = "https://halosync.example/accounts/"
SCOPE = "read:customers read:softwarelicensing edit:softwarelicensing offline_access"
TIMEOUT_S = 2.0


class Auth:
    """One replica of auth."""

    def __init__(self, pool: Pool, http: httpx.AsyncClient, url_template: str, vault: Vault) -> None:
        self.store = ConnectionStore(pool)
        self.vault = vault
        self.hosts = HaloHosts(url_template)
        self._http = http
        self.halo = self._server(self.hosts)
        self.transport = HaloTransport(self.hosts, TIMEOUT_S)
        self.lists = HaloReader(self.transport, SAMPLE_PAGE_SIZE)
        self.limiter = RateLimiter(pool)
        self.use_cases = self._assembled(SCOPE, self.hosts)
        self.service, self.tokens = self.use_cases.service, self.use_cases.tokens

    def _server(self, hosts: HaloHosts) -> OAuthClient:
        return OAuthClient(self._http, halo_url=hosts.url, redirect_url=REDIRECT_URL, timeout_s=TIMEOUT_S)

    def _assembled(self, scope: str, hosts: HaloHosts) -> auth.assembly.Auth:
        server = self.halo if hosts is self.hosts else self._server(hosts)
        ports = auth.ports.Ports(
            connections=self.store, server=server, lists=self.lists, limiter=self.limiter, vault=self.vault
        )
        return auth.assembly.assemble(ports, AuthRules(scope, hosts, Rate(500, 300.0)))

    def asking(self, scope: str) -> ConnectionService:
        """The use cases with another scope to ask for."""
        return self._assembled(scope, self.hosts).service

    def allowing(self, hosts: HaloHosts) -> ConnectionService:
        """The use cases with other places where a Halo may be."""
        return self._assembled(SCOPE, hosts).service


@dataclass
class World:
    """A partner, its Halo, and two replicas of auth that share a database."""

    pool: Pool
    auth_pool: Pool
    sandbox: RunningSandbox
    http: httpx.AsyncClient
    keys: list[SecretStr]
    make: Callable[[Vault], Auth]
    auth: Auth
    other: Auth

    async def add_tenant(self, tenant: str, **settings: object) -> None:
        """Make a Halo in which our application is registered."""
        application = {"client_id": CLIENT_ID, "redirect_uris": [REDIRECT_URL]}
        await self.sandbox.admin.put_tenant(tenant, applications=[application], settings=settings)

    async def log_in(self, tenant: str = "acme", service: ConnectionService | None = None) -> CompleteConnection:
        """Begin, log in to Halo as a browser would, and return what its redirect brings."""
        begun = await (service or self.auth.service).begin(
            BeginConnection(partner_id=PARTNER, tenant=tenant, client_id=CLIENT_ID, requested_by=KEY)
        )
        return await self.follow(begun.authorize_url)

    async def follow(self, authorize_url: str, **who: object) -> CompleteConnection:
        """Visit the address and return what comes back, as the program that began it sends it on, or as `who` does."""
        location = (await self.http.get(authorize_url)).headers["location"]
        assert location.startswith(f"{REDIRECT_URL}?")
        query = parse_qs(urlsplit(location).query)
        came = {name: values[0] for name, values in query.items()}
        return CompleteConnection.model_validate({**came, "partner_id": PARTNER, "requested_by": KEY, **who})

    async def connect(self, tenant: str = "acme") -> ConnectionCompleted:
        """Go the whole way."""
        return await self.auth.service.complete(await self.log_in(tenant))

    async def expire(self, *, good_for_s: float = -1) -> None:
        """Let the stored access token expire in so many seconds."""
        await self.pool.execute("UPDATE oauth_token SET expires_at = now() + make_interval(secs => $1)", good_for_s)

    async def token_requests(self, tenant: str = "acme") -> int:
        """How many requests Halo's token endpoint has received."""
        log = await self.sandbox.admin.requests(tenant)
        return sum(entry["path"].endswith("/auth/token") for entry in log)

    async def until_token_requests(self, number: int) -> None:
        """Wait until Halo's token endpoint has received so many requests."""

        async def received() -> bool:
            return await self.token_requests() >= number

        await until(received, what=f"request {number} for a token", timeout_s=30, every_s=0.01)

    async def events(self) -> list[str]:
        """The types of the events in the outbox, in order."""
        rows = await self.pool.fetch("SELECT message_type FROM outbox ORDER BY outbox_id")
        return [row["message_type"] for row in rows]


@pytest_asyncio.fixture(loop_scope="session")
async def world(pool: Pool, pool_of: PoolOf) -> AsyncIterator[World]:
    keys = [SecretStr(Fernet.generate_key().decode())]
    await pool.execute("INSERT INTO partner (partner_id, name) VALUES ($1, 'Acme MSP')", PARTNER)
    own_pool, other_pool = await pool_of(Account.AUTH), await pool_of(Account.AUTH)
    async with running_sandbox() as sandbox, httpx.AsyncClient() as http:

        def make(vault: Vault) -> Auth:
            return Auth(own_pool, http, sandbox.url_template, vault)

        other = Auth(other_pool, http, sandbox.url_template, Vault(keys))
        running = World(pool, own_pool, sandbox, http, keys, make, make(Vault(keys)), other)
        await running.add_tenant("acme")
        yield running
        for replica in (running.auth, other):
            await replica.tokens.close()
            await replica.transport.close()


@pytest.fixture(autouse=True)
def _is_integration(request: pytest.FixtureRequest) -> None:
    request.node.add_marker(pytest.mark.integration)
