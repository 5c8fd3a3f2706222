"""Running a subcommand's work with the servers it needs, connected before it and closed after it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg
from aio_pika.exceptions import AMQPError
from faststream.rabbit import RabbitBroker

from halosync.cli.failures import reaching_postgres, told, unreachable
from halosync.cli.settings import BrokerSettings, DatabaseSettings
from halosync.messaging.connection import connect_options
from halosync.messaging.declaring import declare_topology
from halosync.messaging.publisher import Publisher
from halosync.messaging.requests import Requests
from halosync.runtime.settings import load
from halosync.store.pool import open_pool
from halosync.store.sealing_keys import SealingKeyStore

CONNECT_TIMEOUT_S = 10.0
T = TypeVar("T")


def with_database(work: Callable[["asyncpg.Pool[Any]"], Awaitable[T]]) -> T:
    """Do `work` with a pool on `HALOSYNC_DATABASE_URL`."""
    url = str(load(DatabaseSettings).database_url)

    async def session() -> T:
        async with database(url) as pool:
            return await work(pool)

    with told():
        return asyncio.run(session())


def with_broker(work: Callable[[Publisher], Awaitable[T]]) -> T:
    """Do `work` with a publisher on `HALOSYNC_AMQP_URL`."""
    url = str(load(BrokerSettings).amqp_url)

    async def session() -> T:
        async with broker(url) as publisher:
            return await work(publisher)

    with told():
        return asyncio.run(session())


def with_services(work: Callable[["asyncpg.Pool[Any]", Requests], Awaitable[T]]) -> T:
    """Do `work` with a pool and what asks the services."""
    database_url, amqp_url = str(load(DatabaseSettings).database_url), str(load(BrokerSettings).amqp_url)

    async def session() -> T:
        async with database(database_url) as pool, broker(amqp_url) as publisher:
            answers = RabbitBroker(**connect_options(amqp_url), logger=None)
            requests = Requests(answers, publisher, SealingKeyStore(pool))
            async with answers:
                await answers.start()
                return await work(pool, requests)

    with told():
        return asyncio.run(session())


def with_both(work: Callable[["asyncpg.Pool[Any]", Publisher], Awaitable[T]]) -> T:
    """Do `work` with a pool and a publisher."""
    database_url, amqp_url = str(load(DatabaseSettings).database_url), str(load(BrokerSettings).amqp_url)

    async def session() -> T:
        async with database(database_url) as pool, broker(amqp_url) as publisher:
            return await work(pool, publisher)

    with told():
        return asyncio.run(session())


@asynccontextmanager
async def database(url: str) -> "AsyncIterator[asyncpg.Pool[Any]]":
    """Open a small pool.

    Raises:
        CommandError: Postgres cannot be reached.
    """
    with reaching_postgres(url):
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
        CommandError: RabbitMQ cannot be reached.
    """
    publisher = Publisher(url)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await publisher.broker.start()
    except (AMQPError, OSError, TimeoutError) as error:
        raise unreachable("RabbitMQ", "HALOSYNC_AMQP_URL", url, error) from None
    try:
        if not publisher.signed_in.alone:  # else an administrator has declared it, and this user may not
            await declare_topology(publisher.broker, delays_s=())
        yield publisher
    finally:
        await publisher.broker.stop()
