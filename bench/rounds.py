"""A round of the throughput bench: what is measured of a contender, and what makes it count."""

import statistics
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

import httpx
import psutil
from devstack.postgres import PostgresServer
from devstack.rabbitmq import RabbitServer
from devstack.wait import until
from row import WrongEndError

PATIENCE_S, STILL_S = 900.0, 120.0


class Contender(Protocol):
    name: str

    async def prepare(self, tenant: str, number: int) -> None: ...

    async def publish(self) -> None: ...

    async def recorded(self) -> int: ...

    def pids(self) -> Sequence[int]: ...

    def ended(self) -> list[str]: ...


@dataclass(frozen=True)
class Servers:
    postgres: PostgresServer
    rabbit: RabbitServer
    halo_url: str


@dataclass(frozen=True)
class Round:
    contender: str
    creates: int
    workers: int
    seconds: float
    cpu_seconds: float
    requests: int


def units(number: int) -> int:
    return sum(at % 40 + 1 for at in range(number))


def cpu_s(pids: Sequence[int], seen: dict[int, float]) -> float:
    """Return the processor seconds of processes and their descendants, of those too that have been seen and ended."""
    for pid in pids:
        for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):  # it has ended between the two questions
                times = process.cpu_times()
                seen[process.pid] = times.user + times.system
    return sum(seen.values())


def all_run(contender: Contender) -> None:
    if ended := contender.ended():
        raise WrongEndError(f"{contender.name} has ended by itself: {', '.join(ended)}; BENCH_LOG=1 shows what it said")


async def measure(contender: Contender, servers: Servers, creates: int, workers: int, postmaster: int) -> Round:
    tenant = f"t{uuid4().hex[:12]}"
    seen: dict[int, float] = {}
    async with httpx.AsyncClient(trust_env=False) as client:
        await contender.prepare(tenant, creates)
        all_run(contender)
        pids = [*contender.pids(), postmaster]
        before, began = cpu_s(pids, seen), time.perf_counter()
        await contender.publish()

        async def stats() -> dict[str, int]:
            return dict((await client.get(f"{servers.halo_url}/{tenant}/stats")).json())

        has, changed_at = -1, began

        async def done() -> bool:
            nonlocal has, changed_at
            all_run(contender)
            there, moment = (await stats())["licences"], time.perf_counter()
            if there > has:
                has, changed_at = there, moment
            elif there < creates and moment - changed_at > STILL_S:
                raise WrongEndError(
                    f"{contender.name}: Halo has {has} of {creates} licences, and no more for {STILL_S:g} s"
                )
            return there >= creates and await contender.recorded() >= creates

        await until(done, what=f"{contender.name}'s {creates} licences", timeout_s=PATIENCE_S, every_s=0.02)
        seconds, spent = time.perf_counter() - began, cpu_s(pids, seen) - before
        end = await stats()
    wanted = {"licences": creates, "twice": 0, "units": units(creates)}
    if {name: end[name] for name in wanted} != wanted:
        raise WrongEndError(f"{contender.name}: Halo has {end}, not {wanted}")
    return Round(contender.name, creates, workers, seconds, spent, end["writes"] + end["reads"])


def medians(measured: Sequence[Round], creates: int, workers: int) -> tuple[dict[str, float], dict[str, float]]:
    """Return creates a second and processor seconds a thousand creates, by contender."""
    rate: dict[str, float] = {}
    cost: dict[str, float] = {}
    these = [each for each in measured if (each.creates, each.workers) == (creates, workers)]
    for name in dict.fromkeys(each.contender for each in these):
        rounds = [each for each in these if each.contender == name]
        rate[name] = creates / statistics.median(each.seconds for each in rounds)
        cost[name] = statistics.median(each.cpu_seconds for each in rounds) / creates * 1000
    return rate, cost
