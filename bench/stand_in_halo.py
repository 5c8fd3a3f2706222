"""A Halo that costs next to nothing: it keeps what it is sent, has no delay and no limit, and knows nothing of OAuth.

For throughput alone; whoever wants to know what Halo does asks the sandbox. Every tenant exists, with CLIENTS clients.
With BENCH_READ_S in the environment every read takes so long.
`GET /stats` says of a tenant how many licences it has, how many of them stand twice and how many requests wrote them.

    .venv/bin/python bench/stand_in_halo.py PORT
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from devstack.fields import Fields

CLIENTS = 100
READ_S = float(os.environ.get("BENCH_READ_S", "0"))
TOKEN = {"access_token": "bench", "refresh_token": "bench", "token_type": "Bearer", "expires_in": 36000, "scope": "all"}
CLIENT_ROWS = [{"id": number, "name": f"Customer {number}", "inactive": False} for number in range(1, CLIENTS + 1)]
FIXED = {"type": 1, "is_active": True, "start_date": None, "end_date": None}


@dataclass
class Tenant:
    licences: list[Fields] = field(default_factory=list)
    keys: set[tuple[int, str]] = field(default_factory=set)
    writes: int = 0
    reads: int = 0

    def take(self, sent: list[Fields]) -> list[Fields]:
        stored = []
        for row in sent:
            if (number := row.get("id")) is not None:
                kept = self.licences[number - 1]
                kept.update(row)
            else:
                kept = {**FIXED, **row, "id": len(self.licences) + 1}
                self.licences.append(kept)
                self.keys.add((row["client_id"], row["name"]))
            stored.append(kept)
        return stored


TENANTS: dict[str, Tenant] = {}


def answer(method: str, tenant_name: str, path: str, query: dict[str, list[str]], body: bytes) -> tuple[int, Any]:
    tenant = TENANTS.setdefault(tenant_name, Tenant())
    match method, path:
        case "POST", "auth/token":
            return 200, TOKEN
        case "POST", "api/SoftwareLicence":
            tenant.writes += 1
            return 201, tenant.take(json.loads(body))
        case "GET", "api/Client":
            tenant.reads += 1
            return 200, listed("clients", CLIENT_ROWS, query)
        case "GET", "api/SoftwareLicence":
            tenant.reads += 1
            wanted = query.get("client_id")
            rows = tenant.licences
            if wanted:
                rows = [row for row in rows if row["client_id"] == int(wanted[0])]
            return 200, listed("licences", rows, query)
        case "GET", "stats":
            twice = len(tenant.licences) - len(tenant.keys)
            units = sum(row["count"] for row in tenant.licences)
            counts = {"licences": len(tenant.licences), "twice": twice, "units": units}
            return 200, {**counts, "writes": tenant.writes, "reads": tenant.reads}
    return 404, {"Message": f"{method} {path} is not here."}


def listed(key: str, rows: list[Fields], query: dict[str, list[str]]) -> Fields:
    size, number = int(query.get("page_size", ["50"])[0]), int(query.get("page_no", ["1"])[0])
    page = rows[(number - 1) * size : number * size]
    return {"page_no": number, "page_size": size, "record_count": len(rows), key: page}


async def app(scope: Fields, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    tenant, _, path = scope["path"].strip("/").partition("/")
    status, content = answer(scope["method"], tenant, path, parse_qs(scope["query_string"].decode()), body)
    if READ_S and scope["method"] == "GET" and path.startswith("api/"):
        await asyncio.sleep(READ_S)
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(content).encode()})


if __name__ == "__main__":
    # Else it closes a connection that was still for 5 s, perhaps just as a slow contender sends its next request.
    kept_s, port = 3600, int(sys.argv[1])
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_keep_alive=kept_s,
    )
