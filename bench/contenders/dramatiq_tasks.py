"""dramatiq: one message a product.

dramatiq dramatiq_tasks --processes 2 --threads 8
python dramatiq_tasks.py     # publishes
"""

from typing import Any

import blocking
import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from products import AMQP_URL, serve

dramatiq.set_broker(RabbitmqBroker(url=AMQP_URL))


@dramatiq.actor(queue_name="bench-dramatiq")
def create(tenant: str, row: dict[str, Any]) -> None:
    blocking.create("dramatiq", tenant, row)


def publish(tenant: str, products: list[dict[str, Any]]) -> None:
    for row in products:
        create.send(tenant, row)


if __name__ == "__main__":
    serve(publish)
