"""celery: one task a product, acknowledged when it is done.

celery -A celery_tasks worker --concurrency 2
python celery_tasks.py     # publishes
"""

import blocking
from celery import Celery
from products import AMQP_URL, Product, serve

app = Celery("celery_tasks", broker=AMQP_URL)
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,  # the task writes its own durable row
    worker_prefetch_multiplier=32,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    task_default_queue="bench-celery",
)


@app.task(name="create")
def create(tenant: str, row: Product) -> None:
    blocking.create("celery", tenant, row)


def publish(tenant: str, products: list[Product]) -> None:
    with app.producer_pool.acquire(block=True) as producer:
        for row in products:
            create.apply_async((tenant, row), producer=producer)


if __name__ == "__main__":
    serve(publish)
