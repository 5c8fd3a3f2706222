"""Testing a connection by really reading a little of Halo."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, TypeVar

import structlog
from halosync.contracts.connection import ConnectionTested, TestConnection
from halosync.domain import connection_sentences
from halosync.domain.retry import FailureClass
from halosync.ports.connections import ConnectionView
from halosync.ports.failures import HaloFailure, UnreadableRowError
from halosync.ports.permits import NoPermit, Rate
from halosync.ports.reads import HaloLists, HaloPage
from halosync.ports.requests import Refusal, refusal
from halosync.ports.tokens import ConnectionLostError, TokenUnavailableError
from halosync.runtime.read_access import Caller, ReadAccess

from planner.ports import Connections, Snapshots

log = structlog.get_logger(__name__)

TEST_PAGE_SIZE = 10
"""Rows of a list that a test asks for: enough to see that they are clients and licences."""

TEST_PATIENCE_S = 15.0
"""How long a test may take, in seconds: shorter than its asker waits for the reply (`REQUEST_TIMEOUT_S`)."""

T = TypeVar("T")


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
        self._lists = lists
        self._default_rate = default_rate
        self._patience_s = patience_s

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
        try:
            async with asyncio.timeout(self._patience_s):
                clients = await self._count(who, "clients", lambda token: self._lists.clients(tenant, token, 1))
                licences = await self._count(who, "licences", lambda token: self._lists.licences(tenant, token, 1))
        except TimeoutError:
            raise refusal("halo_unavailable", partner_id, connection_sentences.too_slow(self._patience_s)) from None
        took_ms = round((time.monotonic() - started) * 1000)
        return ConnectionTested(
            partner_id=partner_id,
            tenant=tenant,
            clients=clients,
            licences=licences,
            checked_at=datetime.now(UTC),
            took_ms=took_ms,
        )

    async def _count(
        self, who: Caller, what: connection_sentences.List, request: Callable[[str], Awaitable[HaloPage[Any]]]
    ) -> int:
        try:
            page = await self._access.read(who, request)
        except NoPermit as limit:
            # Rounded up to a minute: whoever asks then is not told to wait once more.
            minute = math.ceil((datetime.now(UTC) + timedelta(seconds=limit.wait_s)).timestamp() / 60) * 60
            retry_at = datetime.fromtimestamp(minute, UTC)
            detail = connection_sentences.rate_limited(f"{retry_at:%H:%M}")
            raise refusal("rate_limited", who.partner_id, detail, retry_at=retry_at) from None
        except ConnectionLostError as lost:
            raise _connection_lost(who.partner_id, lost) from None
        except TokenUnavailableError as unavailable:
            log.warning("no token for a test", partner_id=who.partner_id, error=str(unavailable))
            raise refusal("halo_unavailable", who.partner_id) from None
        except HaloFailure as failure:
            log.info("test failed", partner_id=who.partner_id, words=failure.words, status=failure.status)
            raise _halo_failed(who.partner_id, what, failure) from None
        if bool(page.rows) != bool(page.record_count):
            detail = connection_sentences.contradiction(what, page.record_count, len(page.rows))
            raise refusal("unexpected_answer", who.partner_id, detail)
        return page.record_count


def _not_connected(partner_id: str, view: ConnectionView) -> Refusal:
    if view.state == "broken":
        return refusal("connection_broken", partner_id, view.problem)
    return refusal("not_connected", partner_id)


def _connection_lost(partner_id: str, lost: ConnectionLostError) -> Refusal:
    """Return the refusal for a connection that ended, broke or was changed while it was tested."""
    if lost.code == "connection_broken":
        return refusal("connection_broken", partner_id, lost.detail)
    if lost.code == "other_tenant":
        return refusal("halo_unavailable", partner_id, connection_sentences.CHANGED_WHILE_TESTED)
    return refusal("not_connected", partner_id, lost.detail)


def _halo_failed(partner_id: str, what: connection_sentences.List, failure: HaloFailure) -> Refusal:
    """Return what a failed request of the list `what` means to the partner."""
    if isinstance(failure, UnreadableRowError):
        return refusal("unexpected_answer", partner_id, connection_sentences.row_unreadable(failure.words))
    if failure.failure is FailureClass.UNAUTHORIZED or failure.status == HTTPStatus.FORBIDDEN:
        return refusal("permission_denied", partner_id, connection_sentences.forbidden(what, failure.words))
    if failure.failure is FailureClass.TRANSIENT and failure.status != HTTPStatus.OK:
        return refusal("halo_unavailable", partner_id, connection_sentences.unreadable(failure.words))
    return refusal("unexpected_answer", partner_id, connection_sentences.unexpected(failure.words))
