"""The fixtures give every test a database and a virtual host of its own."""

import aio_pika
import asyncpg
import httpx
import pytest
from devstack.databases import Databases
from devstack.postgres import PostgresServer
from halo_sandbox.testing import RunningSandbox
from halosync.store.pool import Pool

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("_turn", [1, 2])
async def test_each_test_has_a_fresh_migrated_database(pool: Pool, _turn: int) -> None:
    assert await pool.fetchval("SELECT count(*) FROM migration") > 0
    await pool.execute("CREATE TABLE left_by_the_other_turn (id int)")


NEXT = "SELECT nextval(pg_get_serial_sequence('outbox', 'outbox_id'))"


async def test_a_database_is_used_again_without_what_was_in_it(
    postgres_server: PostgresServer, databases: Databases
) -> None:
    name = await databases.take()
    url = postgres_server.url_of(name)
    left = await asyncpg.connect(url)
    await left.execute("INSERT INTO partner (partner_id, name) VALUES ('acme-msp', 'Acme')")
    assert await left.fetchval(NEXT) == 1
    await databases.give_back(name)
    assert await databases.take() == name
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
        await left.execute("INSERT INTO partner (partner_id, name) VALUES ('acme-msp', 'Acme')")
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT count(*) FROM partner") == 0
    assert await connection.fetchval(NEXT) == 1
    await connection.close()
    await databases.give_back(name)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE partner ALTER COLUMN review_first_sync SET DEFAULT false",
        "ALTER TABLE item DISABLE TRIGGER USER",
        "REVOKE SELECT ON partner FROM devstack_planner",
        "CREATE SCHEMA other",
        "CREATE TABLE other (id int)",
        "CREATE INDEX ON partner (name)",
        "DROP FUNCTION item_count_inserted() CASCADE",
        "DELETE FROM migration",
        "DROP TABLE migration",
    ],
)
async def test_a_database_that_was_changed_is_not_used_again(
    postgres_server: PostgresServer, databases: Databases, change: str
) -> None:
    name = await databases.take()
    connection = await asyncpg.connect(postgres_server.url_of(name))
    await connection.execute(change)
    await databases.give_back(name)
    other = await databases.take()
    assert other != name
    await databases.give_back(other)


async def test_a_pool_is_used_again_as_if_it_were_new(postgres_server: PostgresServer, databases: Databases) -> None:
    name = await databases.take()
    url = postgres_server.url_of(name)
    pool = await databases.pools(name).on(url)
    number = await pool.fetchval("SELECT pg_backend_pid()")
    await pool.execute(
        "CREATE TEMP TABLE left_by_a_test (); SET statement_timeout = '2min'; SET search_path = pg_catalog;"
        " LISTEN left_by_a_test; SELECT pg_advisory_lock(1)"
    )
    await databases.give_back(name)
    assert await databases.take() == name
    again = await databases.pools(name).on(url)
    assert await again.fetchval("SELECT pg_backend_pid()") == number
    assert await again.fetchval("SELECT to_regclass('left_by_a_test')") is None
    assert await again.fetchval("SHOW statement_timeout") == "1min"
    assert await again.fetchval("SHOW search_path") == '"$user", public'
    assert await again.fetch("SELECT pg_listening_channels()") == []
    assert await again.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0
    await databases.give_back(name)


async def test_a_pool_that_lacks_a_connection_is_not_used_again(
    postgres_server: PostgresServer, databases: Databases
) -> None:
    name = await databases.take()
    url = postgres_server.url_of(name)
    pool = await databases.pools(name).on(url)
    lent = await pool.acquire()
    await databases.give_back(name)
    assert await databases.take() == name
    again = await databases.pools(name).on(url)
    assert again is not pool
    assert await again.fetchval("SELECT 1") == 1
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
        await lent.fetchval("SELECT 1")
    await databases.give_back(name)


@pytest.mark.parametrize("_turn", [1, 2])
async def test_each_test_has_a_fresh_virtual_host(amqp_url: str, _turn: int) -> None:
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        # A passive declaration of what is not there is an error that closes the channel.
        with pytest.raises(aio_pika.exceptions.ChannelNotFoundEntity):
            await channel.declare_queue("left_by_the_other_turn", passive=True)
        other = await connection.channel()
        await other.declare_queue("left_by_the_other_turn", durable=True)


async def test_the_sandbox_answers(sandbox: RunningSandbox) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{sandbox.url_template.replace('{tenant}', 'nobody')}/api/Client")
    assert answer.is_client_error
