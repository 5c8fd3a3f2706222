"""Doubles of the small parts that a writer or planner is made of."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from halo_sandbox.scopes import EVERYTHING
from halo_sandbox.tokens import TokenFamily
from halo_writer.in_flight import InFlight
from halosync.contracts.connection import TokenGranted
from halosync.ports.permits import Lease, Rate
from pydantic import SecretStr

from simulation.database import Database
from simulation.halo import Halo
from simulation.limiter import MemoryRateLimiter
from simulation.process import Process

T = TypeVar("T")

LIFETIME_S = 1e9
"""No token ends by itself: auth renews it before."""


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


class Auth:
    """The access token that all processes share; a refused one is replaced."""

    def __init__(self, halo: Halo) -> None:
        self._tokens = halo.tenant.tokens
        self._family = TokenFamily("halosync", frozenset({EVERYTHING}))
        self.generation = 0
        self.replace(0)

    def replace(self, generation: int) -> None:
        """Get a new token from Halo, unless that of this generation is replaced already."""
        if generation == self.generation:
            self.generation += 1
            self.access_token = self._tokens.issue_access(self._family, self._family.asked, LIFETIME_S)


class Tokens:
    """Access tokens as one process gets them from auth."""

    def __init__(self, process: Process, auth: Auth) -> None:
        self._process = process
        self._auth = auth
        self._generation, self._access_token = auth.generation, auth.access_token

    async def get(self, partner_id: str, tenant: str, *, rejected_generation: int | None = None) -> TokenGranted:
        """As `halosync.runtime.tokens.Tokens.get`."""
        await self._process.gate()
        if rejected_generation == self._generation:
            await asyncio.sleep(0.1)
            await self._process.gate()
            self._auth.replace(self._generation)
            self._generation, self._access_token = self._auth.generation, self._auth.access_token
        return TokenGranted(
            partner_id=partner_id,
            tenant=tenant,
            access_token=SecretStr(self._access_token),
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
