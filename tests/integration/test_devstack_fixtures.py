"""The fixtures give every test a database and a virtual host of its own."""

import aio_pika
import asyncpg
import httpx
import pytest
from halo_sandbox.testing import RunningSandbox

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("_turn", [1, 2])
async def test_each_test_has_a_fresh_migrated_database(pool: "asyncpg.Pool[asyncpg.Record]", _turn: int) -> None:
    assert await pool.fetchval("SELECT count(*) FROM migration") > 0
    await pool.execute("CREATE TABLE left_by_the_other_turn (id int)")


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
