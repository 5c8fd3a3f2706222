"""Running a subcommand's work with the servers it needs, connected before it and closed after it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

from faststream.rabbit import RabbitBroker

from halosync.cli.failures import told
from halosync.cli.settings import BrokerSettings, DatabaseSettings
from halosync.domain.accounts import ProcessUser
from halosync.messaging.connection import connect_options, user_of
from halosync.messaging.declaring import declare_topology
from halosync.messaging.publisher import Publisher
from halosync.messaging.requests import Requests
from halosync.runtime.settings import load
from halosync.runtime.unreachable import reaching
from halosync.store.pool import Pool, open_pool
from halosync.store.sealing_keys import SealingKeyStore

CONNECT_TIMEOUT_S = 10.0
T = TypeVar("T")
_Opened = TypeVar("_Opened")


def with_database(work: Callable[[Pool], Awaitable[T]]) -> T:
    """Do `work` with a pool on `HALOSYNC_DATABASE_URL`."""
    return _with(database(_database_url()), work)


def with_broker(work: Callable[[Publisher], Awaitable[T]]) -> T:
    """Do `work` with a publisher on `HALOSYNC_AMQP_URL`."""
    return _with(broker(_amqp_url()), work)


def with_both(work: Callable[[Pool, Publisher], Awaitable[T]]) -> T:
    """Do `work` with a pool and a publisher."""
    return _with(_both(_database_url(), _amqp_url()), lambda both: work(*both))


def with_services(work: Callable[[Pool, Requests], Awaitable[T]]) -> T:
    """Do `work` with a pool and what asks the services."""
    amqp_url = _amqp_url()

    async def ask(pool: Pool, publisher: Publisher) -> T:
        answers = RabbitBroker(**connect_options(amqp_url), logger=None)
        requests = Requests(answers, publisher, SealingKeyStore(pool))
        async with answers:
            await answers.start()
            return await work(pool, requests)

    return with_both(ask)


def _with(opening: AbstractAsyncContextManager[_Opened], work: Callable[[_Opened], Awaitable[T]]) -> T:
    async def session() -> T:
        async with opening as opened:
            return await work(opened)

    with told():
        return asyncio.run(session())


def _database_url() -> str:
    return str(load(DatabaseSettings).database_url)


def _amqp_url() -> str:
    return load(BrokerSettings).amqp_url


@asynccontextmanager
async def _both(database_url: str, amqp_url: str) -> AsyncIterator[tuple[Pool, Publisher]]:
    async with database(database_url) as pool, broker(amqp_url) as publisher:
        yield pool, publisher


@asynccontextmanager
async def database(url: str) -> AsyncIterator[Pool]:
    """Open a small pool.

    Raises:
        UnreachableError: Postgres cannot be reached.
    """
    with reaching("Postgres", "HALOSYNC_DATABASE_URL", url):
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            pool = await open_pool(url, max_size=2, application="halosync-cli")
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def broker(url: str) -> AsyncIterator[Publisher]:
    """Connect a publisher and declare what it publishes to, where one user does all.

    Raises:
        UnreachableError: RabbitMQ cannot be reached.
    """
    async with connected(Publisher(url, ProcessUser.of_command(user_of(url)).account), url) as publisher:
        if not publisher.signed_in.alone:  # else an administrator has declared it, and this user may not
            await declare_topology(publisher.broker, delays_s=())
        yield publisher


@asynccontextmanager
async def connected(publisher: Publisher, url: str) -> AsyncIterator[Publisher]:
    """Connect a publisher, and nothing more.

    Raises:
        UnreachableError: RabbitMQ cannot be reached.
    """
    with reaching("RabbitMQ", "HALOSYNC_AMQP_URL", url):
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await publisher.broker.start()
    try:
        yield publisher
    finally:
        await publisher.broker.stop()
