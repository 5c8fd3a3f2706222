"""One reading request to Halo with everything that belongs to it: permit, token, refresh, block, count."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from halosync.domain.retry import FailureClass
from halosync.ports.failures import HaloFailure
from halosync.ports.permits import Counter, Lease, Limiter, NoPermit, Rate
from halosync.ports.tokens import TokenSource

BEGIN_S = 5.0
"""A request must begin within so many seconds of asking for its permit: after a longer stop the permit may be over."""

MOST_RENEWALS = 2
"""After a refusal the new token may be one that another process has had for long, and may be refused too."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a request is made: the partner, its tenant and limit, and the run that pays for it.

    `interactive` says that a person waits for the answer; such a request may use what batch work leaves of the budget.
    """

    partner_id: str
    tenant: str
    rate: Rate
    run_id: UUID | None
    interactive: bool = False


class PermittedRead:
    """Makes single reading requests within the shared budget.

    Args:
        limiter: the budget.
        counter: how many requests a run has used; None where no run reads.
        request_s: the longest a request takes, in seconds.
        clock: the process' own monotonic clock, in seconds.
    """

    def __init__(
        self,
        limiter: Limiter,
        counter: Counter | None,
        request_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limiter = limiter
        self._counter = counter
        self._request_s = request_s
        self._clock = clock

    async def possible(self, who: Caller) -> None:
        """Return if a request may be made now; nothing is spent.

        Raises:
            NoPermit: the budget is used up; it says how long to wait.
        """
        lease = await self._limiter.acquire(
            who.tenant, who.rate, want=1, lease_s=BEGIN_S + self._request_s, interactive=who.interactive
        )
        await self._limiter.finish(lease, 0)

    async def once(self, who: Caller, token: str, request: Callable[[str], Awaitable[T]]) -> T:
        """Call `request` once with this access token.

        Raises:
            NoPermit: the budget is used up, or Halo answered 429; it says how long to wait.
            HaloFailure: the request failed otherwise.
        """
        asked_at = self._clock()
        lease = await self._limiter.acquire(
            who.tenant, who.rate, want=1, lease_s=BEGIN_S + self._request_s, interactive=who.interactive
        )
        if self._clock() - asked_at > BEGIN_S:
            await self._limiter.finish(lease, 0)
            raise NoPermit(0.0)
        try:
            answer = await request(token)
        except HaloFailure as failure:
            limited = failure.failure is FailureClass.RATE_LIMITED
            wait_s = await self._limiter.block(who.tenant, failure.retry_after_s) if limited else None
            await self._spend(who, lease, 1 if failure.sent else 0)
            if wait_s is not None:
                raise NoPermit(wait_s, f"Halo answered: {failure.words}") from failure
            raise
        # A request that is cancelled does not come here: when Halo sees it nobody knows, so its permit stays in use for
        # as long as it could have taken.
        await self._spend(who, lease, 1)
        return answer

    async def _spend(self, who: Caller, lease: Lease, spent: int) -> None:
        await self._limiter.finish(lease, spent)
        if self._counter is not None and who.run_id is not None and spent:
            await self._counter.count(who.run_id, spent)


class ReadAccess:
    """Makes reading requests with tokens of `tokens`, within the shared budget; see `PermittedRead` for the rest."""

    def __init__(
        self,
        tokens: TokenSource,
        limiter: Limiter,
        counter: Counter,
        request_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tokens = tokens
        self._permitted = PermittedRead(limiter, counter, request_s, clock)

    async def read(self, who: Caller, request: Callable[[str], Awaitable[T]]) -> T:
        """Call `request` with an access token, and with a new one if Halo refuses it.

        A refusal is believed of a token that was made since: another process may have had the new one for an hour.

        Raises:
            NoPermit: the budget is used up, or Halo answered 429; it says how long to wait.
            HaloFailure: the request failed otherwise; 401 and 403 only after a new token was refused too.
            ConnectionLostError: the partner is not connected.
            TokenUnavailableError, AuthAwayError: no token for now.
        """
        token = await self._tokens.get(who.partner_id, who.tenant)
        renewals = 0
        while True:
            try:
                return await self._permitted.once(who, token.access_token.get_secret_value(), request)
            except HaloFailure as failure:
                believed = renewals == MOST_RENEWALS or (renewals > 0 and token.renewed)
                if believed or not failure.is_refusal:
                    raise
            renewals += 1
            token = await self._tokens.get(who.partner_id, who.tenant, rejected_generation=token.generation)
