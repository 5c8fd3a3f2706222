"""Reading a little of a Halo to see that a connection serves: one page of clients, one of licences."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import structlog

from halosync.domain import connection_sentences
from halosync.domain.retry import FailureClass
from halosync.ports.failures import HaloFailure, UnreadableRowError
from halosync.ports.permits import NoPermit
from halosync.ports.reads import EitherPage, HaloLists
from halosync.ports.requests import Refusal, refusal
from halosync.ports.tokens import AuthAwayError, ConnectionLostError, TokenUnavailableError

log = structlog.get_logger(__name__)

SAMPLE_PAGE_SIZE = 10
"""Rows of a list that are asked for: enough to see that they are clients and licences."""

PageRequest = Callable[[str], Awaitable[EitherPage]]
"""One request of a list; it is given an access token."""

MakeRequest = Callable[[PageRequest], Awaitable[EitherPage]]
"""Makes a request with everything that belongs to it: a token and a permit."""


@dataclass(frozen=True, slots=True)
class Sample:
    """How many clients and licences Halo says it shows to whoever connected it."""

    clients: int
    licences: int


class HaloSample:
    """Reads the first pages of both lists, as a run would.

    Args:
        lists: Halo's lists, with pages of `SAMPLE_PAGE_SIZE`.
        patience_s: how long all of it may take, in seconds.
    """

    def __init__(self, lists: HaloLists, *, patience_s: float) -> None:
        self._lists = lists
        self._patience_s = patience_s

    async def read(self, partner_id: str, tenant: str, make: MakeRequest) -> Sample:
        """Read both; `make` makes the requests.

        Raises:
            Refusal: not_connected, connection_broken, rate_limited, permission_denied, unexpected_answer,
                halo_unavailable; each says what to do.
        """
        try:
            async with asyncio.timeout(self._patience_s):
                clients = await self._count(
                    partner_id, "clients", make, lambda token: self._lists.clients(tenant, token, 1)
                )
                licences = await self._count(
                    partner_id, "licences", make, lambda token: self._lists.licences(tenant, token, 1)
                )
        except TimeoutError:
            raise refusal("halo_unavailable", partner_id, connection_sentences.too_slow(self._patience_s)) from None
        return Sample(clients, licences)

    async def _count(
        self, partner_id: str, what: connection_sentences.List, make: MakeRequest, request: PageRequest
    ) -> int:
        try:
            page = await make(request)
        except NoPermit as limit:
            raise limited(partner_id, limit) from None
        except ConnectionLostError as lost:
            raise _connection_lost(partner_id, lost) from None
        except (TokenUnavailableError, AuthAwayError) as error:
            log.warning("no token for a sample", partner_id=partner_id, error=str(error))
            raise refusal("part_away" if isinstance(error, AuthAwayError) else error.code, partner_id) from None
        except HaloFailure as failure:
            log.info("sample not read", partner_id=partner_id, words=failure.words, status=failure.status)
            raise _halo_failed(partner_id, what, failure) from None
        if bool(page.rows) != bool(page.record_count):
            detail = connection_sentences.contradiction(what, page.record_count, len(page.rows))
            raise refusal("unexpected_answer", partner_id, detail)
        return page.record_count


def limited(
    partner_id: str, limit: NoPermit, sentence: Callable[[str], str] = connection_sentences.rate_limited
) -> Refusal:
    """Return the refusal for a used-up limit, with the time at which to ask again in it."""
    # Rounded up to a minute: whoever asks then is not told to wait once more.
    minute = math.ceil((datetime.now(UTC) + timedelta(seconds=limit.wait_s)).timestamp() / 60) * 60
    retry_at = datetime.fromtimestamp(minute, UTC)
    return refusal("rate_limited", partner_id, sentence(f"{retry_at:%H:%M}"), retry_at=retry_at)


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
    # A redirect may pass, but a person who waits had better look at the address or the log-in now.
    answered = failure.status is not None and failure.status < HTTPStatus.BAD_REQUEST
    if failure.failure is FailureClass.TRANSIENT and not answered:
        return refusal("halo_unavailable", partner_id, connection_sentences.unreadable(failure.words))
    return refusal("unexpected_answer", partner_id, connection_sentences.unexpected(failure.words))
