"""Beginning, testing and ending a connection to Halo. auth and the planner do the work (spec section 5.6)."""

import math
from contextlib import suppress
from datetime import UTC, datetime

from halosync.contracts.connection import (
    BeginConnection,
    CompleteConnection,
    ConnectionBegun,
    ConnectionCompleted,
    ConnectionEnded,
    ConnectionTested,
    EndConnection,
    RequestedBy,
    RequestRefused,
    TestConnection,
)
from halosync.contracts.message import Message
from halosync.domain.acts import Actor
from halosync.domain.connection_sentences import TEST_UNANSWERED
from halosync.ports.requests import NoReplyError
from halosync.ports.run_start import NotConnectedError
from pydantic import SecretStr

from report_api.ports import Ports
from report_api.web.problems import Problem, invalid, not_found, unavailable


async def begin_connection(
    ports: Ports,
    partner: str,
    *,
    tenant: str,
    client_id: str,
    by: Actor,
    halo_tenant: str | None = None,
    session: str | None = None,
    allow_shared_tenant: bool = False,
) -> str:
    """Begin a connection and return where to send the browser; Halo sends it back to `/accounts/` within 10 minutes.

    Args:
        ports: everything outside.
        partner: whose connection.
        tenant: as it was entered.
        client_id: likewise.
        halo_tenant: what Halo calls the tenant, where that differs from its host.
        by: who begins it. Only they can complete it.
        allow_shared_tenant: an operator lets the partner connect a Halo that is connected for another one too.
        session: the browser session (`browser_session`) that it is begun in; None: by the API.

    Raises:
        Problem: 403 when somebody else than an operator allows it, 422 for the tenant or the client id, 404 for the
            partner, 409 for a tenant of another partner, 429 after too many attempts, 503 when a part is away.
        NoReplyError: auth did not answer.
    """
    if allow_shared_tenant:
        if not by.is_operator:
            raise Problem(403, "forbidden", "Only an operator can allow that two partners share a Halo. Ask Converge.")
        await ports.partners.allow_shared_tenant(partner, by=by)
    reply = await ports.services.ask(
        BeginConnection(
            partner_id=partner,
            tenant=tenant,
            client_id=client_id,
            halo_tenant=halo_tenant,
            session=session,
            requested_by=requested_by(by),
        )
    )
    if not isinstance(reply, ConnectionBegun):
        raise refusal(reply)
    return reply.authorize_url


async def complete_connection(
    ports: Ports, partner: str, *, state: str, code: SecretStr, iss: str | None, by: Actor
) -> None:
    """Complete a connection that the same key began (spec section 10).

    Raises:
        Problem: 409 with why nothing was connected, 503 when a part is away.
        NoReplyError: auth did not answer.
    """
    reply = await ports.services.ask(
        CompleteConnection(partner_id=partner, state=state, code=code, iss=iss, requested_by=requested_by(by))
    )
    if not isinstance(reply, ConnectionCompleted):
        raise refusal(reply)
    await read_now(ports, partner)


async def read_now(ports: Ports, partner: str) -> None:
    """Have a Halo that has just been connected read, so that the pages of links show at once what matches."""
    with suppress(NotConnectedError):  # it was ended meanwhile
        await ports.snapshots.request_read(partner)


async def end_connection(ports: Ports, partner: str, *, by: Actor) -> None:
    """Erase the partner's tokens. What was loaded and reported stays.

    Raises:
        Problem: auth could not do it.
        NoReplyError: auth did not answer.
    """
    reply = await ports.services.ask(EndConnection(partner_id=partner, requested_by=requested_by(by)))
    if not isinstance(reply, ConnectionEnded):
        raise refusal(reply)


def requested_by(actor: Actor) -> RequestedBy:
    """Return who asks, as messages have it."""
    return RequestedBy(name=actor.name, key_id=actor.key_id, is_operator=actor.is_operator)


def refusal(reply: Message) -> Problem:
    """Return what the caller is told when auth, or the planner, could not do what was asked."""
    if not isinstance(reply, RequestRefused):
        raise TypeError(f"a request was answered with {reply.message_type}")
    match reply.code:
        case "unknown_partner":
            return not_found()
        case "invalid_tenant":
            return invalid("tenant", reply.detail)
        case "invalid_client":
            return invalid("client_id", reply.detail)
        case "halo_unavailable" | "part_away":
            return unavailable(reply.detail)
        case "rate_limited" | "too_many_requests":
            return _wait(reply)
        case _:
            return Problem(409, reply.code, reply.detail)


def _wait(reply: RequestRefused) -> Problem:
    """Return what the caller is told when waiting helps: 429 for a limit of ours, 503 for one of Halo's."""
    if reply.retry_at is None:
        return unavailable(reply.detail)
    headers = {"Retry-After": str(math.ceil(max((reply.retry_at - datetime.now(UTC)).total_seconds(), 1)))}
    status = 429 if reply.code == "too_many_requests" else 503
    return Problem(status, reply.code, reply.detail, headers=headers, retry_at=reply.retry_at.isoformat())


async def test_connection(ports: Ports, partner: str) -> ConnectionTested | RequestRefused:
    """Return what was read, or why nothing could be; its `detail` says what to do.

    The answer comes within seconds; that nobody answered is a refusal as well (`halo_unavailable`).
    """
    try:
        reply = await ports.services.ask(TestConnection(partner_id=partner))
    except NoReplyError:
        return RequestRefused(code="halo_unavailable", detail=TEST_UNANSWERED, partner_id=partner)
    if not isinstance(reply, ConnectionTested | RequestRefused):
        raise TypeError(f"the planner answered with {reply.message_type}")
    return reply
