"""Testing a connection by really reading a little of Halo."""

import time
from datetime import UTC, datetime

from halosync.contracts.connection import ConnectionTested, TestConnection
from halosync.ports.connections import ConnectionView
from halosync.ports.permits import Rate
from halosync.ports.reads import HaloLists
from halosync.ports.requests import Refusal, refusal
from halosync.runtime.halo_sample import HaloSample
from halosync.runtime.read_access import Caller, ReadAccess

from planner.ports import Connections, Snapshots

TEST_PATIENCE_S = 15.0
"""How long a test may take, in seconds: shorter than its asker waits for the reply (`REQUEST_TIMEOUT_S`)."""


class ConnectionTest:
    """Reads one small page of clients and one of licences, as a run would."""

    def __init__(
        self,
        *,
        snapshots: Snapshots,
        connections: Connections,
        access: ReadAccess,
        lists: HaloLists,
        default_rate: Rate,
        patience_s: float = TEST_PATIENCE_S,
    ) -> None:
        self._snapshots = snapshots
        self._connections = connections
        self._access = access
        self._sample = HaloSample(lists, patience_s=patience_s)
        self._default_rate = default_rate

    async def test(self, request: TestConnection) -> ConnectionTested:
        """Read both lists' first pages and return how long Halo says that the lists are.

        Raises:
            Refused: not_connected, connection_broken, rate_limited, permission_denied, unexpected_answer,
                halo_unavailable; each says what to do.
        """
        partner_id = request.partner_id
        context = await self._snapshots.context(partner_id)
        if context is None:
            raise _not_connected(partner_id, await self._connections.view(partner_id))
        tenant, rate = context
        # A person waits, so this may use what batch work leaves of the budget.
        who = Caller(partner_id, tenant, rate or self._default_rate, None, interactive=True)
        started = time.monotonic()
        sample = await self._sample.read(partner_id, tenant, lambda request: self._access.read(who, request))
        took_ms = round((time.monotonic() - started) * 1000)
        return ConnectionTested(
            partner_id=partner_id,
            tenant=tenant,
            clients=sample.clients,
            licences=sample.licences,
            checked_at=datetime.now(UTC),
            took_ms=took_ms,
        )


def _not_connected(partner_id: str, view: ConnectionView) -> Refusal:
    if view.state == "broken":
        return refusal("connection_broken", partner_id, view.problem)
    return refusal("not_connected", partner_id)
