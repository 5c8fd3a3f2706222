"""The steps of a writer, held open from outside: by locks in Postgres, by the sandbox's delays and by the proxy.

Each is an async context manager. It waits until a writer stands at the step and says which one; the writer cannot go
on before the context is left.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psutil

from devstack.errors import DevstackError
from devstack.faults.ground import PATIENCE_S
from devstack.faults.proxy import Link
from devstack.faults.scene import Scene
from devstack.service import Service
from devstack.waiting import until

_BLOCKED = """SELECT pid, client_port FROM pg_stat_activity
WHERE datname = current_database() AND application_name = $1 AND wait_event_type = 'Lock' AND query ILIKE $2
ORDER BY query_start"""


@dataclass(frozen=True)
class Held:
    """A process that stands at a step; `backend` is its server process in Postgres, where it waits for one."""

    service: Service
    backend: int | None = None


Point = Callable[[Scene], AbstractAsyncContextManager[Held]]


def owner(scene: Scene, port: int) -> Service:
    """Return the service whose end of a connection has this port."""
    for service in scene.ground.stack.services.values():
        pid = service.process.pid
        if pid is not None and any(one.laddr.port == port for one in psutil.Process(pid).net_connections("tcp")):
            return service
    raise DevstackError(f"no service has a connection from port {port}")


@asynccontextmanager
async def locked(scene: Scene, query: str, *arguments: Any) -> AsyncIterator[None]:
    """Hold the row locks that a `SELECT … FOR UPDATE` takes, until the context is left."""
    async with scene.ground.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(query, *arguments)
        try:
            yield
        finally:
            if not connection.is_closed():
                await transaction.rollback()


async def blocked(scene: Scene, application: str, pattern: str) -> Held:
    """Wait until a process of the name waits for a lock in a statement like the pattern, and return it."""
    rows: list[Any] = []

    async def waits() -> bool:
        rows[:] = await scene.fetch(_BLOCKED, application, pattern)
        return bool(rows)

    await scene.until(waits, what=f"a {application} waiting in {pattern}")
    return Held(owner(scene, rows[0]["client_port"]), rows[0]["pid"])


async def dropped(scene: Scene, service: Service) -> None:
    """Wait until the broker has closed all connections of a process that hangs, and so given its messages back."""
    port, pid = urlsplit(scene.ground.rabbit.url).port, service.process.pid

    async def gone() -> bool:
        ends = psutil.Process(pid).net_connections("tcp")
        return not any(one.raddr and one.raddr.port == port and one.status == psutil.CONN_ESTABLISHED for one in ends)

    await until(gone, what=f"the broker dropping {service.name}", timeout_s=PATIENCE_S)


async def asking(scene: Scene, method: str, fault: str = "delay") -> Link:
    """Wait until a request of the method stands in Halo, hit by the fault, and return its connection."""
    links: list[Link] = []

    async def stands() -> bool:
        entries = [e for e in await scene.requests() if e["method"] == method and e["fault"] == fault]
        links[:] = scene.ground.proxy.waiting(f"{method} /{scene.name}/")
        return bool(links) and any(entry["in_flight_s"] is None for entry in entries)

    await until(stands, what=f"a {method} in flight", timeout_s=PATIENCE_S)
    return links[0]


@asynccontextmanager
async def marking(scene: Scene) -> AsyncIterator[Held]:
    """A writer is about to commit its mark: the rows of what waits are locked."""
    await scene.until_writing()
    waiting = "SELECT FROM item WHERE run_id = $1 AND action_state = 'waiting' FOR UPDATE"
    async with locked(scene, waiting, scene.run_id):
        yield await blocked(scene, "halo-writer", "%SET action_state = 'sending'%")


@asynccontextmanager
async def sending(scene: Scene) -> AsyncIterator[Held]:
    """The mark is committed, and not a byte of the request has reached Halo: the proxy withholds them."""
    async with scene.ground.proxy.withheld(f"POST /{scene.name}/", after=2, timeout_s=PATIENCE_S) as link:
        yield Held(owner(scene, link.client_port))


@asynccontextmanager
async def in_flight(scene: Scene) -> AsyncIterator[Held]:
    """Halo has the array and will apply it some seconds later."""
    yield Held(owner(scene, (await asking(scene, "POST")).client_port))


@asynccontextmanager
async def deleting(scene: Scene) -> AsyncIterator[Held]:
    """Halo has a delete and will apply it some seconds later."""
    yield Held(owner(scene, (await asking(scene, "DELETE")).client_port))


@asynccontextmanager
async def looking_up(scene: Scene) -> AsyncIterator[Held]:
    """A writer reads what became of a write whose answer was lost."""
    await scene.until_writing(synced=0)
    yield Held(owner(scene, (await asking(scene, "GET")).client_port))


@asynccontextmanager
async def recording(scene: Scene) -> AsyncIterator[Held]:
    """Halo has answered, and the result cannot be recorded: the row of the run is locked."""
    await asking(scene, "POST")
    async with locked(scene, "SELECT FROM run WHERE run_id = $1 FOR UPDATE", scene.run_id):
        yield await blocked(scene, "halo-writer", "%FROM run WHERE run_id =%FOR UPDATE%")


@asynccontextmanager
async def acknowledging(scene: Scene) -> AsyncIterator[Held]:
    """The result is committed, and the message is not acknowledged: the permits in use are locked."""
    await asking(scene, "POST")
    async with locked(scene, "SELECT FROM rate_lease WHERE tenant = $1 FOR UPDATE", scene.name):
        yield await blocked(scene, "halo-writer", "%rate_finish(%")
