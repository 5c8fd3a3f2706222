"""Doubles of the small parts that a writer or planner is made of."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from halo_writer.in_flight import InFlight
from halosync.contracts.connection import TokenGranted
from halosync.ports.permits import Lease, Rate
from pydantic import SecretStr

from simulation.database import Database
from simulation.halo import Halo
from simulation.limiter import MemoryRateLimiter
from simulation.process import Process

T = TypeVar("T")


def immediately(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits, as one moment."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    work.close()
    raise RuntimeError("this was to happen in one moment, and it waits")


class SteppedLimiter:
    """The shared limiter as one process reaches it: each call is a statement that may fail."""

    def __init__(self, process: Process, limiter: MemoryRateLimiter) -> None:
        self._process = process
        self._limiter = limiter

    async def acquire(self, tenant: str, rate: Rate, **options: Any) -> Lease:
        """As `RateLimiter.acquire`."""
        return await self._process.step(lambda: immediately(self._limiter.acquire(tenant, rate, **options)))

    async def finish(self, lease: Lease, spent: int) -> None:
        """As `RateLimiter.finish`."""
        await self._process.step(lambda: immediately(self._limiter.finish(lease, spent)))

    async def block(self, tenant: str, retry_after_s: float | None) -> float:
        """As `RateLimiter.block`."""
        return await self._process.step(lambda: immediately(self._limiter.block(tenant, retry_after_s)))


class Tokens:
    """Access tokens, as auth gives them: a refused one is followed by the one that Halo takes now."""

    def __init__(self, process: Process, halo: Halo) -> None:
        self._process = process
        self._halo = halo
        self._generation = halo.generation

    async def get(self, partner_id: str, tenant: str, *, rejected_generation: int | None = None) -> TokenGranted:
        """As `halosync.runtime.tokens.Tokens.get`."""
        await self._process.gate()
        if rejected_generation == self._generation:
            await asyncio.sleep(0.1)
            await self._process.gate()
            self._generation = self._halo.generation
        return TokenGranted(
            partner_id=partner_id,
            tenant=tenant,
            access_token=SecretStr(f"token-{self._generation}"),
            generation=self._generation,
            expires_at=datetime.now(UTC) + timedelta(hours=1),
        )


class Requests:
    """Counts the requests of runs."""

    def __init__(self, process: Process, database: Database) -> None:
        self._process = process
        self._db = database

    async def count(self, run_id: UUID, requests: int) -> None:
        """As `RequestCounter.count`."""

        def effect() -> None:
            self._db.runs[run_id].halo_requests += requests

        await self._process.step(effect)


class Unshielded(InFlight):
    """What `InFlight` would be without its shield."""

    async def shield(self, _batch_id: int, work: Callable[[], Coroutine[Any, Any, float | None]]) -> float | None:
        """Do the work in the handler itself."""
        return await work()
