"""Proof that a new connection serves: a little of Halo is really read with the new token (spec section 9).

auth reads by itself, so that a token that proves nothing never leaves it; the permits come from the budget that all
processes share. It can read lists only: what changes Halo is the writers' alone.
"""

import asyncio
import time

from halosync.domain.connection_sentences import limited_at_log_in
from halosync.ports.permits import NoPermit, Rate
from halosync.ports.reads import EitherPage
from halosync.ports.requests import Refusal
from halosync.runtime.halo_sample import HaloSample, PageRequest, limited
from halosync.runtime.read_access import Caller, PermittedRead
from pydantic import SecretStr

from auth.ports import Connections

PROOF_PATIENCE_S = 8.0
"""How long the proof may take, in seconds: with the exchange before it shorter than its asker waits."""

PASSES_S, PAUSE_S = 2.0, 1.0
"""A Halo that fails within so many seconds is asked again after a pause: the code of the log-in is spent by now, and
its person would have to begin anew. Longer, the one who waits for the answer would not."""

WAITS_S = PROOF_PATIENCE_S / 2
"""A limit that is over within so many seconds is waited for, for the same reason."""


class Proof:
    """Reads one page of clients and one of licences with a token that nobody has used yet."""

    def __init__(
        self, connections: Connections, permitted: PermittedRead, sample: HaloSample, default_rate: Rate
    ) -> None:
        self._connections = connections
        self._permitted = permitted
        self._sample = sample
        self._default_rate = default_rate

    async def permitted(self, partner_id: str, tenant: str) -> None:
        """Return if the limit leaves a request for it now: else the code of the log-in is better not spent.

        Raises:
            Refusal: rate_limited.
        """
        try:
            await self._permitted.possible(await self._caller(partner_id, tenant))
        except NoPermit as limit:
            if limit.wait_s > WAITS_S:
                raise limited(partner_id, limit, limited_at_log_in) from None

    async def _caller(self, partner_id: str, tenant: str) -> Caller:
        """Return on whose behalf it reads: a person waits for it."""
        rate = await self._connections.rate(partner_id) or self._default_rate
        return Caller(partner_id, tenant, rate, None, interactive=True)

    async def prove(self, partner_id: str, tenant: str, access_token: SecretStr) -> None:
        """Return if both could be read.

        Raises:
            Refusal: rate_limited, permission_denied, unexpected_answer, halo_unavailable; each says what to do.
        """
        who = await self._caller(partner_id, tenant)
        token = access_token.get_secret_value()
        until = time.monotonic() + PASSES_S

        async def make(request: PageRequest) -> EitherPage:
            try:
                return await self._permitted.once(who, token, request)
            except NoPermit as limit:
                if limit.wait_s > WAITS_S:
                    raise limited(partner_id, limit, limited_at_log_in) from None
                await asyncio.sleep(limit.wait_s)
            return await self._permitted.once(who, token, request)

        while True:
            try:
                await self._sample.read(partner_id, tenant, make)
            except Refusal as refused:
                if refused.answer.code != "halo_unavailable" or time.monotonic() > until:
                    raise
                await asyncio.sleep(PAUSE_S)
            else:
                return
