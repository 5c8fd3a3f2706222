"""The least that it can cost: one message with all products, bare aio-pika, and the arrays that halosync sends.

python bare.py                     # posts the arrays, acknowledges the message
python bare.py durable             # besides copies the rows into a table first and updates them after each array
python bare.py publish [durable]   # publishes
"""

import asyncio
import json
import sys
from typing import Any

import aio_pika
import aiohttp
import asyncpg
from products import AMQP_URL, DATABASE_URL, Product, address, serve

ARRAY, AT_ONCE = 500, 4
UPDATE = """
UPDATE action SET state = 'applied', licence_id = n.licence_id
FROM unnest($2::text[], $3::int[]) AS n (name, licence_id) WHERE tenant = $1 AND action.name = n.name
"""


async def work(queue_name: str, *, durable: bool) -> None:
    connection = await aio_pika.connect_robust(AMQP_URL)
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=1)
    queue = await channel.declare_queue(queue_name, durable=True)
    pool = await asyncpg.create_pool(DATABASE_URL, min_size=1, max_size=AT_ONCE)
    async with aiohttp.ClientSession() as session:
        print("ready", flush=True)
        async with queue.iterator() as messages:
            async for message in messages:
                event = json.loads(message.body)
                await take(session, pool if durable else None, event["tenant"], event["products"])
                await message.ack()


async def take(
    session: aiohttp.ClientSession, pool: "asyncpg.Pool[Any] | None", tenant: str, products: list[Product]
) -> None:
    if pool is not None:
        records = [(tenant, row["name"], json.dumps(row)) for row in products]
        await pool.copy_records_to_table("action", columns=["tenant", "name", "body"], records=records)
    places = asyncio.Semaphore(AT_ONCE)

    async def send(array: list[Product]) -> None:
        async with places:
            async with session.post(address(tenant), data=json.dumps(array).encode()) as answer:
                answer.raise_for_status()
                stored = await answer.json()
            if pool is not None:
                await pool.execute(UPDATE, tenant, [row["name"] for row in stored], [row["id"] for row in stored])

    await asyncio.gather(*(send(products[at : at + ARRAY]) for at in range(0, len(products), ARRAY)))


async def send_event(exchange: aio_pika.abc.AbstractExchange, key: str, tenant: str, products: list[Any]) -> None:
    body = json.dumps({"tenant": tenant, "products": products}).encode()
    await exchange.publish(aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT), key)


async def exchange(queue_name: str) -> aio_pika.abc.AbstractExchange:
    channel = await (await aio_pika.connect_robust(AMQP_URL)).channel()
    await channel.declare_queue(queue_name, durable=True)
    return channel.default_exchange


if __name__ == "__main__":
    name = "bench-durable" if "durable" in sys.argv else "bench-bare"
    if "publish" in sys.argv:
        loop = asyncio.new_event_loop()
        to = loop.run_until_complete(exchange(name))
        serve(lambda tenant, products: loop.run_until_complete(send_event(to, name, tenant, products)))
    else:
        asyncio.run(work(name, durable="durable" in sys.argv))
