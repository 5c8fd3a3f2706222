"""What planners and writers share in the simulation of many tenants: rows, Halos, limiter; each process' processor.

A statement takes STEP_S of its process' processor and DATABASE_S of a Postgres that is never busy.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence, Sized
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from halosync.contracts.connection import TokenGranted
from halosync.domain.model import Client, Licence, Line, LineKind, SeenLicence
from halosync.domain.states import RunState
from halosync.ports.batch_work import BatchAtWork
from halosync.ports.licence_write import LicenceWrite, StoredLicence
from halosync.ports.permits import Lease
from halosync.ports.reads import HaloPage, ReadProgress
from pydantic import SecretStr
from row import WrongEndError
from simulation.broker import ORDERS, Broker
from simulation.clock import now, sleep
from simulation.database import Database, Step
from simulation.limiter import MemoryRateLimiter
from simulation.messages import Envelope

T = TypeVar("T")

STEP_S, DATABASE_S, RELAY_S, ANSWER_S = 0.002, 0.002, 0.01, 0.25
SPAN = 1_000_000
"""The ids of a tenant's rows are a multiple of this and those above."""
PRICE = Decimal("31.50")


class Processor:
    """Does one thing at a time, in the order in which it is asked."""

    def __init__(self) -> None:
        self._free_at = 0.0

    async def work(self, seconds: float) -> None:
        self._free_at = max(now(), self._free_at) + seconds
        await sleep(self._free_at - now())

    async def step(self, effect: Callable[[], T], /) -> T:
        await self.work(STEP_S)
        await sleep(DATABASE_S)
        return effect()


class Tenant(Database):
    """The rows and the Halo of a tenant; what it emits is with the broker soon."""

    broker: Broker
    on_end: Callable[[], None]

    def emit(self, queue: str, body: object) -> None:
        if queue in ORDERS:
            asyncio.get_running_loop().call_later(RELAY_S, self.broker.accept, Envelope(queue, body))

    def end(self, run_id: UUID, state: RunState, code: str | None = None, error: str | None = None) -> None:
        ended = self.runs[run_id].ended_at is not None
        super().end(run_id, state, code, error)
        if not ended:
            self.on_end()


@cache
def lines_of(creates: int) -> tuple[Line, ...]:
    return tuple(
        Line(at + 1, "C", "Customer", f"P-{at}", LineKind.RECURRING, Decimal(at % 40 + 1), PRICE, "Monthly")
        for at in range(creates)
    )


def number_of(word: Any) -> int:
    """Return the tenant of whatever a port is asked about first."""
    match word:
        case BatchAtWork():
            return word.batch_id // SPAN
        case ReadProgress():
            return word.read_id.int // SPAN
        case UUID():
            return word.int // SPAN
        case str():
            return int(word)
        case int():
            return word // SPAN
    return number_of(next(iter(word)))


class Shared:
    """A store of all tenants: each call goes to the rows of the tenant that its first argument names."""

    def __init__(
        self, tenants: Sequence[Tenant], make: Callable[[Tenant, Step], Any], processor: Processor, row_s: float
    ) -> None:
        self._tenants, self._make, self._processor, self._row_s = tenants, make, processor, row_s
        self._made: dict[int, Any] = {}

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(first: Any, *others: Any, **named: object) -> Any:
            number = number_of(first)
            if number not in self._made:
                self._made[number] = self._make(self._tenants[number], self._processor.step)
            rows = max(
                (len(each) for each in others if isinstance(each, Sized) and not isinstance(each, str)), default=0
            )
            if rows:
                await self._processor.work(rows * self._row_s)
            return await getattr(self._made[number], name)(first, *others, **named)

        return call


class Halos:
    """The Halos of all tenants: lists, writes and tokens."""

    total_timeout_s = 30.0

    def __init__(self, tenants: int) -> None:
        self.licences_of: list[list[Licence]] = [[] for _ in range(tenants)]
        self.asked_at: list[list[float]] = [[] for _ in range(tenants)]

    async def get(self, partner_id: str, tenant: str, *, rejected_generation: int | None = None) -> TokenGranted:
        del rejected_generation
        ends = datetime.now(UTC) + timedelta(days=1)
        secret = SecretStr("bench")
        return TokenGranted(
            partner_id=partner_id, tenant=tenant, access_token=secret, generation=1, expires_at=ends, renewed=False
        )

    async def _asked(self, tenant: str) -> list[Licence]:
        self.asked_at[int(tenant)].append(now())
        await sleep(ANSWER_S)
        return self.licences_of[int(tenant)]

    async def clients(self, tenant: str, *_: object, **__: object) -> HaloPage[Client]:
        await self._asked(tenant)
        return HaloPage(1, [Client(1, "Customer")])

    async def licences(self, tenant: str, *_: object, **__: object) -> HaloPage[SeenLicence]:
        return HaloPage(0, [SeenLicence(licence) for licence in await self._asked(tenant)])

    async def post(self, tenant: str, token: str, writes: Sequence[LicenceWrite]) -> list[StoredLicence | None]:
        del token
        there = await self._asked(tenant)
        stored: list[StoredLicence | None] = []
        for each in writes:
            fields = (each.client_id, each.name or "", each.quantity, each.price, None, each.billing_cycle)
            there.append(Licence(len(there) + 1, *fields))
            stored.append(StoredLicence(len(there), there[-1]))
        return stored

    async def delete(self, tenant: str, token: str, licence_id: int) -> bool:
        raise WrongEndError(f"tenant {tenant} is to lose licence {licence_id}, by {token}")


class CostlyLimiter:
    """The limiter of all, as one process reaches it."""

    def __init__(self, processor: Processor, limiter: MemoryRateLimiter) -> None:
        self._processor, self._limiter = processor, limiter

    async def acquire(self, *words: Any, **named: Any) -> Lease:
        await self._processor.step(lambda: None)
        return await self._limiter.acquire(*words, **named)

    async def finish(self, lease: Lease, spent: int) -> None:
        await self._processor.step(lambda: None)
        await self._limiter.finish(lease, spent)

    async def block(self, tenant: str, retry_after_s: float | None) -> float:
        raise WrongEndError(f"tenant {tenant} answered 429, {retry_after_s}")
