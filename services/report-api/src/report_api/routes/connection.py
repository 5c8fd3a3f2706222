"""The connection to the partner's Halo. auth does the work; it alone has the tokens (spec section 5.6)."""

from fastapi import APIRouter
from halosync.contracts.connection import (
    BeginConnection,
    ConnectionBegun,
    ConnectionEnded,
    EndConnection,
    RequestRefused,
)
from halosync.contracts.message import Message
from halosync.domain.tenant import InvalidTenant, normalise_tenant

from report_api.models.partner import ConnectBegun, Connection, ConnectRequest
from report_api.ports import PortsHere
from report_api.problems import Problem, invalid, not_found, responses, unavailable
from report_api.routes.router import Partner, partner_router

router: APIRouter = partner_router("Connection")


@router.get("/connection", summary="Show the connection")
async def show(partner: Partner, ports: PortsHere) -> Connection:
    """Where the connection to the partner's Halo stands."""
    return Connection.model_validate(await ports.connections.view(partner))


@router.post("/connection", summary="Connect", responses=responses(400, 409, 413))
async def begin(partner: Partner, wanted: ConnectRequest, ports: PortsHere) -> ConnectBegun:
    """Begin a connection: send the browser to `authorize_url`; Halo sends it back to `/accounts/` within 10 minutes."""
    try:
        tenant = normalise_tenant(wanted.tenant)
    except InvalidTenant as error:
        raise invalid("tenant", str(error)) from None
    reply = await ports.auth.ask(BeginConnection(partner_id=partner, tenant=tenant, client_id=wanted.client_id))
    if not isinstance(reply, ConnectionBegun):
        raise refusal(reply)
    return ConnectBegun(authorize_url=reply.authorize_url)


@router.delete("/connection", status_code=204, summary="Disconnect", responses=responses(409))
async def end(partner: Partner, ports: PortsHere) -> None:
    """Erase the tokens. What was loaded and reported stays."""
    reply = await ports.auth.ask(EndConnection(partner_id=partner))
    if not isinstance(reply, ConnectionEnded):
        raise refusal(reply)


def refusal(reply: Message) -> Problem:
    """Return what the caller is told when auth could not do what was asked."""
    if not isinstance(reply, RequestRefused):
        raise TypeError(f"auth answered with {reply.message_type}")
    match reply.code:
        case "unknown_partner":
            return not_found()
        case "invalid_tenant":
            return invalid("tenant", reply.detail)
        case "invalid_client":
            return invalid("client_id", reply.detail)
        case "halo_unavailable":
            return unavailable(reply.detail)
        case _:
            return Problem(409, reply.code, reply.detail)
