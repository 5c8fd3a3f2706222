"""What every contender does: the same rows, the same request to Halo, the same row as a durable result."""

import json
import os
import sys
from collections.abc import Callable, Iterator

Product = dict[str, str | int | float]
"""A row of a licence as Halo takes it."""

AMQP_URL, DATABASE_URL = os.environ["BENCH_AMQP_URL"], os.environ["BENCH_DATABASE_URL"]
HALO_URL, CLIENTS = os.environ["BENCH_HALO_URL"], 100
RESULT = "INSERT INTO result (contender, tenant, name, licence_id) VALUES (%s, %s, %s, %s)"


def rows(number: int) -> Iterator[Product]:
    """Return the licences to create."""
    for at in range(number):
        yield {
            "client_id": at % CLIENTS + 1,
            "name": f"PRODUCT-{at}",
            "count": at % 40 + 1,
            "price": 31.5,
            "billing_cycle": "Monthly",
        }


def address(tenant: str) -> str:
    return f"{HALO_URL}/{tenant}/api/SoftwareLicence"


def serve(publish: Callable[[str, list[Product]], object]) -> None:
    """Publish what the standard input asks for: lines of a tenant and a number."""
    print("ready", flush=True)
    for line in sys.stdin:
        tenant, number = line.split()
        publish(tenant, list(rows(int(number))))
        print("published", flush=True)


def body(row: Product) -> bytes:
    return json.dumps([row]).encode()
