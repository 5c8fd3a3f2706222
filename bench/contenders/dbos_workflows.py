"""DBOS, durable execution on Postgres: one workflow a product, its request a step.

python dbos_workflows.py tables     # makes them
python dbos_workflows.py worker
python dbos_workflows.py     # publishes
"""

import os
import signal
import sys

import blocking
from dbos import DBOS, DBOSClient, DBOSConfig
from products import DATABASE_URL, Product, serve

QUEUE, VERSION = "creates", "bench"


@DBOS.step()
def create_licence(tenant: str, row: Product) -> None:
    blocking.create("dbos", tenant, row)


@DBOS.workflow()
def create(tenant: str, row: Product) -> None:
    create_licence(tenant, row)


def launch() -> None:
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": DATABASE_URL,
        "application_version": VERSION,
        "executor_id": f"worker-{os.getpid()}",  # one that starts takes over what is under way at others of its name
        "run_admin_server": False,
        "log_level": "ERROR",
    }
    DBOS(config=config)
    DBOS.launch()


def work() -> None:
    launch()
    DBOS.register_queue(QUEUE, worker_concurrency=50, polling_interval_sec=0.1)
    print("ready", flush=True)
    signal.sigwait({signal.SIGTERM})
    DBOS.destroy()


def publish_by(client: DBOSClient, tenant: str, products: list[Product]) -> None:
    for row in products:
        client.enqueue({"queue_name": QUEUE, "workflow_name": "create", "app_version": VERSION}, tenant, row)


if __name__ == "__main__":
    if sys.argv[1:] == ["worker"]:
        work()
    elif sys.argv[1:] == ["tables"]:
        launch()
        DBOS.destroy()
    else:
        connected = DBOSClient(system_database_url=DATABASE_URL)
        serve(lambda tenant, products: publish_by(connected, tenant, products))
