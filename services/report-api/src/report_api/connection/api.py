"""The connection to the partner's Halo, and Halo's redirect after the log-in (spec section 2.1)."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse
from halosync.contracts.connection import RequestRefused
from halosync.domain.roles import Role
from pydantic import ValidationError

from report_api.access.api_guard import ActorHere, Partner, partner_router
from report_api.access.session import browser_session, signed_in
from report_api.connection.confirm_page import CONFIRM
from report_api.connection.models import (
    CompleteRequest,
    ConnectBegun,
    ConnectionTestResult,
    ConnectRequest,
    HaloConnection,
)
from report_api.connection.returned import Returned, ask, began, complete, keep
from report_api.connection.service import (
    begin_connection,
    complete_connection,
    end_connection,
    refusal,
    test_connection,
)
from report_api.ports import Ports, PortsHere
from report_api.web.problems import responses

router: APIRouter = partner_router("Connection", changes=Role.ADMIN)


@router.get("/connection", summary="Show the connection")
async def show(partner: Partner, ports: PortsHere) -> HaloConnection:
    """Where the connection to the partner's Halo stands."""
    return HaloConnection.model_validate(await ports.connections.view(partner))


@router.post("/connection", summary="Connect", responses=responses(400, 409, 413, 429))
async def begin(partner: Partner, wanted: ConnectRequest, by: ActorHere, ports: PortsHere) -> ConnectBegun:
    """Begin a connection: send the browser to `authorize_url`; Halo sends it back to `/accounts/` within 10 minutes.

    Only who begins a connection can complete it. A person whom you send there signs in to the portal afterwards, and is
    asked. A program that drives the log-in itself takes `code` and `state` from Halo's redirect and completes it with
    the same key. 409 `tenant_taken`: the Halo is connected for another partner; an operator can allow it with
    `allow_shared_tenant`, or by `halosync partner share-tenant`. 429: more than 10 attempts a minute.
    """
    url = await begin_connection(
        ports,
        partner,
        tenant=wanted.tenant,
        client_id=wanted.client_id,
        halo_tenant=wanted.halo_tenant,
        by=by,
        allow_shared_tenant=wanted.allow_shared_tenant,
    )
    return ConnectBegun(authorize_url=url)


@router.post("/connection/complete", summary="Complete a connection", responses=responses(400, 409, 413))
async def finish(partner: Partner, came: CompleteRequest, by: ActorHere, ports: PortsHere) -> HaloConnection:
    """Complete a connection that the same key began, with what Halo's redirect brought.

    409 says why nothing was connected: `invalid_state` (expired or used), `other_partner`, `other_session` (another
    key, or a browser, began it), `wrong_issuer`, `tenant_taken`, `denied`, `missing_scope`,
    `permission_denied`, `unexpected_answer`. Nothing is exchanged before
    all checks. A log-in that failed can be begun again at once.
    """
    await complete_connection(ports, partner, state=came.state, code=came.code, iss=came.iss, by=by)
    return HaloConnection.model_validate(await ports.connections.view(partner))


@router.delete("/connection", status_code=204, summary="Disconnect", responses=responses(409))
async def end(partner: Partner, by: ActorHere, ports: PortsHere) -> None:
    """Erase the tokens. What was loaded and reported stays."""
    await end_connection(ports, partner, by=by)


@router.post("/connection/test", summary="Test the connection", responses=responses(409))
async def test(partner: Partner, ports: PortsHere) -> ConnectionTestResult:
    """Read a little of the partner's clients and licences in Halo, now: it uses about ten requests of Halo's limit.

    `findings` is a report without names and secrets, of what this Halo does; it can be sent to the distributor.

    409 says what a person must correct: `not_connected`, `connection_broken`, `permission_denied`,
    `unexpected_answer`. 503 says that trying again helps: `rate_limited` (`retry_at` has the time), or `unavailable`.
    """
    reply = await test_connection(ports, partner)
    if isinstance(reply, RequestRefused):
        raise refusal(reply)
    return ConnectionTestResult.model_validate(reply)


redirect_router = APIRouter(tags=["Connection"])
"""Halo's redirect after the log-in. A browser comes here, without an API key."""

PORTAL_PAGE = "/accounts/halo-psa"
"""Leads on to the partner's own page, `connection/pages.py`."""


@redirect_router.get(
    "/accounts/",
    status_code=303,
    response_class=RedirectResponse,
    summary="Halo's redirect",
    responses={**responses(422), 303: {"description": "To the portal, with `connected=1` or `problem=<code>`."}},
)
async def come_back(
    *,
    request: Request,
    ports: PortsHere,
    state: Annotated[str | None, Query(description="As it was sent to Halo; single-use, good for 10 minutes.")] = None,
    code: Annotated[str | None, Query(description="Halo's authorisation code.")] = None,
    iss: Annotated[str | None, Query(description="Who Halo says it is (RFC 9207); it must be the tenant's.")] = None,
    error: Annotated[str | None, Query(description="Instead of the code, when Halo refuses.")] = None,
    error_description: Annotated[str | None, Query(description="Halo's words for it.")] = None,
) -> RedirectResponse:
    """Complete a connection that this browser session began, with what Halo sent back.

    Every other log-in exchanges nothing: one that was begun by the API leads to the sign-in and to a page that names
    partner and tenant, and asks. Without anything from Halo it only leads to the portal.
    """
    if error is not None:
        return _to_portal(ports, problem=await _refused_by_halo(request, ports, state, error, error_description))
    if state is None and code is None:
        return _to_portal(ports)
    try:
        returned = Returned.model_validate({"state": state, "code": code, "iss": iss})
    except ValidationError:
        return _to_portal(ports, problem="invalid_state")
    attempt = await returned.attempt(ports)
    if attempt is None:
        return _to_portal(ports, problem="invalid_state")
    visitor = await signed_in(request)
    if visitor is not None and began(attempt, visitor):
        problem = await complete(ports, returned, visitor, attempt, confirmed=False)
        return _to_portal(ports, connected=problem is None, problem=problem)
    response = RedirectResponse(f"{ports.public_url}{CONFIRM}", status_code=303)
    return response if keep(request, response, returned) else _to_portal(ports, problem="other_session")


async def _refused_by_halo(
    request: Request, ports: Ports, state: str | None, error: str, error_description: str | None
) -> str | None:
    visitor = await signed_in(request)
    session = None if visitor is None else browser_session(visitor.token)
    partner_id = None if visitor is None else visitor.session.acts_for
    words = {"error": error, "error_description": error_description}
    return await ask(ports, partner_id=partner_id, session=session, state=state or "", **words)


def _to_portal(ports: Ports, *, connected: bool = False, problem: str | None = None) -> RedirectResponse:
    query = {"connected": "1"} if connected else {"problem": problem} if problem is not None else {}
    target = f"{ports.public_url}{PORTAL_PAGE}"
    return RedirectResponse(f"{target}?{urlencode(query)}" if query else target, status_code=303)
