"""A Halo that answers what a test wants."""

import json

import httpx
from devstack.fields import Fields
from halosync.halo.transport import HaloTransport

CLIENT = {"id": 7, "name": "Contoso", "inactive": False, "colour": "#fff"}
LICENCE: dict[str, object] = {
    "id": 70,
    "client_id": 7,
    "name": "MS-365-BP",
    "count": 12,
    "price": 31.5,
    "purchase_price": None,
    "billing_cycle": "Monthly",
    "is_active": True,
    "deleted": False,
    "vendor": "x",
}


class Halo:
    """Answers every request with what it was told to, and remembers the requests."""

    def __init__(self) -> None:
        self.body = b""
        self.requests: list[httpx.Request] = []
        self.transport = HaloTransport("https://{tenant}.halo.example/", 1.0)
        self.transport._http = httpx.AsyncClient(transport=httpx.MockTransport(self._handle), trust_env=False)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200, content=self.body)

    def answers(self, answer: object) -> None:
        self.body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()


def licences(*rows: object) -> Fields:
    return {"record_count": len(rows), "licences": list(rows)}


def clients(*rows: object) -> Fields:
    return {"record_count": len(rows), "clients": list(rows)}


ODD_VALUES: list[tuple[str, list[object]]] = [
    ("id", [None, "", "x70", 70.5, True, [], 2**63, "\u0667"]),
    ("client_id", ["Contoso", 7.5, False, {}, -(2**63) - 1]),
    ("count", ["many", True, [], {}, "1_0", "NaN", "Infinity", float("nan"), "1e400", "\u0661\u0662", "1" * 500]),
    ("price", ["31,5", float("inf"), float("-inf"), "1e", "1,000.00"]),
    ("is_active", ["yes", 2, []]),
    ("deleted", ["gone", -1]),
    ("name", [[], {"text": "x"}]),
    ("billing_cycle", [["Monthly"]]),
]
ODD_LICENCES: list[object] = [
    *(LICENCE | {name: value} for name, values in ODD_VALUES for value in values),
    {key: value for key, value in LICENCE.items() if key != "id"},
    *(None, 7, "licence", []),
]
