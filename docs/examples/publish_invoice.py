"""Publish one invoice to halosync and wait until RabbitMQ has confirmed that it keeps it.

pip install aio-pika
AMQP_URL=amqps://halosync_invoices:PASSWORD@rabbitmq.example:5671/%2F python publish_invoice.py invoice.json
"""

import asyncio
import os
import sys
from pathlib import Path

import aio_pika

EXCHANGE, ROUTING_KEY = "converge.invoices", "invoice.ready.v1"


async def publish(amqp_url: str, body: bytes) -> None:
    """Publish an event; raise if RabbitMQ does not take it, or has no queue for it."""
    connection = await aio_pika.connect(amqp_url, timeout=30)
    async with connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        exchange = await channel.get_exchange(EXCHANGE, ensure=False)
        message = aio_pika.Message(
            body, content_type="application/json", type=ROUTING_KEY, delivery_mode=aio_pika.DeliveryMode.PERSISTENT
        )
        await exchange.publish(message, ROUTING_KEY, mandatory=True, timeout=30)


if __name__ == "__main__":
    asyncio.run(publish(os.environ["AMQP_URL"], Path(sys.argv[1]).read_bytes()))
    sys.stdout.write("RabbitMQ keeps it.\n")
