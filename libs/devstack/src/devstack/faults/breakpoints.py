"""The steps of a writer, held open from outside: by locks in Postgres, by the sandbox's delays and by the proxy.

Each is an async context manager. It waits until a writer stands at the step and says which one; the writer cannot go
on before the context is left.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil

from devstack.errors import DevstackError
from devstack.faults.fault_stack import PATIENCE_S
from devstack.faults.proxy import Link
from devstack.faults.trial import Trial
from devstack.fields import Fields
from devstack.service import Service
from devstack.wait import until

LATE_S = 1.5
"""How long Halo takes where a request is to be seen in flight; less than the time-out."""

_BLOCKED = """SELECT pid, client_port FROM pg_stat_activity
WHERE datname = current_database() AND application_name = $1 AND wait_event_type = 'Lock' AND query ILIKE $2
ORDER BY query_start"""


@dataclass(frozen=True)
class StoppedProcess:
    """A process that stands at a step; `backend` is its server process in Postgres, where it waits for one."""

    service: Service
    backend: int | None = None


Breakpoint = Callable[[Trial], AbstractAsyncContextManager[StoppedProcess]]


def owner(trial: Trial, port: int) -> Service:
    """Return the service whose end of a connection has this port."""
    for service in trial.fault_stack.stack.services.values():
        pid = service.process.pid
        if pid is not None and any(one.laddr.port == port for one in psutil.Process(pid).net_connections("tcp")):
            return service
    raise DevstackError(f"no service has a connection from port {port}")


@asynccontextmanager
async def locked(trial: Trial, query: str, *arguments: object) -> AsyncIterator[None]:
    """Hold the row locks that a `SELECT … FOR UPDATE` takes, until the context is left."""
    async with trial.fault_stack.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(query, *arguments)
        try:
            yield
        finally:
            if not connection.is_closed():
                await transaction.rollback()


async def blocked(trial: Trial, application: str, pattern: str) -> StoppedProcess:
    """Wait until a process of the name waits for a lock in a statement like the pattern, and return it."""
    rows: list[Fields] = []

    async def waits() -> bool:
        rows[:] = await trial.fetch(_BLOCKED, application, pattern)
        return bool(rows)

    await trial.until(waits, what=f"a {application} waiting in {pattern}")
    return StoppedProcess(owner(trial, rows[0]["client_port"]), rows[0]["pid"])


async def dropped(trial: Trial, service: Service) -> None:
    """Wait until the broker has closed all connections of a process that hangs, and so given its messages back."""
    port, pid = urlsplit(trial.fault_stack.rabbit.url).port, service.process.pid

    async def gone() -> bool:
        ends = psutil.Process(pid).net_connections("tcp")
        return not any(one.raddr and one.raddr.port == port and one.status == psutil.CONN_ESTABLISHED for one in ends)

    await until(gone, what=f"the broker dropping {service.name}", timeout_s=PATIENCE_S)


async def asking(trial: Trial, method: str, fault: str = "delay") -> Link:
    """Wait until a request of the method stands in Halo, hit by the fault, and return its connection."""
    links: list[Link] = []

    async def stands() -> bool:
        entries = [e for e in await trial.requests() if e["method"] == method and e["fault"] == fault]
        links[:] = trial.fault_stack.proxy.waiting(f"{method} /{trial.name}/")
        return bool(links) and any(entry["in_flight_s"] is None for entry in entries)

    await until(stands, what=f"a {method} in flight", timeout_s=PATIENCE_S)
    return links[0]


@asynccontextmanager
async def marking(trial: Trial) -> AsyncIterator[StoppedProcess]:
    """A writer is about to commit its mark: the rows of what waits are locked."""
    await trial.until_writing()
    waiting = "SELECT FROM item WHERE run_id = $1 AND action_state = 'waiting' FOR UPDATE"
    async with locked(trial, waiting, trial.run_id):
        yield await blocked(trial, "halo-writer", "%SET action_state = 'sending'%")


@asynccontextmanager
async def sending(trial: Trial) -> AsyncIterator[StoppedProcess]:
    """The mark is committed, and not a byte of the request has reached Halo: the proxy withholds them."""
    async with trial.fault_stack.proxy.withheld(f"POST /{trial.name}/", after=2, timeout_s=PATIENCE_S) as link:
        yield StoppedProcess(owner(trial, link.client_port))


@asynccontextmanager
async def in_flight(trial: Trial) -> AsyncIterator[StoppedProcess]:
    """Halo has the array and will apply it some seconds later."""
    yield StoppedProcess(owner(trial, (await asking(trial, "POST")).client_port))


@asynccontextmanager
async def deleting(trial: Trial) -> AsyncIterator[StoppedProcess]:
    """Halo has a delete and will apply it some seconds later."""
    yield StoppedProcess(owner(trial, (await asking(trial, "DELETE")).client_port))


@asynccontextmanager
async def looking_up(trial: Trial) -> AsyncIterator[StoppedProcess]:
    """A writer reads what became of a write whose answer was lost.

    Reads are slow from now on, not from a certain one on: how often the planner reads before is up to it.
    """
    await trial.until_writing(synced=0)
    await trial.fault("GET", times=4, delay_s=LATE_S)
    await trial.fault("POST", drop_after=True)
    await trial.slow()
    yield StoppedProcess(owner(trial, (await asking(trial, "GET")).client_port))


@asynccontextmanager
async def recording(trial: Trial) -> AsyncIterator[StoppedProcess]:
    """Halo has answered, and the result cannot be recorded: the row of the run is locked."""
    await asking(trial, "POST")
    async with locked(trial, "SELECT FROM run WHERE run_id = $1 FOR UPDATE", trial.run_id):
        yield await blocked(trial, "halo-writer", "%FROM run WHERE run_id =%FOR KEY SHARE%")


@asynccontextmanager
async def acknowledging(trial: Trial) -> AsyncIterator[StoppedProcess]:
    """The result is committed, and the message is not acknowledged: the permits in use are locked."""
    await asking(trial, "POST")
    async with locked(trial, "SELECT FROM rate_lease WHERE tenant = $1 FOR UPDATE", trial.name):
        yield await blocked(trial, "halo-writer", "%rate_finish(%")
