"""taskiq: one task a product, by asyncio.

taskiq worker taskiq_tasks:broker --workers 2
python taskiq_tasks.py     # publishes
"""

import asyncio

import aiohttp
import asyncpg
from products import AMQP_URL, DATABASE_URL, Product, address, body, serve
from taskiq import TaskiqEvents, TaskiqState
from taskiq_aio_pika import AioPikaBroker

IN_FLIGHT = 100
RESULT = "INSERT INTO result (contender, tenant, name, licence_id) VALUES ('taskiq', $1, $2, $3)"
broker = AioPikaBroker(AMQP_URL, queue_name="bench-taskiq", exchange_name="bench-taskiq", qos=IN_FLIGHT)


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def connect(state: TaskiqState) -> None:
    state.session = aiohttp.ClientSession()
    state.pool = await asyncpg.create_pool(DATABASE_URL, min_size=1, max_size=8)


@broker.task(task_name="create")
async def create(tenant: str, row: Product) -> None:
    async with broker.state.session.post(address(tenant), data=body(row)) as answer:
        answer.raise_for_status()
        licence_id = (await answer.json())[0]["id"]
    await broker.state.pool.execute(RESULT, tenant, row["name"], licence_id)


async def send(tenant: str, products: list[Product]) -> None:
    for at in range(0, len(products), IN_FLIGHT):
        await asyncio.gather(*(create.kiq(tenant, row) for row in products[at : at + IN_FLIGHT]))


if __name__ == "__main__":
    loop = asyncio.new_event_loop()
    loop.run_until_complete(broker.startup())
    serve(lambda tenant, products: loop.run_until_complete(send(tenant, products)))
