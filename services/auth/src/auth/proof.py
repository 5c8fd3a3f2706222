"""Proof that a new connection serves: a little of Halo is really read with the new token (spec section 9).

auth reads by itself, so that a token that proves nothing never leaves it; the permits come from the budget that all
processes share. It can read lists only: what changes Halo is the writers' alone.
"""

from halosync.ports.permits import Rate
from halosync.runtime.halo_sample import HaloSample
from halosync.runtime.read_access import Caller, PermittedRead
from pydantic import SecretStr

from auth.ports import Connections

PROOF_PATIENCE_S = 8.0
"""How long the proof may take, in seconds: with the exchange before it shorter than its asker waits."""


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
        await self._sample.read(partner_id, tenant, lambda request: self._permitted.once(who, token, request))
