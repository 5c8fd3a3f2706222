"""A round of the throughput bench: what is measured of a contender, and what makes it count."""

import statistics
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
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


@dataclass
class Turns:
    """The rounds of one contender at one size."""

    creates: int
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Creates a second, in the median."""
        return self.creates / statistics.median(self.seconds)

    @property
    def cost(self) -> float:
        """Processor seconds a thousand creates, in the median."""
        return statistics.median(self.cpu_seconds) / self.creates * 1000


def by_size(measured: Sequence[Round]) -> dict[tuple[int, int], dict[str, Turns]]:
    """Return the rounds of each contender, by creates and workers, the smallest first."""
    found: dict[tuple[int, int], dict[str, Turns]] = {}
    for each in sorted(measured, key=lambda each: (each.creates, each.workers)):
        of = found.setdefault((each.creates, each.workers), {}).setdefault(each.contender, Turns(each.creates))
        of.seconds.append(each.seconds)
        of.cpu_seconds.append(each.cpu_seconds)
    return found
