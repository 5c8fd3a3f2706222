"""Pytest fixtures: real servers, once per test process, and a fresh database and virtual host for each test.

All are lazy: a test that asks for none starts nothing. With pytest-xdist every worker has servers of its own, so that
a test that kills one disturbs nobody. Load them with `pytest_plugins = ["devstack.fixtures"]`.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TypeAlias

import pytest
import pytest_asyncio
from halo_sandbox.testing import RunningSandbox, running_sandbox
from halosync.domain.accounts import Account
from halosync.store.migrate import migrate
from halosync.store.pool import Pool

from devstack.accounts import USERS, signed_in
from devstack.databases import Databases
from devstack.options import StackOptions
from devstack.postgres import DATABASE_URL_VARIABLE, PostgresServer, postgres
from devstack.rabbitmq import RabbitServer, rabbitmq
from devstack.rabbitmq_choice import AMQP_URL_VARIABLE
from devstack.servers import fresh_name
from devstack.stack import Stack, running_stack
from devstack.state import StateFolder, state_folder

PoolOf: TypeAlias = Callable[[Account], Awaitable[Pool]]
"""See the fixture `pool_of`."""

QUICK = {"HALOSYNC_HALO_SETTLE_S": "1", "HALOSYNC_RETRY_DELAYS_S": "0.5,2", "HALOSYNC_HALO_TIMEOUT_S": "5"}
"""Settings with which what a test provokes is over in seconds."""


@pytest.fixture(scope="session")
def devstack_state(request: pytest.FixtureRequest) -> Iterator[StateFolder]:
    """The folder of the servers of this test process; its logs stay if a test failed."""
    with state_folder(in_memory=True) as state:
        yield state
        if request.session.testsfailed:
            print(f"\nThe logs of the servers and services are in {state.keep_logs()}")  # noqa: T201 - for the reader


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_server(devstack_state: StateFolder) -> AsyncIterator[PostgresServer]:
    """A Postgres that forgets on a power cut, or the one of `HALOSYNC_DEVSTACK_DATABASE_URL`."""
    async with postgres(os.environ.get(DATABASE_URL_VARIABLE), durable=False, state=devstack_state) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def rabbit_server(devstack_state: StateFolder) -> AsyncIterator[RabbitServer]:
    """A RabbitMQ, or the one of `HALOSYNC_DEVSTACK_AMQP_URL`."""
    async with rabbitmq(os.environ.get(AMQP_URL_VARIABLE), state=devstack_state) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated_template(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """Name of a database with every migration applied and the rights of every role; copied, never used."""
    name = fresh_name("template")
    await migrate(await postgres_server.create_database(name), USERS)
    yield name
    await postgres_server.drop_database(name)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def databases(postgres_server: PostgresServer, migrated_template: str) -> AsyncIterator[Databases]:
    """The databases of `database_url`."""
    made = Databases(postgres_server, migrated_template)
    yield made
    await made.close()


@pytest_asyncio.fixture(loop_scope="session")
async def database(databases: Databases, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Name of a migrated database without rows; what the test leaves in it, nobody sees.

    With the mark `new_database` nobody has used it: what Postgres thinks of a table hangs on the size of its file.
    """
    name = await databases.take(new=request.node.get_closest_marker("new_database") is not None)
    yield name
    await databases.give_back(name)


@pytest.fixture
def database_url(postgres_server: PostgresServer, database: str) -> str:
    """URL of the test's database."""
    return postgres_server.url_of(database)


@pytest_asyncio.fixture(loop_scope="session")
async def pool(databases: Databases, database: str, database_url: str) -> Pool:
    """A pool on the test's database, with an account that may do everything."""
    return await databases.pools(database).on(database_url)


@pytest.fixture
def pool_of(databases: Databases, database: str, database_url: str) -> PoolOf:
    """Gives pools on the test's database as a service has them: with its own role, and no right more."""

    async def pool_of(account: Account) -> Pool:
        return await databases.pools(database).on(signed_in(database_url, account))

    return pool_of


@pytest_asyncio.fixture(loop_scope="session")
async def amqp_url(rabbit_server: RabbitServer) -> AsyncIterator[str]:
    """AMQP URL of a fresh virtual host, deleted afterwards with everything in it."""
    name = fresh_name("test")
    yield await rabbit_server.create_vhost(name)
    await rabbit_server.delete_vhost(name)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack(
    postgres_server: PostgresServer, rabbit_server: RabbitServer, devstack_state: StateFolder
) -> AsyncIterator[Stack]:
    """The four real processes, one writer, and the sandbox, shared by the tests of this process.

    A test that needs another number of writers, other settings, or servers to kill without telling anybody makes its
    own with `running_stack`.
    """
    options = StackOptions(environment=QUICK, forked=True)
    async with running_stack(options, postgres_server, rabbit_server, devstack_state) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sandbox_server() -> AsyncIterator[RunningSandbox]:
    """The server of `sandbox`; to start and stop one takes longer than most tests."""
    async with running_sandbox() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def sandbox(sandbox_server: RunningSandbox) -> AsyncIterator[RunningSandbox]:
    """A HaloPSA without tenants, in this process; its `url_template` is a setting, its `admin` makes tenants."""
    yield sandbox_server
    for tenant in await sandbox_server.admin.tenants():
        await sandbox_server.admin.delete_tenant(tenant)
