"""One reading request to Halo with everything that belongs to it: permit, token, refresh, block, count."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import UUID

from halosync.domain.retry import FailureClass
from halosync.halo.failures import HaloFailure
from halosync.runtime.tokens import Tokens
from halosync.store.counting import RequestCounter
from halosync.store.limiter import Lease, NoPermit, Rate

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reader:
    """On whose behalf a request is made: the partner, its tenant and limit, and the run that pays for it.

    `interactive` says that a person waits for the answer; such a request may use what batch work leaves of the budget.
    """

    partner_id: str
    tenant: str
    rate: Rate
    run_id: UUID | None
    interactive: bool = False


class Limiter(Protocol):
    """The shared request budget, as `halosync.store.limiter.RateLimiter` keeps it."""

    async def acquire(self, tenant: str, rate: Rate, *, want: int, hold_s: float, interactive: bool) -> Lease:
        """Lease up to `want` permits, or raise `NoPermit`."""

    async def settle(self, lease: Lease, spent: int) -> None:
        """Say how many of them were spent."""

    async def block(self, tenant: str, retry_after_s: float | None) -> float:
        """Stop everybody from asking a tenant that answered 429; return for how many seconds."""


class ReadAccess:
    """Makes reading requests within the shared budget."""

    def __init__(self, tokens: Tokens, limiter: Limiter, counter: RequestCounter, hold_s: float) -> None:
        self._tokens = tokens
        self._limiter = limiter
        self._counter = counter
        self._hold_s = hold_s

    async def read(self, who: Reader, request: Callable[[str], Awaitable[T]]) -> T:
        """Call `request` with an access token, once, and once more with a new token if Halo refuses the first.

        Raises:
            NoPermit: the budget is used up, or Halo answered 429; it says how long to wait.
            HaloFailure: the request failed otherwise; `UNAUTHORIZED` only after a new token was refused too.
            ConnectionLostError: the partner is not connected.
            TokenUnavailableError: no token for now.
        """
        token = await self._tokens.get(who.partner_id, who.tenant)
        try:
            return await self._once(who, token.access_token.get_secret_value(), request)
        except HaloFailure as failure:
            if failure.failure is not FailureClass.UNAUTHORIZED:
                raise
        token = await self._tokens.get(who.partner_id, who.tenant, rejected_generation=token.generation)
        return await self._once(who, token.access_token.get_secret_value(), request)

    async def _once(self, who: Reader, token: str, request: Callable[[str], Awaitable[T]]) -> T:
        lease = await self._limiter.acquire(
            who.tenant, who.rate, want=1, hold_s=self._hold_s, interactive=who.interactive
        )
        spent = 1
        try:
            return await request(token)
        except HaloFailure as failure:
            spent = 1 if failure.sent else 0
            if failure.failure is FailureClass.RATE_LIMITED:
                raise NoPermit(await self._limiter.block(who.tenant, failure.retry_after_s)) from failure
            raise
        finally:
            await self._limiter.settle(lease, spent)
            if who.run_id is not None and spent:
                await self._counter.count(who.run_id, spent)
