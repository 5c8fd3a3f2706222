"""The connection to the partner's Halo, and Halo's redirect after the log-in (spec section 2.1)."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse
from halosync.contracts.connection import CompleteConnection, ConnectionCompleted, RequestRefused
from halosync.ports.requests import NoReplyError
from pydantic import ValidationError

from report_api.access.api_guard import ActorHere, Partner, partner_router
from report_api.access.session import signed_in
from report_api.connection.models import ConnectBegun, Connection, ConnectionTestResult, ConnectRequest
from report_api.connection.service import begin_connection, end_connection, refusal, test_connection
from report_api.ports import Ports, PortsHere
from report_api.web.problems import responses

router: APIRouter = partner_router("Connection")


@router.get("/connection", summary="Show the connection")
async def show(partner: Partner, ports: PortsHere) -> Connection:
    """Where the connection to the partner's Halo stands."""
    return Connection.model_validate(await ports.connections.view(partner))


@router.post("/connection", summary="Connect", responses=responses(400, 409, 413))
async def begin(partner: Partner, wanted: ConnectRequest, by: ActorHere, ports: PortsHere) -> ConnectBegun:
    """Begin a connection: send the browser to `authorize_url`; Halo sends it back to `/accounts/` within 10 minutes."""
    url = await begin_connection(ports, partner, tenant=wanted.tenant, client_id=wanted.client_id, by=by)
    return ConnectBegun(authorize_url=url)


@router.delete("/connection", status_code=204, summary="Disconnect", responses=responses(409))
async def end(partner: Partner, by: ActorHere, ports: PortsHere) -> None:
    """Erase the tokens. What was loaded and reported stays."""
    await end_connection(ports, partner, by=by)


@router.post("/connection/test", summary="Test the connection", responses=responses(409))
async def test(partner: Partner, ports: PortsHere) -> ConnectionTestResult:
    """Read a little of the partner's clients and licences in Halo, now: it uses two requests of Halo's limit.

    409 says what a person must mend (`not_connected`, `connection_broken`, `permission_denied`, `unexpected_answer`);
    503 that trying again helps: `rate_limited`, with the time as `retry_at`, or `unavailable`.
    """
    reply = await test_connection(ports, partner)
    if isinstance(reply, RequestRefused):
        raise refusal(reply)
    return ConnectionTestResult.model_validate(reply)


redirect_router = APIRouter(tags=["Connection"])
"""Halo's redirect after the log-in. A browser comes here, without an API key.

One that is signed in to the portal completes a log-in of its own partner only.
"""

PORTAL_PAGE = "/accounts/halo-psa"
"""Leads on to the partner's own page, `connection/pages.py`."""


@redirect_router.get(
    "/accounts/",
    status_code=303,
    response_class=RedirectResponse,
    summary="Halo's redirect",
    responses={**responses(422), 303: {"description": "To the portal, with `connected=1` or `problem=<code>`."}},
)
async def complete(
    *,
    request: Request,
    ports: PortsHere,
    state: Annotated[str | None, Query(description="As it was sent to Halo; single-use, good for 10 minutes.")] = None,
    code: Annotated[str | None, Query(description="Halo's authorisation code.")] = None,
    error: Annotated[str | None, Query(description="Instead of the code, when Halo refuses.")] = None,
    error_description: Annotated[str | None, Query(description="Halo's words for it.")] = None,
) -> RedirectResponse:
    """Complete a connection with what Halo sent back. Without anything from Halo it only leads to the portal."""
    query = {}
    if state is not None or code is not None or error is not None:
        visitor = await signed_in(request)
        partner_id = None if visitor is None else visitor.session.acts_for
        came = {"state": state or "", "code": code, "error": error, "error_description": error_description}
        problem = await _problem(ports, {**came, "partner_id": partner_id})
        query = {"connected": "1"} if problem is None else {"problem": problem}
    target = f"{ports.public_url}{PORTAL_PAGE}"
    return RedirectResponse(f"{target}?{urlencode(query)}" if query else target, status_code=303)


async def _problem(ports: Ports, came: Mapping[str, str | None]) -> str | None:
    try:
        request = CompleteConnection.model_validate(came)
        reply = await ports.services.ask(request)
    except ValidationError:
        return "invalid_state"
    except NoReplyError:
        return "unavailable"
    match reply:
        case ConnectionCompleted():
            return None
        case RequestRefused(code="halo_unavailable"):
            return "unavailable"
        case RequestRefused():
            return reply.code
        case _:
            raise TypeError(f"auth answered with {reply.message_type}")
