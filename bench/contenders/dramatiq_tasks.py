"""dramatiq: one message a product.

dramatiq dramatiq_tasks --processes 2 --threads 8
python dramatiq_tasks.py     # publishes
"""

import blocking
import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from products import AMQP_URL, Product, serve

dramatiq.set_broker(RabbitmqBroker(url=AMQP_URL))


@dramatiq.actor(queue_name="bench-dramatiq")
def create(tenant: str, row: Product) -> None:
    blocking.create("dramatiq", tenant, row)


def publish(tenant: str, products: list[Product]) -> None:
    for row in products:
        create.send(tenant, row)


if __name__ == "__main__":
    serve(publish)
