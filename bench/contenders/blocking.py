"""One product by `requests` and `psycopg`, with a session and a connection a thread, as users of these queues do it."""

import threading

import psycopg
import requests
from products import DATABASE_URL, RESULT, Product, address, body

_LOCAL = threading.local()


def create(contender: str, tenant: str, row: Product) -> None:
    if not hasattr(_LOCAL, "session"):
        _LOCAL.session = requests.Session()
        _LOCAL.database = psycopg.connect(DATABASE_URL, autocommit=True)
    answer = _LOCAL.session.post(address(tenant), data=body(row), headers={"Content-Type": "application/json"})
    answer.raise_for_status()
    licence_id = answer.json()[0]["id"]
    _LOCAL.database.execute(RESULT, (contender, tenant, row["name"], licence_id))
