"""Proof that a new connection serves: a little of Halo is really read with the new token (spec section 9).

auth reads by itself, so that a token that proves nothing never leaves it; the permits come from the budget that all
processes share. It can read lists only: what changes Halo is the writers' alone.
"""

import asyncio
import time

from halosync.ports.permits import Rate
from halosync.ports.requests import Refusal
from halosync.runtime.halo_sample import HaloSample
from halosync.runtime.read_access import Caller, PermittedRead
from pydantic import SecretStr

from auth.ports import Connections

PROOF_PATIENCE_S = 8.0
"""How long the proof may take, in seconds: with the exchange before it shorter than its asker waits."""

PASSES_S, PAUSE_S = 2.0, 1.0
"""A Halo that fails within so many seconds is asked again after a pause: the code of the log-in is spent by now, and
its person would have to begin anew. Longer, the one who waits for the answer would not."""


class Proof:
    """Reads one page of clients and one of licences with a token that nobody has used yet."""

    def __init__(
        self, connections: Connections, permitted: PermittedRead, sample: HaloSample, default_rate: Rate
    ) -> None:
        self._connections = connections
        self._permitted = permitted
        self._sample = sample
        self._default_rate = default_rate

    async def prove(self, partner_id: str, tenant: str, access_token: SecretStr) -> None:
        """Return if both could be read.

        Raises:
            Refusal: rate_limited, permission_denied, unexpected_answer, halo_unavailable; each says what to do.
        """
        rate = await self._connections.rate(partner_id) or self._default_rate
        # A person waits for it.
        who = Caller(partner_id, tenant, rate, None, interactive=True)
        token = access_token.get_secret_value()
        until = time.monotonic() + PASSES_S
        while True:
            try:
                await self._sample.read(partner_id, tenant, lambda request: self._permitted.once(who, token, request))
            except Refusal as refused:
                if refused.answer.code != "halo_unavailable" or time.monotonic() > until:
                    raise
                await asyncio.sleep(PAUSE_S)
            else:
                return
