"""Testing a connection by really reading a little of Halo, and looking what this Halo does."""

import asyncio
import time
from datetime import UTC, datetime

from halosync.contracts.connection import ConnectionTested, HaloFinding, TestConnection
from halosync.ports.conformance import Conformance, Finding, Verdict
from halosync.ports.connections import ConnectionView
from halosync.ports.failures import HaloFailure
from halosync.ports.permits import NoPermit, Rate
from halosync.ports.reads import HaloLists
from halosync.ports.requests import Refusal, refusal
from halosync.ports.tokens import AuthAwayError, ConnectionLostError, TokenUnavailableError
from halosync.runtime.halo_sample import HaloSample
from halosync.runtime.read_access import Caller, ReadAccess

from planner.ports import Connections, Snapshots

TEST_PATIENCE_S = 15.0
"""How long a test may take, in seconds: shorter than its asker waits for the reply (`REQUEST_TIMEOUT_S`)."""


NOT_LOOKED_AT = "the rest"


class ConnectionTest:
    """Reads one small page of clients and one of licences, as a run would; then it looks what this Halo does."""

    def __init__(
        self,
        *,
        snapshots: Snapshots,
        connections: Connections,
        access: ReadAccess,
        lists: HaloLists,
        conformance: Conformance,
        default_rate: Rate,
        patience_s: float = TEST_PATIENCE_S,
    ) -> None:
        self._snapshots = snapshots
        self._connections = connections
        self._access = access
        self._sample = HaloSample(lists, patience_s=patience_s)
        self._conformance = conformance
        self._patience_s = patience_s
        self._default_rate = default_rate

    async def test(self, request: TestConnection) -> ConnectionTested:
        """Read both lists' first pages; return how long Halo says that the lists are, and what it does.

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
        took_s = time.monotonic() - started
        findings = await self._findings(who, self._patience_s - took_s)
        return ConnectionTested(
            partner_id=partner_id,
            tenant=tenant,
            clients=sample.clients,
            licences=sample.licences,
            checked_at=datetime.now(UTC),
            took_ms=round(took_s * 1000),
            findings=[HaloFinding.model_validate(finding) for finding in findings],
        )

    async def _findings(self, who: Caller, within_s: float) -> tuple[Finding, ...]:
        """Look what this Halo does, for so many seconds; what could not be looked at fails no test."""
        found: tuple[Finding, ...] = ()
        try:
            async with asyncio.timeout(within_s):
                kit = self._conformance.findings(who.tenant, lambda request: self._access.read(who, request))
                async for finding in kit:
                    found += (finding,)
        except NoPermit:
            found += (Finding(NOT_LOOKED_AT, "not looked at: Halo's limit lets nobody ask now", Verdict.TOLERATED),)
        except (HaloFailure, TimeoutError, ConnectionLostError, TokenUnavailableError, AuthAwayError):
            found += (Finding(NOT_LOOKED_AT, "not looked at: Halo did not answer in time", Verdict.TOLERATED),)
        return found


def _not_connected(partner_id: str, view: ConnectionView) -> Refusal:
    if view.state == "broken":
        return refusal("connection_broken", partner_id, view.problem)
    return refusal("not_connected", partner_id)
